/* SPDX-License-Identifier: Apache-2.0 */
/*
 * placement.h - where the server runs: its cgroup, and whom it shares a core with
 *
 * In       the task's options (shim_cgroup); SCHED_CORE of the environment
 * Effects  moves a process; sets a cookie that everything the process starts inherits
 * Source   containerd cmd/containerd-shim-runc-v2/manager, Start(); Linux
 *          admin-guide/hw-vuln/core-scheduling.rst
 */
#ifndef KEDGE_SHIM_TASK_PLACEMENT_H
#define KEDGE_SHIM_TASK_PLACEMENT_H

#include <sys/types.h>

#include "core/base/err.h"

/*
 * Move `pid` into the cgroup `path`, in each hierarchy that has one of this name. Errors:
 * ERR_NOT_FOUND when none has, ERR_INVALID, ERR_SYS.
 */
int placement_join(const char *path, pid_t pid, struct err *err);

/*
 * Share a core's threads with nobody but our own children, if the environment asks for it. Errors:
 * ERR_UNSUPPORTED where the kernel or the machine can't, ERR_SYS.
 */
int placement_take_core(struct err *err);

#endif
