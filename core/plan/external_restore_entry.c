/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/plan/external_restore_entry.h"

/* How many binds lay below this one on the same destination at the checkpoint. */
static size_t rank_of(const struct external_restore_input *in, const struct checkpoint_mount *noted)
{
	size_t rank = 0;

	for (size_t i = 0; i < in->info->n; i++) {
		const struct checkpoint_mount *other = &in->info->v[i];

		rank += other->key && other->origin != EXTERNAL_SUBMOUNT &&
			other->mount_index < noted->mount_index &&
			str_eq(other->destination, noted->destination);
	}
	return rank;
}

/* Whether the entry at `place` had made another mount: one that lies on this submount, say. */
static bool is_anothers(const struct external_restore_input *in, const char *place,
			const struct checkpoint_mount *noted)
{
	if (!noted || noted->origin != EXTERNAL_SUBMOUNT)
		return false;
	for (size_t i = 0; i < in->info->n; i++) {
		const struct checkpoint_mount *other = &in->info->v[i];

		if (other->mount_index != SIZE_MAX && other->origin != EXTERNAL_SUBMOUNT &&
		    str_eq(other->destination, place))
			return true;
	}
	return false;
}

/* The entry at `place`: with several there, the sidecar knows which. */
static const struct live_mount *entry_at(const struct external_restore_input *in, const char *place,
					 const struct checkpoint_mount *noted)
{
	size_t n;

	if (!live_mounts_at(in->live, place, &n) || is_anothers(in, place, noted))
		return NULL;
	if (n < 2 || !noted || !noted->destination || noted->mount_index == SIZE_MAX)
		return live_mounts_bind(in->live, place, SIZE_MAX);
	return live_mounts_bind(in->live, place, rank_of(in, noted));
}

const struct live_mount *external_restore_entry(const struct external_restore_input *in,
						const struct external_mount *m,
						const struct checkpoint_mount *noted)
{
	bool is_mask = str_eq(m->key, "/dev/null") && !str_eq(m->mountpoint, m->key);
	const struct live_mount *found = NULL;

	if (*m->key == '/' && !is_mask)
		found = entry_at(in, m->key, noted);
	if (!found && noted && noted->origin != EXTERNAL_SUBMOUNT && noted->destination)
		found = entry_at(in, noted->destination, noted);
	return found ? found : entry_at(in, m->mountpoint, noted);
}
