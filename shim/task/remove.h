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
 * Remove the container `id` of `root`; `*pid` is its first process's if there is one. What is gone already
 * is no error: `kedge delete` by hand has taken it, or a checkpoint that ended it.
 */
int remove_container(const char *root, const char *id, pid_t *pid, struct err *err);

/*
 * A worker's job for task_op_work(): remove the container of the operation's task, and its root file
 * system's mounts.
 */
int remove_task(void *op, struct worker_answer *answer, struct err *err);

/*
 * The error of an operation whose worker was killed, and whose task was removed with that `answer`: it was lost
 * "while the container was `what`". A removal that failed is logged.
 */
void remove_explain_loss(const struct task_op *op, const struct worker_answer *answer,
			 const char *what, struct err *why);

#endif
