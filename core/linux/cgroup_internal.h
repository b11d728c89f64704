/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_internal.h - what the cgroup_*.c files share
 *
 * In       text of /proc/self/mountinfo and /proc/self/cgroup; directories of struct cgroup
 * Out      struct cgroup_hierarchies; single control files read and written
 * Effects  as cgroup.h says
 * Source   proc_pid_mountinfo(5), cgroups(7)
 */
#ifndef KEDGE_CORE_LINUX_CGROUP_INTERNAL_H
#define KEDGE_CORE_LINUX_CGROUP_INTERNAL_H

#include "core/linux/cgroup.h"

/* A mounted hierarchy and where the caller is in it. */
struct cgroup_hierarchy {
	char *controllers; /* as in struct cgroup_dir */
	char *root;	   /* mount point */
	char *own;	   /* the caller's cgroup below it: "" or "/a/b" */
};

struct cgroup_hierarchies {
	struct cgroup_hierarchy *v;
	size_t n;
	struct arena arena; /* holds all of it */
};

/*
 * Match the mounts of `mountinfo` with the hierarchies of `proc_cgroup` (both are cut up). A mount
 * that another one hides, or that shows a part of the hierarchy without the caller, doesn't count.
 */
void cgroup_find(char *mountinfo, char *proc_cgroup, struct cgroup_hierarchies *out);

/* cgroup_find() on the caller's files in /proc. Errors: ERR_SYS. */
int cgroup_hierarchies_read(struct cgroup_hierarchies *out, struct err *err);

/* Give the memory back; it is empty afterwards. */
void cgroup_hierarchies_done(struct cgroup_hierarchies *hs);

/* The layout that these hierarchies make. */
enum cgroup_layout cgroup_layout_of(const struct cgroup_hierarchies *hs);

/* cgroup_locate() for given hierarchies. */
int cgroup_locate_in(const struct cgroup_hierarchies *hs, const char *cgroups_path, const char *id,
		     struct cgroup *cg, struct err *err);

/* Whether `word` is one of the comma-separated `words`. */
bool cgroup_has_word(const char *words, const char *word);

/* The directory in the v1 hierarchy of `controller`, or NULL. */
const struct cgroup_dir *cgroup_v1(const struct cgroup *cg, const char *controller);

/* The directory in v2, or NULL. */
const struct cgroup_dir *cgroup_v2(const struct cgroup *cg);

/* Whether the caller lacks the host's root rights: another user, or root of a user namespace. */
bool cgroup_is_rootless(void);

/* Write `text` to `file` in `dir`. Returns 0 or the errno, for callers that have a second way. */
int cgroup_try(const char *dir, const char *file, const char *text);

/*
 * Make an error of cgroup_try()'s errno: a missing file is ERR_UNSUPPORTED, a missing cgroup
 * ERR_NOT_FOUND. Returns -1.
 */
int cgroup_failed(int errnum, const char *dir, const char *file, const char *text, struct err *err);

/* cgroup_try() with an error. Returns 0 or -1. */
int cgroup_put(const char *dir, const char *file, const char *text, struct err *err);

/* cgroup_put() of a number. */
int cgroup_put_i64(const char *dir, const char *file, int64_t value, struct err *err);

/*
 * Read `file` in `dir` into `out`, without its last newline, at most `bytes` - 1 bytes. Returns 0
 * or the errno.
 */
int cgroup_get(const char *dir, const char *file, char *out, size_t bytes);

/* Sleep, however short. */
void cgroup_sleep_us(unsigned long us);

/*
 * `dir` and all cgroups below it, parents first, as paths. One that vanishes meanwhile is left
 * out; none at all when `dir` is gone. Errors: ERR_LIMIT for a tree too deep for a path, ERR_SYS.
 */
int cgroup_subtree(const char *dir, struct strv *dirs, struct err *err);

/*
 * Add the processes of one directory to a buffer of pid_t; 0 stands for one that this pid
 * namespace doesn't know. Errors: ERR_SYS.
 */
int cgroup_dir_pids(const char *dir, struct buf *pids, struct err *err);

/* The number of processes in `dir` and below. Errors: as above. */
int cgroup_count(const char *dir, size_t *n, struct err *err);

/*
 * Hand `controllers` ("+cpu +memory") down from the root to the parent of `d`. What can't be
 * handed down is found missing by whoever needs it. Never fails.
 */
void cgroup_v2_enable(const struct cgroup_dir *d, const char *controllers);

/* cgroup_v2_enable() with all that the root has, unless the cgroup has them already. */
void cgroup_v2_enable_all(const struct cgroup_dir *d);

/*
 * Give a v1 cpuset its parent's cpus and mems where it has none; `is_new` saves the look.
 * Errors: ERR_SYS.
 */
int cgroup_v1_cpuset_inherit(const struct cgroup_dir *d, bool is_new, struct err *err);

/*
 * Tell systemd the limits of the unit `cg`, as far as it has properties for them.
 * Errors: ERR_INVALID, those of core/linux/dbus.h, or systemd's own words as ERR_SYS.
 */
int cgroup_limit_unit(const struct cgroup *cg, const struct spec_resources *res, struct err *err);

/* Have systemd end the unit `cg` and forget it. What fails is a warning. */
void cgroup_stop_unit(const struct cgroup *cg);

/* The limits of one controller written to `dir`; the errors are cgroup_apply()'s. */
typedef int cgroup_set_fn(const char *dir, const struct spec_resources *res, struct err *err);

/* With the same files in v1 and v2: cpuset.cpus and cpuset.mems, pids.max, rdma.max. */
cgroup_set_fn cgroup_set_cpuset, cgroup_set_pids, cgroup_set_rdma;

/* v1 alone. */
cgroup_set_fn cgroup_v1_set_memory, cgroup_v1_set_cpu, cgroup_v1_set_blkio, cgroup_v1_set_hugetlb,
	cgroup_v1_set_net_cls, cgroup_v1_set_net_prio;

/* v2 alone. */
cgroup_set_fn cgroup_v2_set_memory, cgroup_v2_set_cpu, cgroup_v2_set_io, cgroup_v2_set_hugetlb,
	cgroup_v2_set_unified;

#endif
