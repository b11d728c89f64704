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

/* The entry at `place`: with several there, the sidecar knows which, or else the image's order. */
static const struct live_mount *entry_at(const struct external_restore_input *in,
					 const struct entry_matches *matches, const char *place,
					 const struct restore_row *row)
{
	const struct entry_match *then = entry_matches_find(matches, row->noted);
	bool is_stacked = !in->info->version && row->stack->n > 1;

	if (is_anothers(in, place, row->noted))
		return NULL;
	if (!then || !str_eq(then->destination, place))
		return live_mounts_bind(in->live, place, is_stacked ? row->stack->rank : SIZE_MAX);
	return then->live && then->live->is_bind ? then->live : NULL;
}

const struct live_mount *external_restore_entry(const struct external_restore_input *in,
						const struct entry_matches *matches,
						const struct external_mount *m,
						const struct restore_row *row)
{
	const struct checkpoint_mount *noted = row->noted;
	bool is_mask = str_eq(m->key, "/dev/null") && !str_eq(m->mountpoint, m->key);
	const struct live_mount *found = NULL;

	if (*m->key == '/' && !is_mask)
		found = entry_at(in, matches, m->key, row);
	if (!found && noted && noted->origin != EXTERNAL_SUBMOUNT && noted->destination)
		found = entry_at(in, matches, noted->destination, row);
	return found ? found : entry_at(in, matches, m->mountpoint, row);
}

const struct external_pair *external_restore_pair(const struct external_restore_input *in,
						  const char *written, const char *place)
{
	const struct external_pair *pair = external_args_find(in->args, place);

	for (size_t i = 0; in->args->n && !pair && i < in->info->n; i++) {
		const struct checkpoint_mount *m = &in->info->v[i];

		if (m->key && m->origin != EXTERNAL_SUBMOUNT && str_eq(m->destination, place))
			pair = external_args_find(in->args, m->key);
	}
	return pair ? pair : external_args_find(in->args, written);
}
