/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - a table for people
 *
 * In       rows of cells; what a cell says may come from a hostile image
 * Out      text: columns as wide as they need, two spaces in between, none at the ends of lines
 * Effects  none
 */
#ifndef KEDGE_SHIM_CLI_TABLE_H
#define KEDGE_SHIM_CLI_TABLE_H

#include <stddef.h>

#include "core/base/str.h"

#define TABLE_MAX_COLUMNS 12

/* Set `columns`, the rest to zero. */
struct table {
	size_t columns;
	struct strv cells;		 /* row by row, fit for a terminal */
	size_t width[TABLE_MAX_COLUMNS]; /* of the widest cell */
	size_t *cell_width;		 /* per cell */
};

/* Add a row of `columns` cells; the first one is the heading. NULL is an empty cell. */
void table_row(struct table *t, const char *const *cells);

/* Append the table; each line begins with `indent` spaces. */
void table_print(const struct table *t, size_t indent, struct buf *out);

/* Free the cells. */
void table_done(struct table *t);

#endif
