/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - draw a tree from rows that name their parents
 *
 * In       rows in any order; parents may be missing, repeated or go in a circle
 * Out      a line per row, children below their parents, each row once
 * Effects  none
 */
#ifndef KEDGE_SHIM_CLI_TREE_H
#define KEDGE_SHIM_CLI_TREE_H

#include <stddef.h>

#include "core/base/str.h"

struct tree_row {
	unsigned int id;
	unsigned int
		parent; /* a row without its parent among the rows is a root, as is its own parent */
	const char *text; /* fit for a terminal; borrowed */
};

/*
 * Append the tree; each line begins with `indent` spaces. Siblings keep their order. Rows whose
 * parents go in a circle come last, and say so. Below 32 levels the lines aren't indented further.
 */
void tree_print(const struct tree_row *rows, size_t n, size_t indent, struct buf *out);

#endif
