/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/mount_check.h"
#include "core/plan/mount_parts.h"
#include "core/plan/mount_tree.h"
#include "core/plan/restore_settle.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif

#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

/* A mount of the plan and the container's mount in its place. */
struct pair {
	const struct mount_expect_row *row;
	const struct mount_node *found;
	const struct mount_row *actual;
	bool is_regrouped; /* repairs will change the peers that it has */
};

struct check {
	const struct mount_expect *expect;
	const struct mount_table *actual;
	bool may_repair;
	struct mount_repairs *repairs;
	struct findings *findings;
	const struct mount_row **met; /* per row of the plan: what was found in its place */
	struct mount_tree planned, found;
	struct pair *pairs; /* that show the right thing */
	size_t n_pairs;
};

static void build_trees(struct check *c, struct arena *arena)
{
	struct mount_node *planned = arena_array(arena, c->expect->n, sizeof(*planned));
	struct mount_node *found = arena_array(arena, c->actual->n, sizeof(*found));

	for (size_t i = 0; i < c->expect->n; i++) {
		const struct mount_expect_row *row = &c->expect->v[i];

		planned[i] = (struct mount_node){ .id = row->id,
						  .parent = row->parent,
						  .mountpoint = row->mountpoint,
						  .row = i };
	}
	for (size_t i = 0; i < c->actual->n; i++) {
		const struct mount_row *row = &c->actual->v[i];

		found[i] = (struct mount_node){ .id = row->id,
						.parent = row->parent,
						.mountpoint = row->mountpoint,
						.row = i };
	}
	mount_tree_build(&c->planned, planned, c->expect->n, arena);
	mount_tree_build(&c->found, found, c->actual->n, arena);
	c->pairs = arena_array(arena, c->expect->n, sizeof(*c->pairs));
}

/* --- one mount -------------------------------------------------------------------------------- */

static void find(struct check *c, const struct mount_expect_row *row, const char *text)
{
	if (row->source)
		findings_add(c->findings, ERR_CRIU, "%s (%s): %s", row->mountpoint, row->source,
			     text);
	else
		findings_add(c->findings, ERR_CRIU, "%s: %s", row->mountpoint, text);
}

static void find_free(struct check *c, const struct mount_expect_row *row, char *text)
{
	find(c, row, text);
	free(text);
}

/* `peer` is the one to join, or NULL. */
static void repair(struct check *c, const struct pair *pair, enum mount_repair_kind kind,
		   const struct pair *peer)
{
	struct mount_repairs *r = c->repairs;
	bool is_hidden = mount_tree_is_hidden(&c->found, pair->found) ||
			 (peer && mount_tree_is_hidden(&c->found, peer->found));

	/* at most flags, group, sharing and peers for each mount */
	if (!r->v)
		r->v = arena_array(&r->arena, 4 * c->expect->n, sizeof(*r->v));
	r->v[r->n++] = (struct mount_repair){ .row = pair->row,
					      .actual = pair->actual,
					      .peer = peer ? peer->actual : NULL,
					      .kind = kind,
					      .is_hidden = is_hidden };
}

/* Whether it is the right thing that is mounted; nothing can be put right if it isn't. */
static bool check_identity(struct check *c, const struct mount_expect_row *row,
			   const struct mount_row *actual)
{
	if (row->has_identity && (row->major != actual->major || row->minor != actual->minor ||
				  !str_eq(row->root, actual->root))) {
		find_free(c, row,
			  xasprintf("what is mounted there is not %s (%s of device %u:%u), but %s "
				    "of device %u:%u",
				    row->source ? row->source : "its source", row->root, row->major,
				    row->minor, actual->root, actual->major, actual->minor));
		return false;
	}
	if (row->fstype && !str_eq(row->fstype, actual->fstype)) {
		find_free(c, row,
			  xasprintf("it is of type %s, but was to be %s", actual->fstype,
				    row->fstype));
		return false;
	}
	if (row->is_idmapped != actual->is_idmapped) {
		find(c, row,
		     row->is_idmapped ? "its owners aren't mapped, but were to be (\"idmap\")"
				      : "its owners are mapped, but were not to be");
		return false;
	}
	return true;
}

