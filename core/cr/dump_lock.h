/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_lock.h - whether a CRIU is still at a container that it dumps
 *
 * In/Out   ROOT/ID/dumping, locked by an fd that CRIU has open as long as it lives
 * Effects  makes, locks and reads that file
 *
 * A kedge that is killed in the middle leaves CRIU alive, which finds out at its next step and lets
 * the tasks go. Whoever comes then has to wait for that: CRIU also puts the freezer back to what it
 * was when it came, whatever others have done to it meanwhile.
 */
#ifndef KEDGE_CORE_CR_DUMP_LOCK_H
#define KEDGE_CORE_CR_DUMP_LOCK_H

#include "core/run/container.h"

/* The fd (CLOEXEC, the caller's), which CRIU has to inherit. Errors: ERR_SYS. */
int dump_lock_take(const struct container *c, struct err *err);

/* Wait until no CRIU has it. Errors: ERR_TIMEOUT after `timeout_ms`, ERR_SYS. */
int dump_lock_wait(const struct container *c, unsigned int timeout_ms, struct err *err);

#endif
