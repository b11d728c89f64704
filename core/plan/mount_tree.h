/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_tree.h - mounts as a tree: what lies on what, and what no path leads to
 *
 * In       ids, parents and mountpoints, of mountinfo or of an image alike
 * Out      struct mount_tree
 * Effects  none; parents that go in a circle are borne
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_TREE_H
#define KEDGE_CORE_PLAN_MOUNT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

struct mount_node {
	unsigned int id, parent;
	const char *mountpoint;	     /* borrowed */
	size_t row;		     /* the caller's index of it */
	const struct mount_node *up; /* what it lies on, if a way leads there from the root */
	bool is_met;		     /* the caller's: false at first */
};

/* Sorted by parent and mountpoint: the children of a mount stand side by side. */
struct mount_tree {
	struct mount_node *v;
	size_t n;
	struct mount_node *root; /* the mount at "/" that lies on none of the others, or NULL */
};

/*
 * Make a tree of the `n` nodes at `v`, of which id, parent, mountpoint and row are set. They are the
 * tree's from now on, in another order. What else it needs is in the arena.
 */
void mount_tree_build(struct mount_tree *tree, struct mount_node *v, size_t n, struct arena *arena);

/* Where the children of mount `id` begin. */
size_t mount_tree_children(const struct mount_tree *tree, unsigned int id);

/* The node at `i` if it is a child of mount `id`, else NULL: the children are over. */
struct mount_node *mount_tree_child(const struct mount_tree *tree, size_t i, unsigned int id);

/* Whether no path leads to the mount's root: something lies on it, or on the way to it. */
bool mount_tree_is_hidden(const struct mount_tree *tree, const struct mount_node *node);

#endif
