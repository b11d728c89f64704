/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect_text.h - an inspection for people: tables, trees, a graph
 *
 * In       struct inspection; every name in it may be hostile
 * Out      text without a control character but newlines; for Graphviz, labels without a quote
 * Effects  none
 */
#ifndef KEDGE_SHIM_CLI_INSPECT_TEXT_H
#define KEDGE_SHIM_CLI_INSPECT_TEXT_H

#include "core/cr/inspect.h"
#include "oci/archive.h"

/* What it is, then a table of the mounts and one of the processes. */
void inspect_text_table(const struct inspection *in, const struct oci_archive *archive,
			struct buf *out);

/* The same with the mounts and the processes as trees. */
void inspect_text_tree(const struct inspection *in, const struct oci_archive *archive,
		       struct buf *out);

/* The mounts as a graph for dot(1): external ones as boxes with their keys. */
void inspect_text_dot(const struct inspection *in, struct buf *out);

/* "1.2 MiB" */
void inspect_text_bytes(uint64_t bytes, struct buf *out);

#endif
