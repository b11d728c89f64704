/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.h - notice when a container comes to its memory limit and the kernel kills
 *
 * In       the container's cgroups
 * Out      a callback, from the loop or from oom_check()
 * Effects  one fd: v1, an eventfd that memory.oom_control is connected to; v2, an inotify fd that
 *          watches memory.events
 * Source   Linux admin-guide/cgroup-v1/memory.rst, 10. OOM Control; cgroup-v2.rst, memory.events
 */
#ifndef KEDGE_SHIM_TASK_OOM_H
#define KEDGE_SHIM_TASK_OOM_H

#include "core/linux/cgroup.h"
#include "shim/task/loop.h"

/* `happened` is the owner's to set. Not watched: source.fd is -1. */
struct oom {
	void (*happened)(struct oom *oom);
	struct loop *loop;
	struct loop_source source;
	char *file; /* memory.oom_control or memory.events */
	bool is_v1;
	uint64_t kills; /* v2: of which the owner has been told */
};

/*
 * Begin to watch; without a memory controller there is nothing to watch, which is no error. `oom`
 * must stay where it is. Errors: ERR_SYS, and nothing is watched.
 */
int oom_watch(struct oom *oom, struct loop *loop, const struct cgroup *cg, struct err *err);

/* Look now: what the loop hasn't delivered yet is told before this returns. */
void oom_check(struct oom *oom);

/* Stop watching. Harmless when nothing is watched. */
void oom_done(struct oom *oom);

#endif
