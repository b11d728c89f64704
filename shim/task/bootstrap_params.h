/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_params.h - what containerd writes to the stdin of `start`
 *
 * In       nothing; an Any of the task's options (up to containerd 2.2); BootstrapParams (from 2.3)
 * Out      struct bootstrap_params
 * Effects  none; safe on hostile input
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
	char *socket_dir;
	char *ttrpc_address;
	struct task_options options;
};

/* Read `bytes` bytes; `id` is the command line's. Errors: ERR_INVALID for what is neither message. */
int bootstrap_params_parse(const uint8_t *p, size_t bytes, const char *id,
			   struct bootstrap_params *params, struct err *err);

/* Free the strings. */
void bootstrap_params_done(struct bootstrap_params *params);

#endif
