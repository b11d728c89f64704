/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_lock.h - whether a CRIU is still at a container that it dumps
 *
 * In/Out   ROOT/ID/dumping, locked by an fd that CRIU has open as long as it lives; "PID START_TIME"
 *          of that CRIU is in it
 * Effects  makes, locks, writes and reads that file; kills whom it names
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

/*
 * Write into it who the caller is. A criu_setup_fn, whose `ctx` is the fd's address: so there is no
 * moment at which a CRIU runs that isn't named. Errors: ERR_SYS.
 */
int dump_lock_sign(const void *ctx, struct err *err);

/* Wait until no CRIU has it. Errors: ERR_TIMEOUT after `timeout_ms`, ERR_SYS. */
int dump_lock_wait(const struct container *c, unsigned int timeout_ms, struct err *err);

/*
 * How long a CRIU gets that is in a removal's way: one that finds out by itself takes its firewall rules
 * out of a network that others may be in, too. containerd's patience with `delete` ends after 5 s.
 */
#define DUMP_LOCK_PATIENCE_MS 1500

/*
 * Wait the same way, but then kill the CRIU that has it, and its helpers. For a container that is
 * to be removed: tasks that a CRIU traces don't die before it does. Takes the container's lock, which
 * a kedge that is alive has while it dumps.
 * Errors: ERR_TIMEOUT when it still has it a second later, or isn't known; container_lock()'s.
 */
int dump_lock_break(struct container *c, unsigned int timeout_ms, struct err *err);

#endif
