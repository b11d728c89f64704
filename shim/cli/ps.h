/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps.h - the host's ps, cut down to a container's processes
 *
 * In       what ps printed, the container's pids
 * Out      its heading and the container's lines
 * Effects  none
 * Source   runc-ps(8): the column "PID" of the heading says which field is the pid
 */
#ifndef KEDGE_SHIM_CLI_PS_H
#define KEDGE_SHIM_CLI_PS_H

#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/str.h"

/*
 * Add the heading of `text` and those of its lines whose pid is one of the `n` `pids`.
 * `text` is NUL-terminated. Errors: ERR_INVALID without a column PID, or where it has no number.
 */
int ps_filter(const char *text, const pid_t *pids, size_t n, struct buf *b, struct err *err);

#endif
