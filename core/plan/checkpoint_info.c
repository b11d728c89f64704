/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core/plan/checkpoint_info.h"
#include "core/plan/external_spec.h"

static const char *const source_names[CHECKPOINT_SOURCES] = {
	[CHECKPOINT_SOURCE_SAME] = "same",	 [CHECKPOINT_SOURCE_UNKNOWN] = "unknown",
	[CHECKPOINT_SOURCE_DELETED] = "deleted", [CHECKPOINT_SOURCE_REPLACED] = "replaced",
	[CHECKPOINT_SOURCE_GONE] = "gone",
};

static int compare_ids(const void *a, const void *b)
{
	const struct checkpoint_mount *x = *(const struct checkpoint_mount *const *)a;
	const struct checkpoint_mount *y = *(const struct checkpoint_mount *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void checkpoint_info_index(struct checkpoint_info *info)
{
	info->by_id = arena_array(&info->arena, info->n, sizeof(struct checkpoint_mount *));
	for (size_t i = 0; i < info->n; i++)
		info->by_id[i] = &info->v[i];
	if (info->n)
		qsort(info->by_id, info->n, sizeof(struct checkpoint_mount *), compare_ids);
}

static const struct checkpoint_mount *search(const struct checkpoint_info *info, unsigned int id)
{
	const struct checkpoint_mount wanted = { .id = id }, *key = &wanted;
	const struct checkpoint_mount *const *found = NULL;

	if (info->n)
		found = bsearch(&key, info->by_id, info->n, sizeof(struct checkpoint_mount *),
				compare_ids);
	return found ? *found : NULL;
}

const struct checkpoint_mount *checkpoint_info_find(const struct checkpoint_info *info,
						    unsigned int id)
{
	if (info->by_id)
		return search(info, id);
	for (size_t i = 0; i < info->n; i++)
		if (info->v[i].id == id)
			return &info->v[i];
	return NULL;
}

const struct checkpoint_mount *checkpoint_info_find_at(const struct checkpoint_info *info,
						       unsigned int id, const char *mountpoint)
{
	const struct checkpoint_mount *found = checkpoint_info_find(info, id);

	return found && str_eq(found->mountpoint, mountpoint) ? found : NULL;
}

bool checkpoint_mount_was_moved_out(const struct checkpoint_mount *m)
{
	AUTO(arena_done) struct arena arena = { 0 };
	const char *below;

	if (!m || m->origin != EXTERNAL_SUBMOUNT || !m->is_moved || !m->below)
		return false;
	below = arena_printf(&arena, "/%s", m->below);
	return str_eq(below, external_spec_normal_path(&arena, below));
}

const char *checkpoint_source_name(enum checkpoint_source state)
{
	return source_names[state];
}

void checkpoint_info_done(struct checkpoint_info *info)
{
	arena_done(&info->arena);
	*info = (struct checkpoint_info){ 0 };
}
