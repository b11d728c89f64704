/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - the container's cgroup: made, limited, joined, frozen, killed, removed
 *
 * In       cgroupsPath and the resources of struct spec; a struct cgroup that was recorded before
 * Out      struct cgroup: where the container's cgroup lies in each mounted hierarchy
 * Effects  directories and control files below the mounted cgroup hierarchies, signals, one eBPF
 *          program per container where devices are v2's
 * Source   runtime-spec config-linux.md#control-groups; Linux admin-guide/cgroup-v1/ and
 *          cgroup-v2.rst; the semantics of runc's cgroupfs driver
 *
 * v1, v2 and hybrid are one case here: a list of directories, each in a hierarchy that has some
 * controllers. A limit goes to the v1 hierarchy of its controller where that is mounted, else to
 * v2. In a hybrid tree the container has a cgroup in v2 too, so that CRIU never meets the host's.
 *
 * Nothing is kept between calls: a recorded struct cgroup is enough for all of them.
 */
#ifndef KEDGE_CORE_LINUX_CGROUP_H
#define KEDGE_CORE_LINUX_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/spec.h"

struct cgroup_dir {
	char *controllers; /* as in /proc/self/cgroup: "memory", "cpu,cpuacct", "name=systemd"; v2: "" */
	char *dir;	   /* absolute path of the container's cgroup in this hierarchy */
	char *root;	   /* mount point of the hierarchy */
};

/* All strings are on the heap. A zeroed struct is a container without cgroups. */
struct cgroup {
	struct cgroup_dir *v;
	size_t n;
	char *path; /* as asked for, cleaned: "/kedge/ID", or "ID" below the caller's own cgroup */
	char *unit; /* systemd's name of it, "docker-ID.scope"; NULL where kedge made the cgroup itself */
	pid_t keeper; /* a child of ours that keeps the unit from ending while nobody else is in it; 0 */
};

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_V2, CGROUP_HYBRID };

/* Which kinds of hierarchies are mounted. Errors: ERR_SYS when /proc can't be read. */
int cgroup_layout(enum cgroup_layout *layout, struct err *err);

/*
 * The container's directory in the v1 hierarchy of `controller`, or with "" in v2; NULL if it has
 * none there. Borrowed.
 */
const char *cgroup_dir_of(const struct cgroup *cg, const char *controller);

/* Whether the container has a cgroup in any v1 hierarchy. */
bool cgroup_has_v1(const struct cgroup *cg);

/* Free the strings, end the keeper; it is empty afterwards. */
void cgroup_done(struct cgroup *cg);

/*
 * Say where the container's cgroup goes; nothing is made. `cg` is empty on entry. `cgroups_path`
 * is the spec's or NULL for `id`. An absolute path lies below the root of each hierarchy, a
 * relative one below the caller's own cgroup (in a v2-only tree beside it, as a cgroup with
 * processes can't hand controllers down). ".." never leads out.
 * Errors: ERR_INVALID for a path that names no cgroup, ERR_UNSUPPORTED for systemd's
 * "slice:prefix:name" and on a host without cgroups, ERR_SYS.
 */
int cgroup_locate(const char *cgroups_path, const char *id, struct cgroup *cg, struct err *err);

/*
 * The same where systemd makes it: `cgroups_path` is "SLICE:PREFIX:NAME", or NULL for the scope
 * kedge-ID.scope in system.slice. Errors: ERR_UNSUPPORTED where systemd isn't the service manager,
 * or not with cgroup v2 alone; ERR_INVALID as systemd_unit_parse() says; ERR_SYS.
 */
int cgroup_locate_unit(const char *cgroups_path, const char *id, struct cgroup *cg,
		       struct err *err);

/* Either of them, as the spec says. Errors: theirs. */
int cgroup_locate_spec(const struct spec *spec, const char *id, struct cgroup *cg, struct err *err);

/*
 * Have systemd start the unit that was located, delegated, with the properties that annotations
 * org.systemd.property.NAME ask for. A unit ends when it is empty: a child of ours, `keeper`, is
 * in it until cgroup_let_go(), or until we end. On failure the unit isn't there, unless it was before.
 * Source: org.freedesktop.systemd1(5), StartTransientUnit. Errors: ERR_EXISTS when there is such a
 * unit, ERR_INVALID for an annotation, ERR_STATE when systemd fails, those of core/linux/dbus.h.
 */
int cgroup_start_unit(struct cgroup *cg, const struct spec_pairs *annotations, struct err *err);

/* End the keeper, now that somebody else is in the cgroup. Without one nothing happens. */
void cgroup_let_go(struct cgroup *cg);

/*
 * Make the located directories: in v1 with cpuset's cpus and mems copied down, in a v2-only tree
 * with all controllers handed down. A directory that exists already is used if it is empty of
 * processes. On failure the directories that were made are removed again, and no others. In a user
 * namespace, without a cgroupsPath of its own, a hierarchy that may not be written is left out.
 * Errors: ERR_EXISTS for a populated cgroup, ERR_STATE for a frozen one, ERR_DENIED, ERR_SYS.
 */
int cgroup_create(struct cgroup *cg, struct err *err);

/*
 * Give the cgroup that was made to user `uid` of the host, with those of its files that the kernel lists
 * for that: he may make cgroups below it then. Nothing is done where there is a v1 hierarchy, or where we
 * lack the rights of the host's root.
 * Source: runtime-spec config-linux.md#cgroup-ownership. Errors: ERR_SYS.
 */
