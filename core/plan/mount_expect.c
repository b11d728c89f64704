/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/external_problem.h"
#include "core/plan/mount_expect.h"
#include "core/plan/mount_tree.h"
#include "core/plan/restore_settle.h"

struct builder {
	const struct mount_expect_input *in;
	const struct mount_expect *expect; /* what was built, to look at it */
	size_t *rows;			   /* of the plan, by id; without those added */
	size_t n_rows;
	const struct image_mount **made; /* by CRIU: by mountpoint, then by id */
	size_t n_made;
};

static int compare_rows(const void *a, const void *b, void *plan)
{
	const struct external_mount *v = plan;
	unsigned int x = v[*(const size_t *)a].id, y = v[*(const size_t *)b].id;

	return x < y ? -1 : x > y;
}

static int compare_made(const void *a, const void *b)
{
	const struct image_mount *x = *(const struct image_mount *const *)a;
	const struct image_mount *y = *(const struct image_mount *const *)b;
	int order = strcmp(x->mountpoint, y->mountpoint);

	if (order)
		return order;
	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t find_row(const struct builder *b, unsigned int id)
{
	size_t low = 0, high = b->n_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->in->plan->v[b->rows[middle]].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < b->n_rows && b->in->plan->v[b->rows[low]].id == id)
		return b->rows[low];
	return SIZE_MAX;
}

static void sort_made(struct builder *b, struct arena *arena)
{
	b->made = arena_array(arena, b->in->n_mounts, sizeof(struct image_mount *));
	for (size_t i = 0; i < b->in->n_mounts; i++)
		if (find_row(b, b->in->mounts[i].id) == SIZE_MAX)
			b->made[b->n_made++] = &b->in->mounts[i];
	if (b->n_made)
		qsort(b->made, b->n_made, sizeof(struct image_mount *), compare_made);
}

static void sort_all(struct builder *b, struct arena *arena)
{
	const struct external_plan *plan = b->in->plan;

	b->rows = arena_array(arena, plan->n, sizeof(*b->rows));
	for (size_t i = 0; i < plan->n; i++)
		if (!plan->v[i].is_added)
			b->rows[b->n_rows++] = i;
	if (b->n_rows)
		qsort_r(b->rows, b->n_rows, sizeof(*b->rows), compare_rows, plan->v);
	sort_made(b, arena);
}

static const struct checkpoint_mount *find_noted(const struct builder *b,
						 const struct image_mount *im)
{
	return checkpoint_info_find_at(b->in->info, im->id, im->mountpoint);
}

static void set_source(struct mount_expect_row *row, const struct mount_expect_source *source)
{
	row->has_identity = source->has_identity;
	row->major = source->major;
	row->minor = source->minor;
	row->root = source->root;
	row->fstype = source->fstype;
}

/* Which group of the host it is a peer or a slave of. */
static void set_group(struct mount_expect_row *row, const struct mount_expect_source *source)
{
	if (row->propagation == EXTERNAL_PRIVATE || row->propagation == EXTERNAL_OWN_GROUP)
		return;
	row->group = source->shared ? source->shared : source->master;
	row->host_fd = source->host_fd;
}

static void set_external(const struct builder *b, size_t i, struct mount_expect_row *row)
{
	const struct external_mount *m = &b->in->plan->v[i];

	row->is_external = true;
	row->source = m->source;
	row->flags = m->flags;
	row->is_idmapped = m->is_idmapped;
	set_source(row, &b->in->sources[i]);
	set_group(row, &b->in->sources[i]);
}

/* How many mounts of CRIU's making were on the same mountpoint before it. */
static size_t rank_of(const struct builder *b, const struct image_mount *im)
{
	size_t low = 0, high = b->n_made, rank = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_made(&b->made[middle], &im) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (rank < low && str_eq(b->made[low - rank - 1]->mountpoint, im->mountpoint))
		rank++;
	return rank;
}

/*
 * What config.json asks of a mount that CRIU makes: it may be stricter than it was. Of several on one
 * mountpoint each has its own entry, and what was mounted over them later has none.
 */
static unsigned long restrictions_of(const struct builder *b, const struct image_mount *im)
{
	size_t n, seen = 0;
	struct live_mount *const *at = live_mounts_at(b->in->live, im->mountpoint, &n);
	size_t rank = n ? rank_of(b, im) : 0;
	unsigned long flags = 0;

	for (size_t i = 0; i < n; i++) {
		if (at[i]->is_bind || at[i]->opts.is_remount)
			continue;
		if (++seen == rank + 1)
			flags = live_mounts_restrictions(at[i], false);
	}
	return flags;
}

/* config.json says now whether the root is read-only, unless the container itself had made it so. */
static unsigned long root_flags(const struct builder *b, const struct checkpoint_mount *noted,
				unsigned long flags)
{
	bool was_by_config = !noted || str_eq(noted->options, "ro");

	if (b->in->live->spec->root.readonly)
		return flags | MS_RDONLY;
	if (was_by_config && !b->in->sources[b->in->plan->n].is_readonly)
		return flags & ~(unsigned long)MS_RDONLY;
	return flags;
}

