/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/external_spec.h"
#include "core/plan/mount_origins.h"

/* Nobody stacks more mounts on one path. */
#define MAX_DEPTH 128

struct builder {
	const struct checkpoint_info *info;
	const struct live_mounts *live;
	struct arena *arena;
	struct mount_origins *out;
	const struct checkpoint_mount **mounts; /* one per entry of then, sorted */
	size_t n_mounts;
	size_t *now;   /* per row of `mounts`: the entry of the live config.json, or SIZE_MAX */
	bool *is_used; /* per entry of the live config.json */
};

static bool is_entrys(const struct checkpoint_mount *m)
{
	return m->mount_index != SIZE_MAX && m->destination && m->origin != EXTERNAL_SUBMOUNT;
}

static int compare(const void *a, const void *b)
{
	const struct checkpoint_mount *x = *(const struct checkpoint_mount *const *)a;
	const struct checkpoint_mount *y = *(const struct checkpoint_mount *const *)b;
	int order = strcmp(x->destination, y->destination);

	if (order)
		return order;
	if (x->mount_index != y->mount_index)
		return x->mount_index < y->mount_index ? -1 : 1;
	return 0;
}

/* Entries with one destination are told apart by their order, as drift.c does it. */
static size_t entry_now(struct builder *b, const char *destination)
{
	size_t n;
	struct live_mount *const *at = live_mounts_at(b->live, destination, &n);

	for (size_t i = 0; i < n; i++)
		if (!at[i]->opts.is_remount && !b->is_used[at[i]->index]) {
			b->is_used[at[i]->index] = true;
			return at[i]->index;
		}
	return SIZE_MAX;
}

static void match_entries(struct builder *b)
{
	const struct checkpoint_info *info = b->info;

	b->mounts = arena_array(b->arena, info->n, sizeof(*b->mounts));
	b->now = arena_array(b->arena, info->n, sizeof(*b->now));
	b->is_used = arena_array(b->arena, b->live->n, sizeof(*b->is_used));
	for (size_t i = 0; i < info->n; i++)
		if (is_entrys(&info->v[i]))
			b->mounts[b->n_mounts++] = &info->v[i];
	if (b->n_mounts)
		qsort(b->mounts, b->n_mounts, sizeof(*b->mounts), compare);
	for (size_t i = 0; i < b->n_mounts; i++)
		b->now[i] = i && !compare(&b->mounts[i - 1], &b->mounts[i])
				    ? SIZE_MAX
				    : entry_now(b, b->mounts[i]->destination);
}

static size_t depth_of(const struct builder *b, const struct checkpoint_mount *m)
{
	size_t depth = 0;

	while (depth < MAX_DEPTH) {
		const struct checkpoint_mount *below = checkpoint_info_find(b->info, m->parent);

		if (!below || below == m || !str_eq(below->mountpoint, m->mountpoint))
			break;
		m = below;
		depth++;
	}
	return depth;
}

static void add(struct builder *b, const struct checkpoint_mount *m, size_t entry,
		const char *below)
{
	if (entry != SIZE_MAX)
		b->out->v[b->out->n++] =
			(struct mount_origin){ arena_strdup(b->arena, m->mountpoint),
					       depth_of(b, m), entry,
					       arena_strdup(b->arena, below) };
}

/* Only where it was moved does it have to be known; elsewhere its place tells. */
static void add_submount(struct builder *b, const struct checkpoint_mount *m)
{
	if (m->origin != EXTERNAL_SUBMOUNT || !m->is_moved || !m->below)
		return;
	for (size_t i = 0; i < b->n_mounts; i++)
		if (b->mounts[i]->mount_index == m->mount_index && b->now[i] != SIZE_MAX) {
			add(b, m, b->now[i], m->below);
			return;
		}
}

void mount_origins_build(const struct checkpoint_info *info, const struct live_mounts *live,
			 struct arena *arena, struct mount_origins *origins)
{
	struct builder b = { .info = info, .live = live, .arena = arena, .out = origins };

	*origins = (struct mount_origins){ 0 };
	origins->v = arena_array(arena, info->n + info->n_unmounted, sizeof(*origins->v));
	match_entries(&b);
	for (size_t i = 0; i < b.n_mounts; i++)
		add(&b, b.mounts[i], b.now[i], NULL);
	for (size_t i = 0; i < info->n; i++)
		add_submount(&b, &info->v[i]);
	for (size_t i = 0; i < info->n_unmounted; i++) {
		const char *destination = info->unmounted[i].destination;
		size_t entry = destination ? entry_now(&b, destination) : SIZE_MAX;

		if (entry != SIZE_MAX)
			origins->v[origins->n++] = (struct mount_origin){ .entry = entry };
	}
}