int cgroup_give(const struct cgroup *cg, uid_t uid, struct err *err);

/*
 * Set all limits and the device rules: the spec's, then the devices that every container has.
 * A unit's limits are told to systemd, too.
 * Errors: ERR_UNSUPPORTED when the controller or its file is missing (both are named),
 * ERR_INVALID for a value that can't be, ERR_LIMIT for a memory limit below the usage, ERR_SYS.
 */
int cgroup_apply(const struct cgroup *cg, const struct spec_resources *res, struct err *err);

/*
 * The limits alone, for `update`: a running container's device rules stay.
 * Errors: as above; ERR_NOT_FOUND when the cgroup is gone.
 */
int cgroup_update(const struct cgroup *cg, const struct spec_resources *res, struct err *err);

/*
 * Move process `pid` into the cgroup, in every hierarchy. The kernel may wait for RCU meanwhile
 * (5 to 20 ms): cgroup_v2_fd() with cgroup_enter() is the fast way.
 * Errors: ERR_NOT_FOUND, ERR_SYS.
 */
int cgroup_attach(const struct cgroup *cg, pid_t pid, struct err *err);

/*
 * Enter the v1 hierarchies oneself, as a process with one thread; v2 is left to CLONE_INTO_CGROUP.
 * To be done before the mount namespace, the root or the user id changes. `sub` as below.
 * Errors: as above.
 */
int cgroup_enter(const struct cgroup *cg, const char *sub, struct err *err);

/*
 * Move `pid` into the cgroup for exec. `sub` is NULL, "PATH" or "CONTROLLER[,CONTROLLER]:PATH", a
 * cgroup below the container's that exists ("/": the container's own; ".." never leads out).
 * Without it, where v2 doesn't let the process in (the container has moved its own into
 * sub-cgroups) it goes where process `init` is.
 * Errors: ERR_INVALID for a `sub` that names no controller, ERR_NOT_FOUND, ERR_SYS.
 */
int cgroup_attach_exec(const struct cgroup *cg, const char *sub, pid_t pid, pid_t init,
		       struct err *err);

/*
 * The v2 directory for exec, chosen like that, as an fd (CLOEXEC) for CLONE_INTO_CGROUP, to go with
 * cgroup_enter(); -1 in `*fd` if v2 isn't mounted. Errors: as above.
 */
int cgroup_exec_fd(const struct cgroup *cg, const char *sub, pid_t init, int *fd, struct err *err);

/* An fd (CLOEXEC) of the v2 directory for CLONE_INTO_CGROUP; -1 if there is none. */
int cgroup_v2_fd(const struct cgroup *cg);

/*
 * Freeze or thaw, and for freezing wait until it is done. If it takes over 10 s the cgroup is
 * thawed again. Errors: ERR_TIMEOUT, ERR_UNSUPPORTED without a freezer, ERR_SYS.
 */
int cgroup_set_frozen(const struct cgroup *cg, bool frozen, struct err *err);

/*
 * Whether the cgroup was frozen by cgroup_set_frozen() or CRIU, rather than with an ancestor.
 * No freezer or no cgroup any more means that it isn't. Errors: ERR_SYS.
 */
int cgroup_is_frozen(const struct cgroup *cg, bool *frozen, struct err *err);

/*
 * All processes of the cgroup and its sub-cgroups that this pid namespace knows: sorted, each
 * once; the caller frees `*pids`. A cgroup that is gone has none. Errors: ERR_SYS.
 */
int cgroup_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err);

/*
 * Signal all processes of the cgroup, so that none escapes by forking: cgroup.kill where v2 has it,
 * else frozen meanwhile. After SIGKILL the cgroup is thawed, else it is as frozen as it was. The
 * caller must not be in it. Errors: ERR_SYS.
 */
int cgroup_signal_all(const struct cgroup *cg, int sig, struct err *err);

/*
 * Remove the cgroup and the sub-cgroups that the container made, waiting up to 2 s for dying
 * processes. One that is gone already is fine. Tries every hierarchy; the first error is given.
 * Of a unit systemd is told first; if it can't be reached, that is a warning.
 * Errors: ERR_STATE when processes are left, ERR_SYS.
 */
int cgroup_remove(const struct cgroup *cg, struct err *err);

/*
 * The directory for CRIU's freeze_cgroup: the v1 freezer's, else v2's; NULL without one. The
 * caller frees `*path`. Returns 0.
 */
int cgroup_freezer_path(const struct cgroup *cg, char **path);

/* One v1 hierarchy as a container's mount of type "cgroup" shows it. */
struct cgroup_mount_view {
	char *name;	   /* directory name, as on the host: "memory", "cpu,cpuacct" */
	char *options;	   /* for a fresh mount of it: "memory", "none,name=systemd" */
	char *dir;	   /* the container's cgroup, to bind where it has no cgroup namespace */
	struct strv links; /* symlinks to `name`: "cpu" and "cpuacct" */
};

/*
 * The rows of such a mount; none (n == 0) when only v2 is mounted. Give them back with
 * cgroup_mount_views_done(). Returns 0.
 */
int cgroup_mount_views(const struct cgroup *cg, struct cgroup_mount_view **rows, size_t *n,
		       struct err *err);

/* Free the rows of cgroup_mount_views(). */
void cgroup_mount_views_done(struct cgroup_mount_view *rows, size_t n);

#endif
