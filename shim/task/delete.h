/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete.h - what Delete and ShutdownSandbox have in common
 */
#ifndef KEDGE_SHIM_TASK_DELETE_H
#define KEDGE_SHIM_TASK_DELETE_H

#include "shim/task/task.h"

/* The beginning of an operation that ends a task, whatever its state is, and removes it. */
void delete_by_force(struct task_op *op);

#endif
