/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restored_creds.h - whether the restored tasks may do no more than config.json gives them
 *
 * In       the container's cgroup, whose tasks CRIU holds (notify "pre-resume"); the live spec
 * Effects  reads /proc; ends what it refuses
 * Source   criu's cr-restore.c (4.1.1): credentials, no_new_privs, seccomp filters and LSM profiles
 *          come from core-TID.img, one for each thread, and are set after "post-restore". At
 *          "pre-resume" they are there, and no task has run yet; but CRIU goes on whatever is
 *          answered, and so the tasks are ended here, and CRIU after them
 *
 * What a filter of seccomp lets through is the image's: which one it was can't be told from outside.
 */
#ifndef KEDGE_CORE_CR_RESTORED_CREDS_H
#define KEDGE_CORE_CR_RESTORED_CREDS_H

#include <sys/types.h>

#include "core/base/err.h"
#include "core/run/container.h"
#include "core/spec.h"

/* Processes of ours in the container's cgroup. */
struct restored_helpers {
	pid_t criu;
	pid_t holder; /* or 0 */
};

/*
 * Look at every thread of the container's cgroup except those of `ours`. `root` has to be
 * there. After a failure the tasks and CRIU are dead. Errors: ERR_DENIED naming each process and what it has
 * too much or lacks; ERR_STATE when the root task isn't there; ERR_SYS, ERR_INVALID when it can't be
 * found out.
 */
int restored_creds_check(const struct container *c, const struct spec *spec, pid_t root,
			 const struct restored_helpers *ours, struct err *err);

#endif
