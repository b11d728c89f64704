/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/checkpoint_info.h"

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

const char *checkpoint_source_name(enum checkpoint_source state)
{
	return source_names[state];
}

void checkpoint_info_done(struct checkpoint_info *info)
{
	arena_done(&info->arena);
	*info = (struct checkpoint_info){ 0 };
}
