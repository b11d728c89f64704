/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strays.h - processes in the container that no image will hold
 *
 * In       the pids in the container's cgroup
 * Out      a warning that names them
 * Effects  reads /proc; logs
 * Source   CRIU dumps a process and its descendants. What `kedge exec` started has its parent
 *          outside, so it is stopped during the dump, but isn't dumped; CRIU only notes it in its
 *          log ("Unexpected process 139 in the freezer cgroup"), and runc says nothing
 */
#ifndef KEDGE_CORE_CR_STRAYS_H
#define KEDGE_CORE_CR_STRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/run/container.h"

struct stray_task {
	pid_t pid;
	pid_t parent;
};

/*
 * The living processes of the container's cgroup, sorted by pid; the caller frees `*tasks`. Errors:
 * ERR_SYS.
 */
int strays_list(const struct container *c, struct stray_task **tasks, size_t *n, struct err *err);

/*
 * Whether the process `pid` is `root` or one of its descendants. `tasks` is sorted by pid; who isn't
 * in it is an outsider, and so are his children.
 */
bool strays_descends(const struct stray_task *tasks, size_t n, pid_t pid, pid_t root);

/*
 * Log a warning if processes of the container don't descend from its first one. Gives whether there
 * are such, true also when that can't be found out.
 */
bool strays_warn(const struct container *c);

#endif
