/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/plan/mount_index.h"

static int compare_paths(const void *a, const void *b)
{
	const struct mount_row *x = *(const struct mount_row *const *)a;
	const struct mount_row *y = *(const struct mount_row *const *)b;
	int order = strcmp(x->mountpoint, y->mountpoint);

	return order ? order : x < y ? -1 : x > y;
}

void mount_index_build(const struct mount_table *table, struct mount_index *index)
{
	size_t n = table->n;

	index->table = table;
	index->by_path = arena_array(&index->arena, n, sizeof(*index->by_path));
	for (size_t i = 0; i < n; i++)
		index->by_path[i] = &table->v[i];
	qsort(index->by_path, n, sizeof(*index->by_path), compare_paths);
}

void mount_index_done(struct mount_index *index)
{
	arena_done(&index->arena);
	*index = (struct mount_index){ 0 };
}

const struct mount_row *mount_index_id(const struct mount_index *index, unsigned int id)
{
	return index->table ? mount_table_find_id(index->table, id) : NULL;
}

const struct mount_row *const *mount_index_at(const struct mount_index *index, const char *path,
					      size_t *n)
{
	size_t low = 0, all = index->table ? index->table->n : 0, high = all;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->by_path[middle]->mountpoint, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*n = 0;
	while (low + *n < all && str_eq(index->by_path[low + *n]->mountpoint, path))
		++*n;
	return *n ? &index->by_path[low] : NULL;
}

const struct mount_row *mount_index_topmost(const struct mount_index *index, const char *path)
{
	const struct mount_row *found = NULL;
	size_t n;
	const struct mount_row *const *rows = mount_index_at(index, path, &n);

	/* of the mounts on one path the top one is the parent of no other */
	for (size_t i = 0; i < n; i++) {
		bool is_covered = false;

		for (size_t k = 0; k < n; k++)
			is_covered |= k != i && rows[k]->parent == rows[i]->id;
		if (!is_covered)
			found = rows[i];
	}
	return found;
}
