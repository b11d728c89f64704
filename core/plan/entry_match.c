/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/entry_match.h"
#include "core/plan/external_spec.h"

/* The entries of then and of now with one destination. */
struct group {
	struct entry_match *then;
	size_t n_then;
	const struct live_mount **now; /* NULL where it is somebody's */
	size_t n_now;
};

static bool is_entrys(const struct checkpoint_mount *m)
{
	return m->mount_index != SIZE_MAX && m->destination && m->origin != EXTERNAL_SUBMOUNT;
}

static int compare_entries(const struct entry_match *x, const struct entry_match *y)
{
	int order = strcmp(x->destination, y->destination);

	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Of one entry's mounts the first comes first, and a word that it was unmounted last. */
static int compare(const void *a, const void *b)
{
	const struct entry_match *x = a, *y = b;
	int order = compare_entries(x, y);

	if (order || x->mount == y->mount)
		return order;
	if (!x->mount || !y->mount)
		return x->mount ? -1 : 1;
	return x->mount < y->mount ? -1 : 1;
}

static void list(const struct checkpoint_info *info, struct arena *arena,
		 struct entry_matches *matches)
{
	struct entry_match *v = arena_array(arena, info->n + info->n_unmounted, sizeof(*v));
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < info->n; i++) {
		const struct checkpoint_mount *m = &info->v[i];

		if (is_entrys(m))
			v[n++] = (struct entry_match){ m->mount_index, m->destination,
						       m->written ? m->written : m->destination, m,
						       NULL };
	}
	for (size_t i = 0; i < info->n_unmounted; i++) {
		const struct checkpoint_unmounted *u = &info->unmounted[i];

		if (u->destination)
			v[n++] = (struct entry_match){ u->mount_index, u->destination,
						       u->written ? u->written : u->destination,
						       NULL, NULL };
	}
	if (n)
		qsort(v, n, sizeof(*v), compare);
	/* a "cgroup" makes several mounts */
	for (size_t i = 0; i < n; i++)
		if (!kept || compare_entries(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	*matches = (struct entry_matches){ v, kept };
}

static void take(struct group *g, struct entry_match *then, size_t k)
{
	then->live = g->now[k];
	g->now[k] = NULL;
}

static void match_sources(struct group *g, const struct live_mounts *live, struct arena *arena)
{
	for (size_t k = 0; k < g->n_now; k++) {
		const char *source = external_spec_source(arena, live->spec, g->now[k]->index);

		for (size_t i = 0; source && g->now[k] && i < g->n_then; i++) {
			struct entry_match *then = &g->then[i];

			if (!then->live && then->mount &&
			    str_eq(then->mount->config_source, source))
				take(g, then, k);
		}
	}
}

static void match_order(struct group *g)
{
	size_t k = 0;

	for (size_t i = 0; i < g->n_then; i++) {
		if (g->then[i].live)
			continue;
		while (k < g->n_now && !g->now[k])
			k++;
		if (k == g->n_now)
			return;
		take(g, &g->then[i], k);
	}
}

static size_t find_end(const struct entry_matches *matches, size_t first)
{
	size_t end = first;

	while (end < matches->n &&
	       str_eq(matches->v[end].destination, matches->v[first].destination))
		end++;
	return end;
}

/* Where links lead elsewhere now. The mounts that have a place in common are matched before. */
static void match_written(struct entry_matches *matches, const struct live_mounts *live,
			  struct arena *arena)
{
	bool *is_taken = arena_array(arena, live->n, sizeof(*is_taken));

	for (size_t i = 0; i < matches->n; i++)
		if (matches->v[i].live)
			is_taken[matches->v[i].live->index] = true;
	for (size_t i = 0; i < matches->n; i++) {
		struct entry_match *then = &matches->v[i];

		for (size_t k = 0; !then->live && k < live->n; k++) {
			const struct live_mount *now = &live->v[k];

			if (is_taken[k] || now->opts.is_remount ||
			    !str_eq(now->written, then->written) ||
			    str_eq(now->destination, then->destination))
				continue;
			then->live = now;
			is_taken[k] = true;
		}
	}
}

void entry_matches_build(const struct checkpoint_info *info, const struct live_mounts *live,
			 struct arena *arena, struct entry_matches *matches)
{
	const struct live_mount **now = arena_array(arena, live->n, sizeof(*now));

	list(info, arena, matches);
	for (size_t first = 0, end; first < matches->n; first = end) {
		struct group g = { .then = &matches->v[first], .now = now };
		struct live_mount *const *at;
		size_t n;

		end = find_end(matches, first);
		g.n_then = end - first;
		at = live_mounts_at(live, g.then->destination, &n);
		for (size_t i = 0; i < n; i++)
			if (!at[i]->opts.is_remount)
				now[g.n_now++] = at[i];
		if (g.n_now != g.n_then)
			match_sources(&g, live, arena);
		match_order(&g);
	}
	match_written(matches, live, arena);
}

const struct entry_match *entry_matches_find(const struct entry_matches *matches,
					     const struct checkpoint_mount *m)
{
	struct entry_match wanted;
	size_t low = 0, high = matches->n;

	if (!m || !is_entrys(m))
		return NULL;
	wanted = (struct entry_match){ .index = m->mount_index, .destination = m->destination };
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_entries(&matches->v[middle], &wanted);

		if (!order)
			return &matches->v[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool entry_matches_has_place(const struct entry_matches *matches, const char *destination)
{
	for (size_t i = 0; i < matches->n; i++)
		if (str_eq(matches->v[i].destination, destination))
			return true;
	return false;
}
