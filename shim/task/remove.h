/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove.h - take away what there is of a task on this host
 *
 * Effects  kills its processes; removes cgroups, mounts and state, and runs poststop hooks. For a
 *          worker: it may take long
 */
#ifndef KEDGE_SHIM_TASK_REMOVE_H
#define KEDGE_SHIM_TASK_REMOVE_H

#include "shim/task/task.h"

/*
 * Remove the container and its root file system's mounts. What is gone already is no error: `kedge
 * delete` by hand has taken it, or a checkpoint that ended it.
 */
int remove_task(const struct task *task, struct err *err);

#endif
