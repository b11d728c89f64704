/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "shim/cli/tree.h"

#define NONE	  SIZE_MAX
#define MAX_DEPTH 32

/* The links between the rows, by index. No recursion: a hostile chain may be as long as the list. */
struct links {
	size_t *up, *first, *next;
	bool *is_drawn;
	size_t root; /* the first one */
};

/* Rows by id, for a search; of several with one id the first in the list comes first. */
struct by_id {
	unsigned int id;
	size_t index;
};

static int compare(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static size_t find(const struct by_id *sorted, size_t n, unsigned int id)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && sorted[low].id == id ? sorted[low].index : NONE;
}

static void link_rows(const struct tree_row *rows, size_t n, struct links *l)
{
	auto_free struct by_id *sorted = xcalloc(n, sizeof(*sorted));

	for (size_t i = 0; i < n; i++) {
		sorted[i] = (struct by_id){ rows[i].id, i };
		l->first[i] = NONE;
	}
	qsort(sorted, n, sizeof(*sorted), compare);
	l->root = NONE;
	for (size_t i = n; i-- > 0;) {
		size_t up = find(sorted, n, rows[i].parent);
		size_t *list;

		l->up[i] = up == i ? NONE : up;
		list = l->up[i] == NONE ? &l->root : &l->first[l->up[i]];
		l->next[i] = *list;
		*list = i;
	}
}

/* `has_more`: per level whether a sibling follows. */
static void draw_line(const struct tree_row *row, size_t depth, const bool *has_more, size_t indent,
		      struct buf *out)
{
	buf_addf(out, "%*s", (int)indent, "");
	for (size_t i = 1; i < depth && i < MAX_DEPTH; i++)
		buf_str(out, has_more[i] ? "│ " : "  ");
	if (depth)
		buf_str(out, has_more[depth < MAX_DEPTH ? depth : MAX_DEPTH] ? "├─" : "└─");
	buf_addf(out, "%s\n", row->text);
}

static void draw(const struct tree_row *rows, struct links *l, size_t indent, struct buf *out)
{
	bool has_more[MAX_DEPTH + 1] = { false };
	size_t depth = 0, at = l->root;

	while (at != NONE) {
		has_more[depth < MAX_DEPTH ? depth : MAX_DEPTH] = l->next[at] != NONE;
		draw_line(&rows[at], depth, has_more, indent, out);
		l->is_drawn[at] = true;
		if (l->first[at] != NONE) {
			at = l->first[at];
			depth++;
			continue;
		}
		while (at != NONE && l->next[at] == NONE) {
			at = l->up[at];
			depth--;
		}
		at = at == NONE ? NONE : l->next[at];
	}
}

void tree_print(const struct tree_row *rows, size_t n, size_t indent, struct buf *out)
{
	auto_free size_t *memory = xcalloc(n * 3 + 1, sizeof(*memory));
	auto_free bool *is_drawn = xcalloc(n + 1, sizeof(*is_drawn));
	struct links l = {
		.up = memory, .first = memory + n, .next = memory + n * 2, .is_drawn = is_drawn
	};

	if (!n)
		return;
	link_rows(rows, n, &l);
	draw(rows, &l, indent, out);
	for (size_t i = 0; i < n; i++)
		if (!is_drawn[i])
			buf_addf(out, "%*s%s (its parents go in a circle)\n", (int)indent, "",
				 rows[i].text);
}
