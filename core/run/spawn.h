/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.h - the first process of a container: clone into new and given namespaces
 *
 * In       the spec's namespaces
 * Out      the pid of a child of the caller that runs a function there
 * Effects  one process; two for a moment when namespaces are joined by path or have time offsets
 * Source   clone(2) (clone3, CLONE_PARENT), setns(2), time_namespaces(7), user_namespaces(7)
 */
#ifndef KEDGE_CORE_RUN_SPAWN_H
#define KEDGE_CORE_RUN_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/linux/cgroup.h"
#include "core/spec.h"

struct spawn {
	const struct spec *spec;
	const struct cgroup *cgroup; /* where the child belongs */
	/* what the child does; what it gives is its exit status */
	int (*child)(void *arg);
	void *arg;
	bool is_staged;	   /* out: a stage process has entered the cgroups for the child */
	bool needs_attach; /* out: the kernel can't clone into a cgroup: the parent attaches it */
};

/*
 * fork() with clone(2)'s flags, into the v2 cgroup `cgroup_fd` unless that is -1 (Linux 5.7).
 * Gives the pid, 0 in the child, or -1 with errno.
 */
pid_t spawn_clone(uint64_t flags, int cgroup_fd);

/*
 * Make the child. A cgroup namespace is left to it, as it must be in its cgroup first.
 * Namespaces by path are joined by a stage process, which then clones the child as our own
 * (CLONE_PARENT): a process can't enter a pid namespace itself, nor a time namespace with offsets.
 * Errors: ERR_INVALID when a path is no such namespace, ERR_SYS.
 */
pid_t spawn_child(struct spawn *spawn, struct err *err);

/*
 * The child's first step: enter its cgroups, where that is left to it. To be attached by its parent
 * would cost it 5 to 20 ms, as the kernel waits for RCU (core/linux/cgroup.h). Errors: ERR_SYS.
 */
int spawn_enter_cgroup(const struct spawn *spawn, struct err *err);

#endif
