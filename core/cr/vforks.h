/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vforks.h - a frozen container in which a process waits in vfork() can't be dumped
 *
 * In       a container whose cgroup is frozen
 * Out      the same, with nobody in vfork()
 * Effects  thaws the cgroup for a millisecond at a time
 * Source   vfork(2), posix_spawn(3): the parent sleeps in the kernel till the child has executed a
 *          program. CRIU thaws what it has attached to, but stops the child first thing, so the
 *          parent never reaches a point where it can be stopped, and CRIU waits till its timeout
 *          ("Unseizable non-zombie 375 found, state D"). Without the freezer CRIU stops parents
 *          before children, and there is no such knot
 */
#ifndef KEDGE_CORE_CR_VFORKS_H
#define KEDGE_CORE_CR_VFORKS_H

#include <stdbool.h>

#include "core/run/container.h"

/* Whether a thread of the process waits in vfork(). What can't be read doesn't. */
bool vforks_has(pid_t pid);

/*
 * Let the frozen container run on until none of its processes waits in vfork(). After a tenth of a
 * second it stays as it is: CRIU has the last word. Errors: those of cgroup_set_frozen(); the
 * container then runs.
 */
int vforks_settle(const struct container *c, struct err *err);

#endif
