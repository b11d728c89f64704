/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_params.h - what containerd writes to the stdin of `start`, and reads from its stdout
 *
 * In       nothing; an Any of the task's options (up to containerd 2.2); BootstrapParams (from 2.3)
 * Out      struct bootstrap_params; the answer
 * Effects  none; safe on hostile input
 * Source   containerd api/runtime/bootstrap/v1/bootstrap.proto, core/runtime/v2/shim.go
 *          (parseStartResponse)
 *
 * Both messages begin with a string in field 1: in BootstrapParams it is the id that is also on the
 * command line, in an Any the name of a type.
 */
#ifndef KEDGE_SHIM_TASK_BOOTSTRAP_PARAMS_H
#define KEDGE_SHIM_TASK_BOOTSTRAP_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "shim/task/options.h"

/* Strings are on the heap, NULL when they weren't said. A zeroed struct is an empty one. */
struct bootstrap_params {
	bool is_message; /* BootstrapParams, which is answered in kind */
	char *socket_dir;
	char *ttrpc_address;
	struct task_options options;
};

/*
 * Append to `out` what `start` prints: that the server is at `path`. It speaks version 2 and 3 of the task
 * service; with 3 containerd asks neither for `start` nor `delete` of a pod's other tasks, and nobody would
 * clean up after a server that was killed. A bare address means 2 to all versions of containerd.
 */
void bootstrap_result(const struct bootstrap_params *params, const char *path, struct buf *out);

/* Read `bytes` bytes; `id` is the command line's. Errors: ERR_INVALID for what is neither message. */
int bootstrap_params_parse(const uint8_t *p, size_t bytes, const char *id,
			   struct bootstrap_params *params, struct err *err);

/* Free the strings. */
void bootstrap_params_done(struct bootstrap_params *params);

#endif
