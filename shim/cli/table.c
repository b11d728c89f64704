/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/cli/table.h"

#define GAP	  2
#define MAX_WIDTH 100 /* a longer cell pushes its row alone to the right */

static size_t add_cell(struct table *t, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };
	size_t columns = buf_visible(&b, text);

	strv_add(&t->cells, b.p ? b.p : "");
	t->cell_width = xrealloc(t->cell_width, t->cells.n, sizeof(*t->cell_width));
	t->cell_width[t->cells.n - 1] = columns;
	return columns;
}

void table_row(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->columns; i++) {
		size_t columns = add_cell(t, cells[i] ? cells[i] : "");

		if (columns > t->width[i])
			t->width[i] = columns < MAX_WIDTH ? columns : MAX_WIDTH;
	}
}

static void print_row(const struct table *t, size_t first, size_t indent, struct buf *out)
{
	size_t spaces = indent;

	for (size_t i = 0; i < t->columns; i++) {
		size_t at = first + i;

		if (t->cell_width[at]) {
			buf_addf(out, "%*s%s", (int)spaces, "", t->cells.v[at]);
			spaces = 0;
		}
		spaces += GAP;
		if (t->width[i] > t->cell_width[at])
			spaces += t->width[i] - t->cell_width[at];
	}
	buf_str(out, "\n");
}

void table_print(const struct table *t, size_t indent, struct buf *out)
{
	for (size_t first = 0; first + t->columns <= t->cells.n; first += t->columns)
		print_row(t, first, indent, out);
}

void table_done(struct table *t)
{
	strv_done(&t->cells);
	free(take_ptr(&t->cell_width));
}
