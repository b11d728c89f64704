/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - a container's state as `state` and `list` print it
 *
 * In       struct state_row, borrowed from a container
 * Out      text
 * Effects  none
 * Source   runtime-spec, runtime.md#state; runc's state JSON and list table
 */
#ifndef KEDGE_SHIM_CLI_STATE_H
#define KEDGE_SHIM_CLI_STATE_H

#include "core/base/str.h"
#include "core/spec.h"

struct state_row {
	const char *oci_version;
	const char *id;
	pid_t pid; /* 0 when stopped */
	const char *status;
	const char *bundle;
	const char *rootfs;
	const char *created;
	const char *owner;
	const struct spec_pairs *annotations;
};

/* One container as a JSON object, indented by two spaces (`pretty`) or in one line. */
void state_json(struct buf *b, const struct state_row *row, bool pretty);

/* A table with a heading: columns as wide as they need, at least 12, with 3 spaces in between. */
void state_table(struct buf *b, const struct state_row *rows, size_t n);

#endif
