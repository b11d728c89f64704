/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_request.h - everything that kedge asks of CRIU, as a value
 *
 * Out      struct criu_request: core/cr/criu.c sends it, --debug prints it, tests compare it
 * Effects  none
 * Source   criu's images/rpc.proto, message criu_opts; proto/rpc.proto here
 *
 * Strings are borrowed from whoever planned them (the external plan, the spec, the options); the
 * request owns only its lists. A zeroed struct is no request: use criu_request_init().
 */
#ifndef KEDGE_CORE_PLAN_CRIU_REQUEST_H
#define KEDGE_CORE_PLAN_CRIU_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/str.h"

enum criu_verb { CRIU_DUMP, CRIU_PRE_DUMP, CRIU_RESTORE };

/* Values as on the wire. */
enum criu_cgroup_mode {
	CRIU_CGROUP_IGNORE,
	CRIU_CGROUP_NONE,
	CRIU_CGROUP_PROPS,
	CRIU_CGROUP_SOFT,
	CRIU_CGROUP_FULL,
	CRIU_CGROUP_STRICT,
	CRIU_CGROUP_DEFAULT,
};

/* Values as on the wire; UNSET leaves it to CRIU. */
enum criu_network_lock {
	CRIU_LOCK_UNSET,
	CRIU_LOCK_IPTABLES,
	CRIU_LOCK_NFTABLES,
	CRIU_LOCK_SKIP,
};

/* ext_mnt (key, val), cg_root (controller, path) and join_ns (kind, file). */
struct criu_pair {
	const char *key;
	const char *value;
};

struct criu_pairs {
	struct criu_pair *v;
	size_t n;
};

/* inherit_fd: `fd` is a number in CRIU's own table, see criu_config.keep_fds. */
struct criu_inherit {
	const char *key;
	int fd;
};

struct criu_inherits {
	struct criu_inherit *v;
	size_t n;
};

struct criu_strings {
	const char **v;
	size_t n;
};

struct criu_request {
	enum criu_verb verb;
	int images_fd;		   /* open directories of ours; CRIU reads /proc/<us>/fd/N */
	const char *images_dir;	   /* or a path that CRIU opens itself; images_fd is -1 then */
	int work_fd;		   /* -1: the images' */
	const char *log_file;	   /* a name without "/", in the work directory */
	int log_level;		   /* 0 … 4 */
	const char *root;	   /* dump: may be NULL; restore: the staged rootfs */
	const char *parent_images; /* earlier pre-dump, relative to images_fd, or NULL */
	const char *config_file;   /* overrides all of this, or NULL */
	bool notify;		   /* ask the callback at each step */

	pid_t pid; /* dump */
	bool leave_running;
	bool shell_job;
	bool rst_sibling; /* restore: the root task becomes our child */
	bool orphan_pts_master;
	bool evasive_devices;

	struct criu_pairs ext_mounts;
	struct criu_strings external;
	bool auto_ext_mounts;
	bool ext_sharing;
	bool ext_masters;
	struct criu_strings skip_mounts;
	bool mntns_compat_mode;
	struct criu_inherits inherit_fds;
	struct criu_pairs join_ns;
	unsigned int empty_ns; /* CLONE_NEWNET or 0 */

	bool ext_unix_sk;
	bool tcp_established;
	bool tcp_skip_in_flight;
	bool tcp_close;
	bool file_locks;
	bool link_remap;
	bool skip_file_rwx_check;
	enum criu_network_lock network_lock;

	bool track_mem;
	bool auto_dedup;
	bool lazy_pages;
	const char *page_server_address; /* or NULL */
	int page_server_port;
	int status_fd; /* of ours, or -1 */

	enum criu_cgroup_mode cgroup_mode; /* always sent: CRIU's own default manages cgroups */
	struct criu_pairs cgroup_roots;	   /* a NULL key means every controller */
	const char *freeze_cgroup;	   /* directory, or NULL */
	struct criu_strings cgroup_dump_controllers;
	const char *lsm_profile; /* restore: "apparmor:NAME" or "selinux:NAME" */
	const char *lsm_mount_context;
};

/* An empty request: fds are -1, log level 4, no cgroups managed. */
void criu_request_init(struct criu_request *req, enum criu_verb verb);

/* Free the lists; the request is empty afterwards. */
void criu_request_done(struct criu_request *req);

/* Append to a list of pairs. The strings stay the caller's. */
void criu_pairs_add(struct criu_pairs *list, const char *key, const char *value);

/* Append to a list of strings. The string stays the caller's. */
void criu_strings_add(struct criu_strings *list, const char *s);

/* Append to inherit_fds. The string stays the caller's. */
void criu_inherits_add(struct criu_inherits *list, const char *key, int fd);

/*
 * The mode for a word of --manage-cgroups-mode: ignore (also NULL and ""), none, props, soft, full,
 * strict, default. Errors: ERR_INVALID naming the word.
 */
int criu_cgroup_mode_parse(const char *word, enum criu_cgroup_mode *mode, struct err *err);

/* The lock for a word of --network-lock, NULL being UNSET. Errors: ERR_INVALID naming the word. */
int criu_network_lock_parse(const char *word, enum criu_network_lock *lock, struct err *err);

/* Append what is asked as lines "name: value", unset things left out. */
void criu_request_print(const struct criu_request *req, struct buf *out);

#endif
