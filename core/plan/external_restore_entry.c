/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/plan/external_restore_entry.h"

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
static const struct live_mount *entry_at(const struct external_restore_input *in,
					 const struct entry_matches *matches, const char *place,
					 const struct checkpoint_mount *noted)
{
	const struct entry_match *then = entry_matches_find(matches, noted);

	if (is_anothers(in, place, noted))
		return NULL;
	if (!then || !str_eq(then->destination, place))
		return live_mounts_bind(in->live, place, SIZE_MAX);
	return then->live && then->live->is_bind ? then->live : NULL;
}

const struct live_mount *external_restore_entry(const struct external_restore_input *in,
						const struct entry_matches *matches,
						const struct external_mount *m,
						const struct checkpoint_mount *noted)
{
	bool is_mask = str_eq(m->key, "/dev/null") && !str_eq(m->mountpoint, m->key);
	const struct live_mount *found = NULL;

	if (*m->key == '/' && !is_mask)
		found = entry_at(in, matches, m->key, noted);
	if (!found && noted && noted->origin != EXTERNAL_SUBMOUNT && noted->destination)
		found = entry_at(in, matches, noted->destination, noted);
	return found ? found : entry_at(in, matches, m->mountpoint, noted);
}
