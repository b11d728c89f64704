/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/plan/external_reach.h"

static const struct {
	const char *name;
	bool is_kernel_fs;
} makeable[] = {
	{ "binfmt_misc", true }, { "cgroup", true },   { "cgroup2", true }, { "debugfs", true },
	{ "devpts", true },	 { "devtmpfs", true }, { "fusectl", true }, { "mqueue", true },
	{ "overlay", false },	 { "proc", true },     { "pstore", true },  { "securityfs", true },
	{ "sysfs", true },	 { "tmpfs", false },   { "tracefs", true },
};

bool external_reach_is_makeable(const char *fstype)
{
	for (size_t i = 0; i < ARRAY_LEN(makeable); i++)
		if (str_eq(fstype, makeable[i].name))
			return true;
	return false;
}

bool external_reach_is_kernel_fs(const char *fstype)
{
	for (size_t i = 0; i < ARRAY_LEN(makeable); i++)
		if (str_eq(fstype, makeable[i].name))
			return makeable[i].is_kernel_fs;
	return false;
}

bool external_reach_is_cgroup(const char *fstype)
{
	return str_eq(fstype, "cgroup") || str_eq(fstype, "cgroup2");
}

bool external_reach_is_below(const struct mount_row *row, const struct mount_row *base)
{
	return mount_row_same_fs(row, base) && mount_path_below(row->root, base->root);
}

bool external_reach_is_on_host(const struct mount_table *host, const struct mount_row *row)
{
	for (size_t i = 0; i < host->n; i++)
		if (mount_row_same_fs(&host->v[i], row))
			return true;
	return false;
}

bool external_reach_auto_finds(const struct mount_table *host, const struct mount_row *row)
{
	const struct mount_row *found = NULL;

	for (size_t i = 0; i < host->n; i++) {
		const struct mount_row *h = &host->v[i];

		if (!external_reach_is_below(row, h) || !str_eq(row->fstype, h->fstype) ||
		    !str_eq(row->source, h->source) ||
		    !str_eq(row->super_options, h->super_options))
			continue;
		found = h;
		if ((row->shared && row->shared == h->shared) ||
		    (row->master && row->master == h->shared))
			break;
	}
	if (!found)
		return false;
	return !row->master || row->master == found->shared || row->master == found->master;
}

bool external_reach_has_peer(const struct mount_table *table, unsigned int group)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->v[i].shared == group)
			return true;
	return false;
}

static const char *join(struct arena *arena, const char *base, const char *below)
{
	if (!*below)
		return base;
	return arena_printf(arena, "%s/%s", str_eq(base, "/") ? "" : base, below);
}

/* The mount that `path` leads into: the one on top of the longest mountpoint above it. */
static const struct mount_row *holder(const struct mount_table *table, const char *path)
{
	const struct mount_row *best = NULL;

	for (size_t i = 0; i < table->n; i++) {
		const struct mount_row *row = &table->v[i];

		if (mount_path_below(path, row->mountpoint) &&
		    (!best || strlen(row->mountpoint) > strlen(best->mountpoint)))
			best = row;
	}
	return best ? mount_table_topmost(table, best->mountpoint) : NULL;
}

const char *external_reach_host_path(struct arena *arena, const struct mount_table *host,
				     const struct mount_row *row)
{
	const struct mount_row *best = NULL;
	const char *found = NULL;

	for (size_t i = 0; i < host->n; i++) {
		const struct mount_row *h = &host->v[i];
		const char *path;

		if (!external_reach_is_below(row, h) ||
		    (best && strlen(h->root) <= strlen(best->root)))
			continue;
		path = join(arena, h->mountpoint, mount_path_below(row->root, h->root));
		if (holder(host, path) == h) {
			best = h;
			found = path;
		}
	}
	return found;
}

/* Whether both lie on the same directory of the same file system. */
static bool same_place(const struct mount_row *a, const struct mount_row *a_parent,
		       const struct mount_row *b, const struct mount_row *b_parent)
{
	const char *a_rest = mount_path_below(a->mountpoint, a_parent->mountpoint);
	const char *b_rest = mount_path_below(b->mountpoint, b_parent->mountpoint);
	const char *more;

	if (!mount_row_same_fs(a_parent, b_parent) || !a_rest || !b_rest)
		return false;
	/* b's parent shows a wider part of the file system, or the same */
	more = mount_path_below(a_parent->root, b_parent->root);
	if (!more || !str_starts(b_rest, more))
		return false;
	b_rest += strlen(more);
	if (*more && *b_rest == '/')
		b_rest++;
	return str_eq(a_rest, b_rest);
}

const struct mount_row *external_reach_twin(const struct mount_table *container,
					    const struct mount_table *host,
					    const struct mount_row *row)
{
	const struct mount_row *parent = mount_table_find_id(container, row->parent);

	if (!parent)
		return NULL;
	for (size_t i = 0; i < host->n; i++) {
		const struct mount_row *h = &host->v[i], *h_parent;

		if (!mount_row_same_fs(h, row) || !str_eq(h->root, row->root))
			continue;
		h_parent = mount_table_find_id(host, h->parent);
		if (h_parent && same_place(row, parent, h, h_parent))
			return h;
	}
	return NULL;
}
