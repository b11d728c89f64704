/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_log.h - the causes of a failure, from CRIU's log
 *
 * In       dump.log or restore.log; lines like
 *          "(00.012345)      1: Error (criu/mount.c:123): mnt: 12:./x doesn't have a proper root mount"
 * Out      "mnt: 12:./x doesn't have a proper root mount"
 * Effects  reads one file
 * Source   criu's log.c: print_ts, early "Error (FILE:LINE): "
 */
#ifndef KEDGE_CORE_CR_CRIU_LOG_H
#define KEDGE_CORE_CR_CRIU_LOG_H

#include <stdbool.h>

#include "core/base/str.h"

/* What a log says about a failure. */
struct criu_causes {
	struct buf text; /* the first causes, "a; b; c" */
	unsigned int n;
	bool is_kernel_incompatible; /* CRIU gave up on the kernel before it looked at a task */
};

/*
 * The cause that `line` tells, without time, pid and place in CRIU's source: a pointer into the
 * line. NULL when the line is no error, or one that CRIU always goes on after.
 */
const char *criu_log_cause(const char *line);

/* Take one line into account. */
void criu_log_add(struct criu_causes *causes, const char *line);

/* Read the log `name` below `dirfd`. A missing log has no causes. */
void criu_log_read(int dirfd, const char *name, struct criu_causes *causes);

/*
 * What a person can do about these causes, as a sentence without a full stop; NULL when all that
 * can be said is to read the log. Static.
 */
const char *criu_log_advice(const struct criu_causes *causes);

/*
 * Whether these causes (criu_causes.text) are something of the host that passes by itself, so that
 * the same may work a moment later.
 */
bool criu_log_is_passing(const char *causes);

/* Free the text. */
void criu_log_done(struct criu_causes *causes);

#endif
