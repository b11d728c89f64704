/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/entry_match.h"
#include "core/plan/mount_origins.h"

/* Nobody stacks more mounts on one path. */
#define MAX_DEPTH 128

struct builder {
	const struct checkpoint_info *info;
	struct arena *arena;
	struct mount_origins *out;
	struct entry_matches matches;
};

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
	b->out->v[b->out->n++] = (struct mount_origin){ arena_strdup(b->arena, m->mountpoint),
							depth_of(b, m), entry,
							arena_strdup(b->arena, below) };
}

/* Only where it was moved does it have to be known; elsewhere its place tells. */
static void add_submount(struct builder *b, const struct checkpoint_mount *m)
{
	if (m->origin != EXTERNAL_SUBMOUNT || !m->is_moved || !m->below)
		return;
	for (size_t i = 0; i < b->matches.n; i++) {
		const struct entry_match *then = &b->matches.v[i];

		if (then->mount && then->live && then->index == m->mount_index) {
			add(b, m, then->live->index, m->below);
			return;
		}
	}
}

void mount_origins_build(const struct checkpoint_info *info, const struct live_mounts *live,
			 struct arena *arena, struct mount_origins *origins)
{
	struct builder b = { .info = info, .arena = arena, .out = origins };

	*origins = (struct mount_origins){ 0 };
	origins->v = arena_array(arena, info->n + info->n_unmounted, sizeof(*origins->v));
	entry_matches_build(info, live, arena, &b.matches);
	for (size_t i = 0; i < b.matches.n; i++)
		if (b.matches.v[i].mount && b.matches.v[i].live)
			add(&b, b.matches.v[i].mount, b.matches.v[i].live->index, NULL);
	for (size_t i = 0; i < info->n; i++)
		add_submount(&b, &info->v[i]);
	for (size_t i = 0; i < b.matches.n; i++)
		if (!b.matches.v[i].mount && b.matches.v[i].live)
			origins->v[origins->n++] =
				(struct mount_origin){ .entry = b.matches.v[i].live->index };
}
