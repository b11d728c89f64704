/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fd.h"
#include "core/cr/restore.h"
#include "shim/cli/commands.h"
#include "shim/cli/cr_values.h"
#include "shim/cli/launch.h"

#define AT(field) CLI_AT(struct cr_values, field)

static const struct cli_option restore_options[] = {
	{ AT(bundle), 'b', "bundle", "DIR", "directory of config.json (default: .)" },
	{ AT(detach), 'd', "detach", NULL, "return when the container runs again" },
	CR_IMAGE_PATH_OPTION,
	CR_EXTERNAL_OPTION,
	{ AT(console_socket), 0, "console-socket", "PATH",
	  "unix socket that is sent the terminal's master end" },
	{ AT(pid_file), 0, "pid-file", "FILE", "write the first process's pid to FILE" },
	{ AT(no_subreaper), 0, "no-subreaper", NULL, "do not adopt the container's orphans" },
	{ AT(no_pivot), 0, "no-pivot", NULL, "do without pivot_root (a root on a ramdisk)" },
	{ AT(cr.tcp_close), 0, "tcp-close", NULL, "close the TCP connections that were open" },
	{ AT(cr.lsm_profile), 0, "lsm-profile", "TYPE:NAME",
	  "another AppArmor or SELinux profile (TYPE apparmor, selinux)" },
	{ AT(cr.lsm_mount_context), 0, "lsm-mount-context", "CONTEXT",
	  "another SELinux context for mounts" },
	{ 0 },
};

static int run_restore(const struct cli *cli, struct err *err)
{
	const struct cr_values *v = cli->values;
	AUTO(loaded_done) struct loaded l = LOADED_EMPTY;
	AUTO(attach_done) struct attach attach = { .signal_fd = -1 };
	struct cr_options opts = cr_values_options(cli);
	struct launch launch = {
		.detach = v->detach,
		.no_subreaper = v->no_subreaper,
		.console_socket = v->console_socket,
	};
	struct create_request req = {
		.seed.store = &l.store,
		.seed.id = cli->args[0],
		.seed.spec = &l.spec,
		.console_socket = v->console_socket,
		.pid_file = v->pid_file,
		.no_pivot = v->no_pivot,
	};
	struct restore_outcome out = { .master = -1 };

	if (load_bundle(cli, v->bundle, &l, err) ||
	    launch_check(&launch, l.spec.process.terminal, err) ||
	    launch_begin(&launch, &attach, err))
		return -1;
	req.seed.config = l.config.p;
	req.wants_master = l.spec.process.terminal && !v->detach;
	if (restore_container(&req, &opts, &l.c, &out, err))
		return -1;
	return v->detach ? 0 : launch_wait(&attach, &l, out.master, false, err);
}

const struct cli_command command_restore = {
	.name = "restore",
	.group = "Checkpoint and restore",
	.summary = "make a running container from image files",
	.args = "ID",
	.details =
		"The bundle's config.json says what the container is; the images say how it goes\n"
		"on. Each mount that came from outside has a key (see `kedge checkpoint --help`)\n"
		"and comes from where config.json has that destination, or from where you say:\n"
		"  --external mnt[KEY]:HOSTPATH     the mount with KEY comes from HOSTPATH\n"
		"  --external mnt[]                 what has no source: the same path here\n\n"
		"Examples:\n"
		"  kedge restore -b /srv/web --image-path /var/ck/web web\n"
		"  kedge restore -d -b /srv/web --image-path /var/ck/web \\\n"
		"      --external 'mnt[/data]:/mnt/b' --external 'mnt[logs]:/var/log/web2' web2\n",
	.min_args = 1,
	.max_args = 1,
	.options = restore_options,
	.shared = cr_shared_options,
	.values_bytes = sizeof(struct cr_values),
	.is_sealed = true,
	.run = run_restore,
};
