/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mount.h>

#include "core/plan/mount_check.h"
#include "core/plan/mount_parts.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif

#define ATIME_FLAGS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)
/* The others that an image has (MS_SLAVE …) are no flags of a mount. */
#define KNOWN_FLAGS                                                                   \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | ATIME_FLAGS | MS_NODIRATIME | \
	 MS_NOSYMFOLLOW)

/* A mount's place in its tree, for both sides alike. */
struct node {
	unsigned int id, parent;
	const char *mountpoint;
	size_t row;	       /* index of its row */
	const struct node *up; /* what it lies on; set when it is met */
	bool is_met;
};

/* Sorted by parent and mountpoint: the children of a mount stand side by side. */
struct tree {
	struct node *v;
	size_t n;
};

struct check {
	const struct mount_expect *expect;
	const struct mount_table *actual;
	bool may_repair;
	struct mount_repairs *repairs;
	struct findings *findings;
	struct tree planned, found;
	const struct mount_row **met; /* per row of the plan: what was found in its place */
};

/* --- trees ------------------------------------------------------------------------------------ */

static int compare_nodes(const void *pa, const void *pb)
{
	const struct node *a = pa, *b = pb;
	int order;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	order = strcmp(a->mountpoint, b->mountpoint);
	if (order)
		return order;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* The first child of `parent` at `mountpoint` or behind it ("" is before all of them). */
static size_t first_child(const struct tree *tree, unsigned int parent, const char *mountpoint)
{
	const struct node key = { .parent = parent, .mountpoint = mountpoint };
	size_t lo = 0, hi = tree->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_nodes(&tree->v[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct node *child_at(const struct tree *tree, size_t i, unsigned int parent)
{
	return i < tree->n && tree->v[i].parent == parent ? &tree->v[i] : NULL;
}

/* Whether something lies on `parent` at `mountpoint`; a root that is its own parent doesn't. */
static bool has_child(const struct tree *tree, unsigned int parent, const char *mountpoint)
{
	const struct node *node;
	size_t i = first_child(tree, parent, mountpoint);

	for (; (node = child_at(tree, i, parent)); i++)
		if (node->id != parent)
			return str_eq(node->mountpoint, mountpoint);
	return false;
}

static void build_trees(struct check *c, struct arena *arena)
{
	struct tree *planned = &c->planned, *found = &c->found;

	planned->v = arena_array(arena, c->expect->n, sizeof(*planned->v));
	found->v = arena_array(arena, c->actual->n, sizeof(*found->v));
	for (; planned->n < c->expect->n; planned->n++) {
		const struct mount_expect_row *row = &c->expect->v[planned->n];

		planned->v[planned->n] = (struct node){ .id = row->id,
							.parent = row->parent,
							.mountpoint = row->mountpoint,
							.row = planned->n };
	}
	for (; found->n < c->actual->n; found->n++) {
		const struct mount_row *row = &c->actual->v[found->n];

		found->v[found->n] = (struct node){ .id = row->id,
						    .parent = row->parent,
						    .mountpoint = row->mountpoint,
						    .row = found->n };
	}
	if (planned->n)
		qsort(planned->v, planned->n, sizeof(*planned->v), compare_nodes);
	if (found->n)
		qsort(found->v, found->n, sizeof(*found->v), compare_nodes);
}

static int compare_ids(const void *pa, const void *pb)
{
	const unsigned int *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* The mount at "/" that lies on none of the others, or NULL. */
static struct node *find_root(const struct tree *tree, struct arena *arena)
{
	unsigned int *ids = arena_array(arena, tree->n, sizeof(*ids));

	for (size_t i = 0; i < tree->n; i++)
		ids[i] = tree->v[i].id;
	if (tree->n)
		qsort(ids, tree->n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < tree->n; i++) {
		struct node *node = &tree->v[i];

		if (!str_eq(node->mountpoint, "/"))
			continue;
		if (node->parent == node->id ||
		    !bsearch(&node->parent, ids, tree->n, sizeof(*ids), compare_ids))
			return node;
	}
	return NULL;
}

/*
 * Whether no path leads to the mount's root: something lies on it, or on the way to it. On the way
 * are the mounts that it lies on; of each the next one must be what is seen there.
 */
static bool is_hidden(const struct tree *tree, const struct node *node)
{
	struct arena arena = { 0 };
	bool hidden = has_child(tree, node->id, node->mountpoint);

	for (; !hidden && node->up; node = node->up) {
		char *path = arena_strdup(&arena, node->mountpoint);

		for (char *slash = strrchr(path, '/'); slash && path[1] && !hidden;
		     slash = strrchr(path, '/')) {
			slash[slash == path] = '\0';
			hidden = has_child(tree, node->up->id, path);
		}
	}
	arena_done(&arena);
	return hidden;
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

static void repair(struct check *c, const struct mount_expect_row *row, const struct node *node,
		   enum mount_repair_kind kind)
{
	struct mount_repairs *r = c->repairs;

	/* at most flags, group and sharing for each mount */
	if (!r->v)
		r->v = arena_array(&r->arena, 3 * c->expect->n, sizeof(*r->v));
	r->v[r->n++] = (struct mount_repair){ .row = row,
					      .actual = &c->actual->v[node->row],
					      .kind = kind,
					      .is_hidden = is_hidden(&c->found, node) };
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

static void check_flags(struct check *c, const struct mount_expect_row *row,
			const struct node *node)
{
	AUTO(buf_done) struct buf text = { 0 };
	unsigned long flags = c->actual->v[node->row].flags;

	if (!((flags ^ row->flags) & KNOWN_FLAGS))
		return;
	if (c->may_repair) {
		repair(c, row, node, MOUNT_REPAIR_FLAGS);
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
	case EXTERNAL_OWN_GROUP: return actual->shared || actual->master;
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

static void check_propagation(struct check *c, const struct mount_expect_row *row,
			      const struct node *node)
{
	const struct mount_row *actual = &c->actual->v[node->row];
	enum mount_repair_kind kind = MOUNT_REPAIR_GROUP;
	bool is_right = is_propagation_right(row, actual);

	/* a group of its own is what CRIU gives to a mount that was the host's peer */
	if (c->may_repair && row->propagation == EXTERNAL_SHARED && !row->group &&
	    row->host_fd >= 0)
		is_right = false;
	if (is_right)
		return;
	if (!c->may_repair || !choose_repair(row, actual, &kind)) {
		find_propagation(c, row, actual);
		return;
	}
	repair(c, row, node, kind);
	/* slaves of the host may have been sharers of it, too */
	if (kind == MOUNT_REPAIR_GROUP && row->propagation == EXTERNAL_SLAVE_SHARED)
		repair(c, row, node, MOUNT_REPAIR_SHARED);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void compare(struct check *c, struct node *planned, struct node *found)
{
	const struct mount_expect_row *row = &c->expect->v[planned->row];

	planned->is_met = found->is_met = true;
	c->met[planned->row] = &c->actual->v[found->row];
	if (!check_identity(c, row, &c->actual->v[found->row]))
		return;
	check_flags(c, row, found);
	check_propagation(c, row, found);
}

/* Of each pair of mounts the children that lie on the same mountpoint are the next pairs. */
static void match(struct check *c, struct node *planned, struct node *found, struct arena *arena)
{
	struct node **queue = arena_array(arena, 2 * c->planned.n, sizeof(struct node *));
	size_t n = 0;

	compare(c, planned, found);
	queue[n++] = planned;
	queue[n++] = found;
	for (size_t i = 0; i < n; i += 2) {
		unsigned int from = queue[i]->id, to = queue[i + 1]->id;
		size_t a = first_child(&c->planned, from, ""), b = first_child(&c->found, to, "");

		while ((planned = child_at(&c->planned, a, from)) &&
		       (found = child_at(&c->found, b, to))) {
			int order = strcmp(planned->mountpoint, found->mountpoint);

			a += order <= 0;
			b += order >= 0;
			if (order || planned->is_met || found->is_met)
				continue; /* a root may be its own parent */
			found->up = queue[i + 1];
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
	struct node *planned, *found;

	build_trees(&c, &arena);
	planned = find_root(&c.planned, &arena);
	found = find_root(&c.found, &arena);
	if (!planned || !found) {
		findings_add(findings, ERR_CRIU, "/: %s has no root mount",
			     planned ? "the container" : "the plan");
		return;
	}
	c.met = arena_array(&arena, expect->n, sizeof(*c.met));
	match(&c, planned, found, &arena);
	mount_parts_check(expect, c.met, findings);
	find_unmet(&c);
}

void mount_repairs_done(struct mount_repairs *repairs)
{
	arena_done(&repairs->arena);
	*repairs = (struct mount_repairs){ 0 };
}
