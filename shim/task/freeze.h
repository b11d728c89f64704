/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.h - a task that is paused, and must not be any more
 *
 * Effects  the container's freezer
 */
#ifndef KEDGE_SHIM_TASK_FREEZE_H
#define KEDGE_SHIM_TASK_FREEZE_H

#include "shim/task/task.h"

/*
 * Somebody has sent SIGKILL to the first process or to all: thaw what is paused, is just being paused
 * or will be, as nothing dies in a v1 freezer that is frozen. Its end is told as ever.
 */
void freeze_let_die(struct task *task);

/* Thaw the container; what is no longer there needn't be. */
void freeze_undo(const struct task *task);

#endif
