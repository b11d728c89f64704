/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h - the runtime-spec as C values
 *
 * In       filled by oci/config.c from config.json (and its process from exec's process.json)
 * Out      read by core/plan and core/run; nothing in core/ ever sees JSON
 * Source   OCI runtime-spec 1.3: config.md, config-linux.md
 *
 * All memory belongs to `arena`; spec_done() gives it back. A missing string is NULL, a missing
 * list has n == 0, a missing number has its `has_` flag unset. A zeroed struct is an empty spec.
 */
#ifndef KEDGE_CORE_SPEC_H
#define KEDGE_CORE_SPEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/str.h"

/* A list of strings in the arena; `v` is NULL-terminated, so it fits execve. */
struct spec_strings {
	char **v;
	size_t n;
};

struct spec_pair {
	char *key;
	char *value;
};

struct spec_pairs {
	struct spec_pair *v;
	size_t n;
};

/* config-linux.md#user-namespace-mappings */
struct spec_id_map {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct spec_id_maps {
	struct spec_id_map *v;
	size_t n;
};

/* config.md#mounts. Options stay words here; core/plan/mount_opts.c gives them meaning. */
struct spec_mount {
	char *destination;
	char *type;   /* NULL when absent */
	char *source; /* NULL when absent */
	struct spec_strings options;
	struct spec_id_maps uid_maps;
	struct spec_id_maps gid_maps;
};

struct spec_mounts {
	struct spec_mount *v;
	size_t n;
};

/* The five capability sets as bit masks, bit n = capability n. */
enum spec_cap_set {
	SPEC_CAP_BOUNDING,
	SPEC_CAP_EFFECTIVE,
	SPEC_CAP_PERMITTED,
	SPEC_CAP_INHERITABLE,
	SPEC_CAP_AMBIENT,
	SPEC_CAP_SETS,
};

struct spec_rlimit {
	int resource; /* RLIMIT_… */
	uint64_t soft;
	uint64_t hard;
};

/* config.md#process; also exec's process.json */
struct spec_process {
	bool terminal;
	bool has_console_size;
	uint16_t console_height; /* rows */
	uint16_t console_width;	 /* columns */
	char *cwd;
	struct spec_strings args;
	struct spec_strings env;
	struct {
		uint32_t uid;
		uint32_t gid;
		bool has_umask;
		mode_t umask;
		uint32_t *additional_gids;
		size_t n_additional_gids;
	} user;
	bool has_capabilities;
	uint64_t capabilities[SPEC_CAP_SETS];
	bool no_new_privileges;
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
	bool has_oom_score_adj;
	int oom_score_adj;
	char *apparmor_profile;
	char *selinux_label;
	bool has_io_priority;
	int io_priority_class; /* IOPRIO_CLASS_…: 1 real time, 2 best effort, 3 idle */
	int io_priority;       /* 0 to 7 */
	bool has_scheduler;
	struct {
		uint32_t policy; /* SCHED_… */
		int32_t nice;
		uint32_t priority;
		uint64_t flags; /* SCHED_FLAG_… */
		uint64_t runtime_ns, deadline_ns, period_ns;
	} scheduler;
	char *exec_cpus_initial; /* execCPUAffinity.initial, "0-3,5" */
	char *exec_cpus_final;
};

/* config.md#posix-platform-hooks, in the order in which they run */
enum spec_hook_kind {
	SPEC_HOOK_PRESTART,
	SPEC_HOOK_CREATE_RUNTIME,
	SPEC_HOOK_CREATE_CONTAINER,
	SPEC_HOOK_START_CONTAINER,
	SPEC_HOOK_POSTSTART,
	SPEC_HOOK_POSTSTOP,
	SPEC_HOOK_KINDS,
};

struct spec_hook {
	char *path;
	struct spec_strings args; /* n == 0: args[0] is the path */
	struct spec_strings env;
	int timeout_s; /* 0: none */
};

struct spec_hooks {
	struct spec_hook *v;
	size_t n;
};

/* config-linux.md#namespaces */
enum spec_ns {
	SPEC_NS_USER,
	SPEC_NS_PID,
	SPEC_NS_NET,
	SPEC_NS_IPC,
	SPEC_NS_UTS,
	SPEC_NS_MOUNT,
	SPEC_NS_CGROUP,
	SPEC_NS_TIME,
	SPEC_NS_KINDS,
};

struct spec_namespace {
	bool present;
	char *path; /* NULL: a new one */
};

/* config-linux.md#devices */
struct spec_device {
	char type; /* 'c' (also for "u"), 'b' or 'p' */
	char *path;
	uint32_t major, minor;
	bool has_mode;
	mode_t mode;
	uint32_t uid, gid;
};

/* config-linux.md#allowed-device-list */
struct spec_device_rule {
	bool allow;
	char type;	      /* 'a', 'c' or 'b' */
	int64_t major, minor; /* -1: any */
	bool read, write, mknod;
};

/* A limit for one block device; the unit is the list's (bytes/s or operations/s, or a weight). */
struct spec_blkio_device {
	uint32_t major, minor;
	uint64_t value;
};

struct spec_blkio_list {
	struct spec_blkio_device *v;
	size_t n;
};

struct spec_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit_bytes;
};

struct spec_rdma_limit {
	char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

/* Optional numbers of config-linux.md#control-groups */
struct spec_opt_i64 {
	bool set;
	int64_t v;
};

struct spec_opt_u64 {
	bool set;
	uint64_t v;
};

/* config-linux.md#control-groups; also `kedge update` */
struct spec_resources {
	struct spec_device_rule *devices;
	size_t n_devices;
	struct {
		/* bytes; -1 is "no limit" */
		struct spec_opt_i64 limit, reservation, swap, kernel, kernel_tcp;
		struct spec_opt_u64 swappiness; /* 0 to 100 */
		bool has_disable_oom_killer, disable_oom_killer;
		bool has_use_hierarchy, use_hierarchy;
		bool check_before_update;
	} memory;
	struct {
		struct spec_opt_u64 shares;
		struct spec_opt_i64 quota_us; /* -1: no limit */
		struct spec_opt_u64 burst_us;
		struct spec_opt_u64 period_us;
		struct spec_opt_i64 rt_runtime_us;
		struct spec_opt_u64 rt_period_us;
		struct spec_opt_i64 idle;
		char *cpus, *mems;
	} cpu;
	struct spec_opt_i64 pids_limit; /* -1 (or 0 in old specs): no limit */
	struct {
		struct spec_opt_u64 weight, leaf_weight;
		struct spec_blkio_list weight_device, leaf_weight_device;
		struct spec_blkio_list read_bps, write_bps, read_iops, write_iops;
	} blkio;
	struct spec_hugepage_limit *hugepages;
	size_t n_hugepages;
	struct {
		struct spec_opt_u64 class_id;
		struct spec_pairs priorities; /* interface -> decimal */
	} network;
	struct spec_rdma_limit *rdma;
	size_t n_rdma;
	struct spec_pairs unified; /* cgroup v2 file -> content */
};

/* config-linux.md#seccomp; names stay words, core/linux/seccomp.c asks libseccomp for them */
struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	char *op; /* "SCMP_CMP_EQ" … */
};

struct spec_seccomp_rule {
	struct spec_strings names;
	char *action; /* "SCMP_ACT_ALLOW" … */
	bool has_errno;
	uint32_t errno_ret;
	struct spec_seccomp_arg *args;
	size_t n_args;
};

struct spec_seccomp {
	char *default_action;
	bool has_default_errno;
	uint32_t default_errno_ret;
	struct spec_strings architectures; /* "SCMP_ARCH_X86_64" … */
	struct spec_strings flags;	   /* "SECCOMP_FILTER_FLAG_LOG" … */
	char *listener_path;
	char *listener_metadata;
	struct spec_seccomp_rule *rules;
	size_t n_rules;
};

struct spec_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec {
	struct arena arena;
	char *oci_version;
	char *bundle; /* absolute path of the bundle's directory; oci_config_parse leaves NULL */
	struct {
		char *path; /* as given; relative to the bundle unless absolute; NULL when absent */
		bool readonly;
	} root;
	struct spec_mounts mounts;
	bool has_process;
	struct spec_process process;
	char *hostname;
	char *domainname;
	struct spec_hooks hooks[SPEC_HOOK_KINDS];
	struct spec_pairs annotations;

	/* linux */
	struct spec_namespace ns[SPEC_NS_KINDS];
	struct spec_id_maps uid_maps, gid_maps;
	struct spec_time_offset monotonic, boottime;
	struct spec_device *devices;
	size_t n_devices;
	char *cgroups_path;
	bool systemd_cgroup; /* who calls us says so, not config.json: the path names a unit of systemd */
	struct spec_resources resources;
	unsigned long rootfs_propagation; /* MS_SHARED, MS_SLAVE … with MS_REC; 0 when absent */
	struct spec_seccomp *seccomp;	  /* NULL when absent */
	struct spec_strings masked_paths;
	struct spec_strings readonly_paths;
	char *mount_label;
	struct spec_pairs sysctl; /* keys as paths below /proc/sys: "net/ipv4/ip_forward" */
	bool has_personality;
	unsigned long personality; /* PER_LINUX or PER_LINUX32 */
};

/* Give back all memory of the spec; it is empty afterwards. */
static inline void spec_done(struct spec *spec)
{
	arena_done(&spec->arena);
	*spec = (struct spec){ 0 };
}

#endif
