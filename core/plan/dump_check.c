/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/dump_check.h"
#include "core/plan/image_check.h"

/* The mount as CRIU will write it down. */
static struct image_mount to_image(const struct mount_row *row, const struct checkpoint_info *info)
{
	const struct checkpoint_mount *noted = checkpoint_info_find(info, row->id);

	return (struct image_mount){ .id = row->id,
				     .parent = row->parent,
				     .major = row->major,
				     .minor = row->minor,
				     .fstype = image_check_number(row->fstype),
				     .flags = row->flags,
				     .shared = row->shared,
				     .master = row->master,
				     .mountpoint = row->mountpoint,
				     .root = row->root,
				     .source = row->source,
				     .options = row->super_options,
				     .key = noted ? noted->key : NULL,
				     .is_deleted = row->is_deleted };
}

void dump_check(const struct external_dump_input *in, const struct checkpoint_info *info,
		struct findings *findings)
{
	const struct mount_table *table = in->container;
	const struct mount_row *root = mount_table_root(table);
	AUTO(arena_done) struct arena arena = { 0 };
	struct image_mount *mounts = arena_array(&arena, table->n, sizeof(*mounts));
	struct live_mounts live = { 0 };
	struct image_check_input check = { .live = &live, .mounts = mounts, .n_mounts = table->n };
	struct err e = { 0 };
	struct findings found = { .err = &e };

	if (!root || live_mounts_build(in->spec, in->destinations, &arena, &live, &e)) {
		findings_add(findings, ERR_UNSUPPORTED, "%s", root ? e.msg : "no root mount");
		return;
	}
	for (size_t i = 0; i < table->n; i++)
		mounts[i] = to_image(&table->v[i], info);
	check.root_id = root->id;
	image_check(&check, &found);
	if (findings_end(&found))
		findings_add(findings, ERR_UNSUPPORTED, "a restore would refuse this: %s", e.msg);
}
