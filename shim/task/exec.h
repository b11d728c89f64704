/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - processes that are exec'd in a task's container
 *
 * Effects  a worker that joins the container
 * Source   containerd pkg/process/exec.go and exec_state.go
 *
 * Exec (methods.h) only records what is to run; Start with its exec id runs it.
 */
#ifndef KEDGE_SHIM_TASK_EXEC_H
#define KEDGE_SHIM_TASK_EXEC_H

#include "shim/task/task.h"

/* Begin the operation that starts op->process, which Exec has recorded. */
void exec_start(struct task_op *op);

#endif
