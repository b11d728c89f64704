/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/plan/mount_tree.h"

static int compare_nodes(const void *pa, const void *pb)
{
	const struct mount_node *a = pa, *b = pb;
	int order;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	order = strcmp(a->mountpoint, b->mountpoint);
	if (order)
		return order;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* The first child of `parent` at `mountpoint` or behind it ("" is before all of them). */
static size_t first_child(const struct mount_tree *tree, unsigned int parent,
			  const char *mountpoint)
{
	const struct mount_node key = { .parent = parent, .mountpoint = mountpoint };
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

size_t mount_tree_children(const struct mount_tree *tree, unsigned int id)
{
	return first_child(tree, id, "");
}

struct mount_node *mount_tree_child(const struct mount_tree *tree, size_t i, unsigned int id)
{
	return i < tree->n && tree->v[i].parent == id ? &tree->v[i] : NULL;
}

/* Whether something lies on `parent` at `mountpoint`; a root that is its own parent doesn't. */
static bool has_child(const struct mount_tree *tree, unsigned int parent, const char *mountpoint)
{
	const struct mount_node *node;
	size_t i = first_child(tree, parent, mountpoint);

	for (; (node = mount_tree_child(tree, i, parent)); i++)
		if (node->id != parent)
			return str_eq(node->mountpoint, mountpoint);
	return false;
}

static int compare_ids(const void *pa, const void *pb)
{
	const unsigned int *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

static struct mount_node *find_root(const struct mount_tree *tree, struct arena *arena)
{
	unsigned int *ids = arena_array(arena, tree->n, sizeof(*ids));

	for (size_t i = 0; i < tree->n; i++)
		ids[i] = tree->v[i].id;
	if (tree->n)
		qsort(ids, tree->n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < tree->n; i++) {
		struct mount_node *node = &tree->v[i];

		if (!str_eq(node->mountpoint, "/"))
			continue;
		if (node->parent == node->id ||
		    !bsearch(&node->parent, ids, tree->n, sizeof(*ids), compare_ids))
			return node;
	}
	return NULL;
}

/* From the root down, so that each way up ends there. */
static void link_up(struct mount_tree *tree, struct arena *arena)
{
	struct mount_node **queue = arena_array(arena, tree->n, sizeof(struct mount_node *));
	struct mount_node *child;
	size_t n = 0;

	if (tree->root)
		queue[n++] = tree->root;
	for (size_t i = 0; i < n; i++) {
		unsigned int id = queue[i]->id;
		size_t k = mount_tree_children(tree, id);

		for (; (child = mount_tree_child(tree, k, id)); k++) {
			if (child == tree->root || child->up)
				continue;
			child->up = queue[i];
			queue[n++] = child;
		}
	}
}

void mount_tree_build(struct mount_tree *tree, struct mount_node *v, size_t n, struct arena *arena)
{
	*tree = (struct mount_tree){ .v = v, .n = n };
	for (size_t i = 0; i < n; i++) {
		v[i].up = NULL;
		v[i].is_met = false;
	}
	if (n)
		qsort(v, n, sizeof(*v), compare_nodes);
	tree->root = find_root(tree, arena);
	link_up(tree, arena);
}

/* On the way are the mounts that it lies on; of each the next one must be what is seen there. */
bool mount_tree_is_hidden(const struct mount_tree *tree, const struct mount_node *node)
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