static unsigned long internal_flags(const struct builder *b, const struct image_mount *im)
{
	const struct checkpoint_mount *noted = find_noted(b, im);
	unsigned long flags = restore_settle_mask(im->flags);

	if (noted)
		flags |= noted->flags & MS_NOSYMFOLLOW;
	return im->id == b->in->root_id ? flags : flags | restrictions_of(b, im);
}

static void set_internal(const struct builder *b, size_t i, struct mount_expect_row *row)
{
	const struct image_mount *im = &b->in->mounts[i];
	const struct checkpoint_mount *noted = find_noted(b, im);

	row->flags = internal_flags(b, im);
	if (noted)
		row->fstype = noted->fstype;
	if (im->id == b->in->root_id) {
		set_source(row, &b->in->sources[b->in->plan->n]);
		set_group(row, &b->in->sources[b->in->plan->n]);
		row->flags = root_flags(b, noted, row->flags);
	}
	if (b->in->joins[i] != SIZE_MAX)
		set_group(row, &b->in->sources[b->in->joins[i]]);
}

static void add_mount(const struct builder *b, size_t i, struct mount_expect *expect)
{
	const struct image_mount *im = &b->in->mounts[i];
	struct mount_expect_row *row = &expect->v[expect->n++];
	size_t of_plan = find_row(b, im->id);

	*row = (struct mount_expect_row){
		.id = im->id,
		.parent = im->parent,
		.image = im,
		.mountpoint = im->mountpoint,
		.is_unbindable = im->flags & MS_UNBINDABLE,
		.propagation = b->in->propagation[i],
		.peers = b->in->peers[i],
		.master = b->in->masters[i],
		.host_fd = -1,
	};
	if (of_plan != SIZE_MAX)
		set_external(b, of_plan, row);
	else
		set_internal(b, i, row);
}

void mount_expect_build(const struct mount_expect_input *in, struct arena *arena,
			struct mount_expect *expect)
{
	struct builder b = { .in = in };

	*expect = (struct mount_expect){ .v = arena_array(arena, in->n_mounts + in->plan->n,
							  sizeof(*expect->v)) };
	sort_all(&b, arena);
	for (size_t i = 0; i < in->n_mounts; i++)
		add_mount(&b, i, expect);
}

unsigned long *mount_expect_flags(const struct mount_expect_input *in, struct arena *arena)
{
	unsigned long *flags = arena_array(arena, in->n_mounts, sizeof(*flags));
	struct builder b = { .in = in };

	sort_all(&b, arena);
	for (size_t i = 0; i < in->n_mounts; i++) {
		flags[i] = internal_flags(&b, &in->mounts[i]);
		if (!(in->mounts[i].flags & MS_RDONLY))
			flags[i] &= ~(unsigned long)MS_RDONLY;
	}
	return flags;
}

/* --- what is out of reach ------------------------------------------------------------------------- */

/*
 * What CRIU can't do: put a mount into a peer group of the host, give the root all that it is to have
 * (it pivots into a copy), and make read-only what it has yet to write to.
 */
static const char *needs_inside(const struct mount_expect_input *in, size_t i,
				const struct mount_expect_row *row)
{
	bool is_root = row->id == in->root_id;

	if (row->propagation == EXTERNAL_SHARED)
		return "shared with the host's mount";
	if (is_root && row->is_unbindable)
		return "unbindable";
	if (!row->is_external && (row->flags & MS_RDONLY) &&
	    (is_root || !(in->mounts[i].flags & MS_RDONLY)))
		return "read-only";
	return NULL;
}

static void refuse(const struct builder *b, struct external_plan *plan,
		   const struct mount_expect_row *row, struct findings *findings)
{
	static const char way_out[] =
		"other mounts cover it, and below those that can't be restored; change it in "
		"config.json, or unmount what covers it before the checkpoint";
	const char *how = needs_inside(b->in, (size_t)(row - b->expect->v), row);
	size_t i = find_row(b, row->id);

	if (how && i != SIZE_MAX)
		external_problem(EXTERNAL_JUDGE(plan, findings), i, ERR_UNSUPPORTED,
				 "source %.256s: it is to be %s, but %s", plan->v[i].source, how,
				 way_out);
	else if (how)
		findings_add(findings, ERR_UNSUPPORTED, "%s: it is to be %s, but %s",
			     row->mountpoint, how, way_out);
}

void mount_expect_check_covered(const struct mount_expect_input *in,
				const struct mount_expect *expect, struct external_plan *plan,
				struct findings *findings)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_node *v = arena_array(&arena, expect->n, sizeof(*v));
	struct builder b = { .in = in, .expect = expect };
	struct mount_tree tree;

	sort_all(&b, &arena);
	for (size_t i = 0; i < expect->n; i++)
		v[i] = (struct mount_node){ .id = expect->v[i].id,
					    .parent = expect->v[i].parent,
					    .mountpoint = expect->v[i].mountpoint,
					    .row = i };
	mount_tree_build(&tree, v, expect->n, &arena);
	for (size_t i = 0; i < tree.n; i++)
		if (mount_tree_is_hidden(&tree, &tree.v[i]))
			refuse(&b, plan, &expect->v[tree.v[i].row], findings);
}
