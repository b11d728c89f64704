/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.h - put right from inside what CRIU leaves undone, before the restored tasks run on
 *
 * In       the pid of the restored root task, held by CRIU
 * Effects  a child that enters the task's mount namespace, changes mounts there, and ends
 * Source   setns(2), mount_setattr(2). CRIU before 4.2 never applies the flags of the root mount, and it
 *          needs a writable root to pivot into it, so the root can't be read-only any earlier
 */
#ifndef KEDGE_CORE_CR_INSIDE_H
#define KEDGE_CORE_CR_INSIDE_H

#include <sys/types.h>

#include "core/base/err.h"

/* Make the root mount read-only. Errors: ERR_SYS, also when the task has a file open for writing. */
int inside_make_root_readonly(pid_t pid, struct err *err);

#endif