static const struct {
	unsigned long mask, value;
	const char *word;
} flag_words[] = {
	{ MS_RDONLY, MS_RDONLY, "read-only" },
	{ MS_RDONLY, 0, "writable" },
	{ MS_NOSUID, MS_NOSUID, "nosuid" },
	{ MS_NOSUID, 0, "suid" },
	{ MS_NODEV, MS_NODEV, "nodev" },
	{ MS_NODEV, 0, "dev" },
	{ MS_NOEXEC, MS_NOEXEC, "noexec" },
	{ MS_NOEXEC, 0, "exec" },
	{ ATIME_FLAGS, MS_NOATIME, "noatime" },
	{ ATIME_FLAGS, MS_RELATIME, "relatime" },
	{ ATIME_FLAGS, MS_STRICTATIME, "strictatime" },
	{ MS_NODIRATIME, MS_NODIRATIME, "nodiratime" },
	{ MS_NODIRATIME, 0, "diratime" },
	{ MS_NOSYMFOLLOW, MS_NOSYMFOLLOW, "nosymfollow" },
	{ MS_NOSYMFOLLOW, 0, "symfollow" },
};

/* The words of `flags` for everything in which they differ from `other`. */
static void say_flags(struct buf *out, unsigned long flags, unsigned long other)
{
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_LEN(flag_words); i++) {
		unsigned long mask = flag_words[i].mask;

		if ((flags & mask) != flag_words[i].value || (flags & mask) == (other & mask))
			continue;
		buf_addf(out, "%s%s", comma, flag_words[i].word);
		comma = ", ";
	}
}

static void check_flags(struct check *c, const struct pair *pair)
{
	const struct mount_expect_row *row = pair->row;
	AUTO(buf_done) struct buf text = { 0 };
	unsigned long flags = pair->actual->flags;

	/* the others that an image has (MS_SLAVE …) are no flags of a mount */
	if (!restore_settle_mask(flags ^ row->flags))
		return;
	if (c->may_repair) {
		repair(c, pair, MOUNT_REPAIR_FLAGS, NULL);
		return;
	}
	buf_str(&text, "it is ");
	say_flags(&text, flags, row->flags);
	buf_str(&text, ", but was to be ");
	say_flags(&text, row->flags, flags);
	find(c, row, text.p);
}

/* --- propagation ------------------------------------------------------------------------------ */

static bool is_group(const struct mount_expect_row *row, unsigned int id)
{
	return id && (!row->group || row->group == id);
}

static bool is_propagation_right(const struct mount_expect_row *row, const struct mount_row *actual)
{
	switch (row->propagation) {
	case EXTERNAL_SLAVE: return !actual->shared && is_group(row, actual->master);
	case EXTERNAL_SHARED: /* and a slave, if the host's is one */
		return is_group(row, actual->shared);
	case EXTERNAL_SLAVE_SHARED: return actual->shared && is_group(row, actual->master);
	case EXTERNAL_OWN_GROUP:
		if (!row->peers && !row->master)
			return actual->shared || actual->master;
		return !row->peers == !actual->shared && !row->master == !actual->master;
	default:
		return !actual->shared && !actual->master &&
		       actual->is_unbindable == row->is_unbindable;
	}
}

static void find_propagation(struct check *c, const struct mount_expect_row *row,
			     const struct mount_row *actual)
{
	static const char *const planned[EXTERNAL_PROPAGATIONS] = {
		[EXTERNAL_PRIVATE] = "private",
		[EXTERNAL_SLAVE] = "a slave of the host's mount",
		[EXTERNAL_SHARED] = "shared with the host's mount",
		[EXTERNAL_SLAVE_SHARED] = "a slave of the host's mount, and shared",
		[EXTERNAL_OWN_GROUP] = "shared with mounts of the container, or a slave of one",
	};
	const char *is = "private", *was = planned[row->propagation];

	if (row->propagation == EXTERNAL_PRIVATE && row->is_unbindable)
		was = "unbindable";
	if (actual->shared && actual->master)
		is = "a slave, and shared";
	else if (actual->shared)
		is = row->propagation == EXTERNAL_SHARED ? "shared with others" : "shared";
	else if (actual->master)
		is = row->propagation == EXTERNAL_SLAVE ? "a slave of another" : "a slave";
	else if (actual->is_unbindable)
		is = "unbindable";
	find_free(c, row, xasprintf("it is %s, but was to be %s", is, was));
}

