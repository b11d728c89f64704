/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/mount_parts.h"

/* The whole of a file system is made anew, and what is external has its own identity. */
static bool is_part(const struct mount_expect_row *row)
{
	return row->image && !row->is_external && !row->has_identity &&
	       !str_eq(row->image->root, "/");
}

/* Whether CRIU could take `part` from `base`: what lies below it there, else NULL. */
static const char *below_base(const struct image_mount *part, const struct image_mount *base)
{
	if (!base || base == part || base->major != part->major || base->minor != part->minor)
		return NULL;
	return mount_path_below(part->root, base->root);
}

static bool is_that_part(const struct mount_row *part, const struct mount_row *base,
			 const char *below)
{
	const char *found = mount_path_below(part->root, base->root);

	return mount_row_same_fs(part, base) && str_eq(found, below);
}

/* Several mounts may have it; CRIU takes it from one of them. */
static void check_part(const struct mount_expect *expect, const struct mount_row *const *actual,
		       size_t i, struct findings *findings)
{
	const struct image_mount *image = expect->v[i].image;
	bool has_base = false;

	for (size_t k = 0; k < expect->n; k++) {
		const char *below = below_base(image, expect->v[k].image);

		if (!below || !actual[k])
			continue;
		has_base = true;
		if (is_that_part(actual[i], actual[k], below))
			return;
	}
	if (has_base)
		findings_add(findings, ERR_CRIU,
			     "%s: it was to be a part of another mount of the container, but is %s "
			     "of device %u:%u (%s)",
			     expect->v[i].mountpoint, actual[i]->root, actual[i]->major,
			     actual[i]->minor, actual[i]->fstype);
}

void mount_parts_check(const struct mount_expect *expect, const struct mount_row *const *actual,
		       struct findings *findings)
{
	for (size_t i = 0; i < expect->n; i++)
		if (actual[i] && is_part(&expect->v[i]))
			check_part(expect, actual, i, findings);
}
