/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup.h - the verb `delete`: take away what a task has left
 *
 * In       the command line, the bundle as working directory or -bundle
 * Out      a DeleteResponse on stdout: how the task has ended
 * Effects  kills the container's processes; removes cgroups, mounts, state, a dead shim's socket
 *
 * containerd runs it after every task, also one that was deleted as it should be: then there is
 * nothing to do, and that must be quick. Its limit is 5 s.
 */
#ifndef KEDGE_SHIM_TASK_CLEANUP_H
#define KEDGE_SHIM_TASK_CLEANUP_H

#include "shim/task/args.h"

/* Clean up. What goes wrong is logged, and doesn't keep the rest from being done. Errors: as logged. */
int cleanup_delete(const struct args *args, struct err *err);

#endif