/* Which repair helps, if any. */
static bool choose_repair(const struct mount_expect_row *row, const struct mount_row *actual,
			  enum mount_repair_kind *kind)
{
	if (row->propagation == EXTERNAL_PRIVATE)
		*kind = MOUNT_REPAIR_PRIVATE;
	else if (row->propagation == EXTERNAL_SLAVE_SHARED && is_group(row, actual->master))
		*kind = MOUNT_REPAIR_SHARED;
	else if (row->propagation != EXTERNAL_OWN_GROUP && row->host_fd >= 0)
		*kind = MOUNT_REPAIR_GROUP;
	else
		return false;
	return true;
}

static void check_propagation(struct check *c, struct pair *pair)
{
	const struct mount_expect_row *row = pair->row;
	enum mount_repair_kind kind = MOUNT_REPAIR_GROUP;
	bool is_right = is_propagation_right(row, pair->actual);

	/* a group of its own is what CRIU gives to a mount that was the host's peer */
	if (c->may_repair && row->propagation == EXTERNAL_SHARED && !row->group &&
	    row->host_fd >= 0)
		is_right = false;
	if (is_right)
		return;
	if (!c->may_repair || !choose_repair(row, pair->actual, &kind)) {
		find_propagation(c, row, pair->actual);
		return;
	}
	pair->is_regrouped = true;
	repair(c, pair, kind, NULL);
	/* slaves of the host may have been sharers of it, too */
	if (kind == MOUNT_REPAIR_GROUP && row->propagation == EXTERNAL_SLAVE_SHARED)
		repair(c, pair, MOUNT_REPAIR_SHARED, NULL);
}

/* --- peers in the container --------------------------------------------------------------------- */

/* Alike for those that are to be peers; 0: it is to have none, or any. */
static uint64_t planned_group(const struct pair *pair)
{
	const struct mount_expect_row *row = pair->row;

	if (row->propagation == EXTERNAL_SHARED && row->group)
		return (uint64_t)1 << 32 | row->group;
	return row->peers;
}

/* Of each group first the one that shows most: the others can join it. */
static int compare_planned(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;
	uint64_t x = planned_group(a), y = planned_group(b);
	size_t m = strlen(a->actual->root), n = strlen(b->actual->root);

	if (x != y)
		return x < y ? -1 : 1;
	if (m != n)
		return m < n ? -1 : 1;
	return a->actual < b->actual ? -1 : a->actual > b->actual;
}

static int compare_actual(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;

	if (a->actual->shared != b->actual->shared)
		return a->actual->shared < b->actual->shared ? -1 : 1;
	return a->actual < b->actual ? -1 : a->actual > b->actual;
}

static bool can_join(const struct pair *pair, const struct pair *peer)
{
	const struct mount_row *a = pair->actual, *b = peer->actual;

	return a->major == b->major && a->minor == b->minor && mount_path_below(a->root, b->root);
}

static void check_peer(struct check *c, struct pair *pair, const struct pair *first)
{
	if (!pair->is_regrouped && !first->is_regrouped &&
	    pair->actual->shared == first->actual->shared)
		return;
	if (c->may_repair && can_join(pair, first))
		repair(c, pair, MOUNT_REPAIR_PEER, first);
	else
		find_free(c, pair->row,
			  xasprintf("it isn't a peer of %s, but was to be",
				    first->row->mountpoint));
}

/* The pair that stands for the peers that `pair` is to be a slave of, or NULL: none is in sight. */
static const struct pair *find_master(const struct check *c, const struct pair *pair)
{
	size_t lo = 0, hi = c->n_pairs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (planned_group(&c->pairs[mid]) < pair->row->master)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!pair->row->master || lo == c->n_pairs || c->pairs[lo].row->peers != pair->row->master)
		return NULL;
	return &c->pairs[lo];
}

static void check_master(struct check *c, const struct pair *pair)
{
	const struct pair *master = find_master(c, pair);

	if (master && pair->actual->master != master->actual->shared)
		find_free(c, pair->row,
			  xasprintf("it isn't a slave of %s, but was to be",
				    master->row->mountpoint));
}

