/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/image_stack.h"

/* Nobody stacks more mounts on one path. */
#define MAX_DEPTH 128

struct builder {
	const struct image_mount **sorted; /* by mountpoint */
	const struct image_mount *mounts;
	struct image_stack *stacks;
};

static int compare(const void *a, const void *b)
{
	const struct image_mount *x = *(const struct image_mount *const *)a;
	const struct image_mount *y = *(const struct image_mount *const *)b;
	int order = strcmp(x->mountpoint, y->mountpoint);

	if (order)
		return order;
	return x < y ? -1 : x > y;
}

static const struct image_mount *find_id(const struct image_mount *const *v, size_t n,
					 unsigned int id)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->id == id)
			return v[i];
	return NULL;
}

/* How many external ones of these `n` on one path lie below `m`. */
static size_t rank_of(const struct image_mount *const *v, size_t n, const struct image_mount *m)
{
	size_t rank = 0;

	for (size_t depth = 0; m && depth < n; depth++) {
		m = find_id(v, n, m->parent);
		rank += m && m->key;
	}
	return rank;
}

static bool is_taken(const bool *taken, size_t n, size_t rank)
{
	return rank >= n || taken[rank];
}

/* All mounts on one path. */
static void fill(struct builder *b, const struct image_mount *const *v, size_t n)
{
	bool taken[MAX_DEPTH] = { false }, is_stack = n <= MAX_DEPTH;
	size_t n_external = 0;

	for (size_t i = 0; i < n; i++)
		n_external += v[i]->key != NULL;
	for (size_t i = 0; i < n; i++) {
		struct image_stack *stack = &b->stacks[v[i] - b->mounts];

		if (!v[i]->key)
			continue;
		*stack = (struct image_stack){ n_external, is_stack ? rank_of(v, n, v[i]) : 0 };
		if (!is_stack || is_taken(taken, n_external, stack->rank))
			is_stack = false;
		else
			taken[stack->rank] = true;
	}
	for (size_t i = 0; i < n && !is_stack; i++)
		b->stacks[v[i] - b->mounts].rank = SIZE_MAX;
}

struct image_stack *image_stacks_build(const struct image_mount *mounts, size_t n,
				       struct arena *arena)
{
	struct builder b = { .mounts = mounts };

	b.stacks = arena_array(arena, n, sizeof(*b.stacks));
	b.sorted = arena_array(arena, n, sizeof(*b.sorted));
	for (size_t i = 0; i < n; i++)
		b.sorted[i] = &mounts[i];
	if (n)
		qsort(b.sorted, n, sizeof(*b.sorted), compare);
	for (size_t first = 0, end; first < n; first = end) {
		end = first + 1;
		while (end < n && str_eq(b.sorted[end]->mountpoint, b.sorted[first]->mountpoint))
			end++;
		fill(&b, &b.sorted[first], end - first);
	}
	return b.stacks;
}
