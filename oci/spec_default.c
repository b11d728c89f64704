/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "oci/json_out.h"
#include "oci/spec_default.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct default_mount {
	const char *destination, *type, *source;
	const char *const *options;
};

static const struct default_mount proc_mount = { "/proc", "proc", "proc", NULL };

static const struct default_mount dev_mount = {
	"/dev", "tmpfs", "tmpfs", LIST("nosuid", "strictatime", "mode=755", "size=65536k")
};

static const struct default_mount pts_mount = { "/dev/pts", "devpts", "devpts",
						LIST("nosuid", "noexec", "newinstance",
						     "ptmxmode=0666", "mode=0620", "gid=5") };

/* Group 5 (tty) isn't mapped when only one group is. */
static const struct default_mount rootless_pts_mount = { "/dev/pts", "devpts", "devpts",
							 LIST("nosuid", "noexec", "newinstance",
							      "ptmxmode=0666", "mode=0620") };

static const struct default_mount shm_mount = {
	"/dev/shm", "tmpfs", "shm", LIST("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")
};

static const struct default_mount mqueue_mount = { "/dev/mqueue", "mqueue", "mqueue",
						   LIST("nosuid", "noexec", "nodev") };

static const struct default_mount sys_mount = { "/sys", "sysfs", "sysfs",
						LIST("nosuid", "noexec", "nodev", "ro") };

/* sysfs can't be mounted without owning the network namespace. */
static const struct default_mount rootless_sys_mount = {
	"/sys", "none", "/sys", LIST("rbind", "nosuid", "noexec", "nodev", "ro")
};

static const struct default_mount cgroup_mount = {
	"/sys/fs/cgroup", "cgroup", "cgroup", LIST("nosuid", "noexec", "nodev", "relatime", "ro")
};

static const struct default_mount *const root_mounts[] = {
	&proc_mount, &dev_mount, &pts_mount, &shm_mount, &mqueue_mount, &sys_mount, &cgroup_mount,
};

static const struct default_mount *const rootless_mounts[] = {
	&proc_mount,   &dev_mount,	    &rootless_pts_mount, &shm_mount,
	&mqueue_mount, &rootless_sys_mount, &cgroup_mount,
};

static void write_process(struct json_out *out)
{
	/* Not inheritable: with it, files' inheritable bits would count (CVE-2022-29162). */
	static const char *const sets[] = { "bounding", "effective", "permitted", "ambient" };

	json_out_open(out, "process", '{');
	json_out_bool(out, "terminal", true);
	json_out_open(out, "user", '{');
	json_out_number(out, "uid", 0);
	json_out_number(out, "gid", 0);
	json_out_close(out, '}');
	json_out_strings(out, "args", LIST("sh"));
	json_out_strings(out, "env",
			 LIST("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			      "TERM=xterm"));
	json_out_string(out, "cwd", "/");
	json_out_open(out, "capabilities", '{');
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		json_out_strings(out, sets[i],
				 LIST("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"));
	json_out_close(out, '}');
	json_out_open(out, "rlimits", '[');
	json_out_open(out, NULL, '{');
	json_out_string(out, "type", "RLIMIT_NOFILE");
	json_out_number(out, "hard", 1024);
	json_out_number(out, "soft", 1024);
	json_out_close(out, '}');
	json_out_close(out, ']');
	json_out_bool(out, "noNewPrivileges", true);
	json_out_close(out, '}');
}

static void write_mount(struct json_out *out, const struct default_mount *mount)
{
	json_out_open(out, NULL, '{');
	json_out_string(out, "destination", mount->destination);
	json_out_string(out, "type", mount->type);
	json_out_string(out, "source", mount->source);
	if (mount->options)
		json_out_strings(out, "options", mount->options);
	json_out_close(out, '}');
}

static void write_mounts(struct json_out *out, bool rootless)
{
	const struct default_mount *const *mounts = rootless ? rootless_mounts : root_mounts;

	json_out_open(out, "mounts", '[');
	for (size_t i = 0; i < ARRAY_LEN(root_mounts); i++)
		write_mount(out, mounts[i]);
	json_out_close(out, ']');
}

/* Deny all devices; what every container may use is allowed beyond the document. */
static void write_resources(struct json_out *out)
{
	json_out_open(out, "resources", '{');
	json_out_open(out, "devices", '[');
	json_out_open(out, NULL, '{');
	json_out_bool(out, "allow", false);
	json_out_string(out, "access", "rwm");
	json_out_close(out, '}');
	json_out_close(out, ']');
	json_out_close(out, '}');
}

static void write_map(struct json_out *out, const char *key, unsigned int host_id)
{
	json_out_open(out, key, '[');
	json_out_open(out, NULL, '{');
	json_out_number(out, "containerID", 0);
	json_out_number(out, "hostID", host_id);
	json_out_number(out, "size", 1);
	json_out_close(out, '}');
	json_out_close(out, ']');
}

static void write_namespace(struct json_out *out, const char *type)
{
	json_out_open(out, NULL, '{');
	json_out_string(out, "type", type);
	json_out_close(out, '}');
}

static void write_namespaces(struct json_out *out, bool rootless)
{
	struct statfs fs;

	json_out_open(out, "namespaces", '[');
	write_namespace(out, "pid");
	if (!rootless)
		write_namespace(out, "network");
	write_namespace(out, "ipc");
	write_namespace(out, "uts");
	write_namespace(out, "mount");
	if (!statfs("/sys/fs/cgroup", &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		write_namespace(out, "cgroup");
	if (rootless)
		write_namespace(out, "user");
	json_out_close(out, ']');
}

static void write_linux(struct json_out *out, bool rootless)
{
	json_out_open(out, "linux", '{');
	if (rootless) {
		write_map(out, "uidMappings", geteuid());
		write_map(out, "gidMappings", getegid());
	} else {
		write_resources(out);
	}
	write_namespaces(out, rootless);
	json_out_strings(out, "maskedPaths",
			 LIST("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
			      "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
			      "/proc/sched_debug", "/sys/firmware", "/proc/scsi"));
	json_out_strings(out, "readonlyPaths",
			 LIST("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
			      "/proc/sysrq-trigger"));
	json_out_close(out, '}');
}

char *oci_spec_default(bool rootless)
{
	struct json_out out = { .indent = "\t" };

	json_out_open(&out, NULL, '{');
	json_out_string(&out, "ociVersion", "1.0.2");
	write_process(&out);
	json_out_open(&out, "root", '{');
	json_out_string(&out, "path", "rootfs");
	json_out_bool(&out, "readonly", true);
	json_out_close(&out, '}');
	json_out_string(&out, "hostname", "kedge");
	write_mounts(&out, rootless);
	write_linux(&out, rootless);
	json_out_close(&out, '}');
	buf_str(&out.text, "\n");
	return take_ptr(&out.text.p);
}
