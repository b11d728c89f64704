/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/checkpoint_info.h"
#include "core/plan/external_spec.h"

static const char *const source_names[CHECKPOINT_SOURCES] = {
	[CHECKPOINT_SOURCE_SAME] = "same",	 [CHECKPOINT_SOURCE_UNKNOWN] = "unknown",
	[CHECKPOINT_SOURCE_DELETED] = "deleted", [CHECKPOINT_SOURCE_REPLACED] = "replaced",
	[CHECKPOINT_SOURCE_GONE] = "gone",
};

const struct checkpoint_mount *checkpoint_info_find(const struct checkpoint_info *info,
						    unsigned int id)
{
	for (size_t i = 0; i < info->n; i++)
		if (info->v[i].id == id)
			return &info->v[i];
	return NULL;
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
