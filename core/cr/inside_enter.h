/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside_enter.h - what the helpers of inside.h have in common: the way in, and a look at the mounts
 *
 * In       a pidfd of the restored root task
 * Out      fds of the container's root and of the host's /proc
 * Effects  the calling process, a forked child, changes its mount namespace, root and cwd
 * Source   setns(2), PR_SET_DUMPABLE in prctl(2); CVE-2016-9962
 */
#ifndef KEDGE_CORE_CR_INSIDE_ENTER_H
#define KEDGE_CORE_CR_INSIDE_ENTER_H

#include "core/base/err.h"
#include "core/plan/mountinfo.h"

struct inside_place {
	int root_fd; /* the root of the mount namespace, O_PATH */
	int proc_fd; /* the host's /proc: the container's own may be anything */
};

/*
 * In a child: enter the mount namespace of the process behind `pidfd`. The fds end with the child.
 * Errors: ERR_SYS.
 */
int inside_enter(int pidfd, struct inside_place *place, struct err *err);

/* Read the mountinfo at `path` below `dir_fd`. Errors: ERR_SYS; as mount_table_parse(). */
int inside_read_mounts(int dir_fd, const char *path, struct mount_table *table, struct err *err);

#endif
