/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.h - the events of a task, one function each
 *
 * Effects  queues an event (events.h)
 * Source   containerd core/runtime/v2/README.md, "Events": create, start, exit, delete in this order
 */
#ifndef KEDGE_SHIM_TASK_TELL_H
#define KEDGE_SHIM_TASK_TELL_H

#include "shim/task/task.h"

/* /tasks/create, as it was asked for. */
void tell_create(struct task *task, const Task__CreateRequest *request);

/* /tasks/start, or /tasks/exec-started for an exec'd process. */
void tell_start(struct task_process *process);

/* /tasks/exec-added */
void tell_exec_added(struct task_process *process);

/* /tasks/checkpointed, to the directory `path`. */
void tell_checkpointed(struct task *task, const char *path);

/* /tasks/exit */
void tell_exit(struct task_process *process);

/* /tasks/delete, of a first process. */
void tell_delete(struct task_process *process);

/* /tasks/paused */
void tell_paused(struct task *task);

/* /tasks/resumed */
void tell_resumed(struct task *task);

/* /tasks/oom: it came to its memory limit, and the kernel had to kill. */
void tell_oom(struct task *task);

#endif
