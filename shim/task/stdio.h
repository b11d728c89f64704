/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.h - a task's process and its stdio: what Create and the Start of an exec have in common
 *
 * In       the paths that the client's request had, kept in the process
 * Effects  opens fifos and makes pipes (io.h)
 */
#ifndef KEDGE_SHIM_TASK_STDIO_H
#define KEDGE_SHIM_TASK_STDIO_H

#include "shim/task/task.h"

/*
 * Open the process's stdio: its own fds 0, 1, 2 go to `ends`, the caller's to close, -1 for the null
 * device. Errors: as io_open().
 */
int stdio_open(struct task_process *process, int ends[3], struct err *err);

#endif
