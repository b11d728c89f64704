/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - what is done to a container that exists: start, kill, delete, pause, resume
 *
 * Effects  signals, freezer, hooks, the store
 * Source   runtime-spec, runtime.md#operations; runc(8) for the texts
 */
#ifndef KEDGE_CORE_RUN_CONTROL_H
#define KEDGE_CORE_RUN_CONTROL_H

#include "core/run/container.h"

/*
 * Let the created container run its program, then run the poststart hooks of `spec`.
 * Errors: ERR_STATE when it isn't "created"; what the first process reports when the program
 * can't be executed.
 */
int control_start(struct container *c, const struct spec *spec, struct err *err);

/*
 * Send `sig` to the first process, or to all processes of the container.
 * Errors: ERR_STATE "container not running".
 */
int control_kill(const struct container *c, int sig, bool all, struct err *err);

/*
 * Remove a stopped container; with `force` kill it first. Runs the poststop hooks of `spec` (may
 * be NULL: the config can't be read any more, so no hooks). Errors: ERR_STATE when it runs and
 * `force` is off; cgroup or files that can't be removed.
 */
int control_delete(struct container *c, const struct spec *spec, bool force, struct err *err);

/*
 * container_abandon(), then the poststop hooks of `spec` (may be NULL). For a container that is not
 * to be, once its runtime hooks have begun: what they set up is for poststop to take down
 * (runtime.md#lifecycle). The caller holds the lock.
 */
int control_abandon(struct container *c, const struct spec *spec, struct err *err);

/* Freeze all processes. Errors: ERR_STATE unless it runs (or is created, as runc allows). */
int control_pause(const struct container *c, struct err *err);

/* Thaw them. Errors: ERR_STATE unless it is paused. */
int control_resume(const struct container *c, struct err *err);

#endif
