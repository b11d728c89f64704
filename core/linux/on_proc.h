/* SPDX-License-Identifier: Apache-2.0 */
/*
 * on_proc.h - which mounts may cover something of a procfs
 *
 * In       the destination as it was asked for and as it was found, what is to be mounted
 * Effects  statfs; a warning for a bind of less than a whole procfs on /proc
 * Source   runc's checkProcMount; CVE-2019-16884, CVE-2019-19921, CVE-2023-27561
 *
 * The plan has looked at the destination's text; a symlink may still lead into /proc, or away
 * from it.
 */
#ifndef KEDGE_CORE_LINUX_ON_PROC_H
#define KEDGE_CORE_LINUX_ON_PROC_H

#include <stdbool.h>

#include "core/base/err.h"

/* Whether `fd` is a file or directory of a procfs. */
bool on_proc(int fd);

/*
 * For a destination that is /proc or was found on a procfs: may it be covered? `where` is its
 * place in the container, without symlinks. `source_fd` is -1 for what is no bind; `source` is
 * for messages.
 * Errors: ERR_INVALID.
 */
int on_proc_check(const char *destination, const char *where, int source_fd, const char *source,
		  struct err *err);

#endif