/* The pairs sorted by the groups that they have. */
static void check_strangers(struct check *c)
{
	for (size_t i = 1; i < c->n_pairs; i++) {
		const struct pair *a = &c->pairs[i - 1], *b = &c->pairs[i];

		if (!b->actual->shared || a->actual->shared != b->actual->shared ||
		    !planned_group(a) || !planned_group(b) || planned_group(a) == planned_group(b))
			continue;
		find_free(c, b->row,
			  xasprintf("it is a peer of %s, but was not to be", a->row->mountpoint));
	}
}

static void check_groups(struct check *c)
{
	const struct pair *first = NULL;

	if (c->n_pairs)
		qsort(c->pairs, c->n_pairs, sizeof(*c->pairs), compare_planned);
	for (size_t i = 0; i < c->n_pairs; i++) {
		struct pair *pair = &c->pairs[i];

		if (!first || planned_group(first) != planned_group(pair))
			first = pair;
		else if (pair->row->peers)
			check_peer(c, pair, first);
	}
	if (c->repairs->n || !c->n_pairs)
		return; /* all will be looked at again */
	for (size_t i = 0; i < c->n_pairs; i++)
		check_master(c, &c->pairs[i]);
	qsort(c->pairs, c->n_pairs, sizeof(*c->pairs), compare_actual);
	check_strangers(c);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void compare(struct check *c, struct mount_node *planned, struct mount_node *found)
{
	struct pair *pair = &c->pairs[c->n_pairs];

	*pair = (struct pair){ .row = &c->expect->v[planned->row],
			       .found = found,
			       .actual = &c->actual->v[found->row] };
	planned->is_met = found->is_met = true;
	c->met[planned->row] = pair->actual;
	if (!check_identity(c, pair->row, pair->actual))
		return;
	c->n_pairs++;
	check_flags(c, pair);
	check_propagation(c, pair);
}

/* Of each pair of mounts the children that lie on the same mountpoint are the next pairs. */
static void match(struct check *c, struct arena *arena)
{
	struct mount_node **queue = arena_array(arena, 2 * c->planned.n, sizeof(*queue));
	struct mount_node *planned = c->planned.root, *found = c->found.root;
	size_t n = 0;

	compare(c, planned, found);
	queue[n++] = planned;
	queue[n++] = found;
	for (size_t i = 0; i < n; i += 2) {
		unsigned int from = queue[i]->id, to = queue[i + 1]->id;
		size_t a = mount_tree_children(&c->planned, from);
		size_t b = mount_tree_children(&c->found, to);

		while ((planned = mount_tree_child(&c->planned, a, from)) &&
		       (found = mount_tree_child(&c->found, b, to))) {
			int order = strcmp(planned->mountpoint, found->mountpoint);

			a += order <= 0;
			b += order >= 0;
			if (order || planned->is_met || found->is_met)
				continue; /* a root may be its own parent */
			compare(c, planned, found);
			queue[n++] = planned;
			queue[n++] = found;
		}
	}
}

static void find_unmet(struct check *c)
{
	for (size_t i = 0; i < c->planned.n; i++)
		if (!c->planned.v[i].is_met)
			find(c, &c->expect->v[c->planned.v[i].row], "it isn't mounted");
	for (size_t i = 0; i < c->found.n; i++) {
		const struct mount_row *row = &c->actual->v[c->found.v[i].row];

		if (!c->found.v[i].is_met)
			findings_add(c->findings, ERR_CRIU,
				     "%s: something is mounted there that isn't planned (%s, %s of "
				     "device %u:%u)",
				     row->mountpoint, row->fstype, row->root, row->major,
				     row->minor);
	}
}

void mount_check(const struct mount_expect *expect, const struct mount_table *actual,
		 bool may_repair, struct mount_repairs *repairs, struct findings *findings)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct check c = { .expect = expect,
			   .actual = actual,
			   .may_repair = may_repair,
			   .repairs = repairs,
			   .findings = findings };

	build_trees(&c, &arena);
	if (!c.planned.root || !c.found.root) {
		findings_add(findings, ERR_CRIU, "/: %s has no root mount",
			     c.planned.root ? "the container" : "the plan");
		return;
	}
	c.met = arena_array(&arena, expect->n, sizeof(*c.met));
	match(&c, &arena);
	mount_parts_check(expect, c.met, findings);
	check_groups(&c);
	find_unmet(&c);
}

void mount_repairs_done(struct mount_repairs *repairs)
{
	arena_done(&repairs->arena);
	*repairs = (struct mount_repairs){ 0 };
}
