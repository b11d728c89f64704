/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry_match.h - which entry of the live config.json each entry of then is
 *
 * In       the sidecar, the live mounts
 * Out      struct entry_matches
 * Effects  none; the sidecar may be hostile, and picks among the live entries at most
 *
 * Entries with one destination are told apart by their order there; those count that had been
 * unmounted. If there are more or fewer now, binds are first known by their sources.
 *
 * An entry that nobody has then is known by what is written in config.json, where links now lead
 * elsewhere: `live` has another destination.
 */
#ifndef KEDGE_CORE_PLAN_ENTRY_MATCH_H
#define KEDGE_CORE_PLAN_ENTRY_MATCH_H

#include "core/plan/checkpoint_info.h"
#include "core/plan/live_mounts.h"

/* An entry of the config.json of the checkpoint. */
struct entry_match {
	size_t index; /* in the mounts of then */
	const char *destination;
	const char *written;		      /* that, before links were followed */
	const struct checkpoint_mount *mount; /* of those that it had made the first; NULL: it had
						 been unmounted */
	const struct live_mount *live;	      /* the same entry now, or NULL */
};

/* By destination, then by index. A zeroed struct is empty. Memory belongs to the arena. */
struct entry_matches {
	struct entry_match *v;
	size_t n;
};

/* List and match what the sidecar knows; without one nothing. */
void entry_matches_build(const struct checkpoint_info *info, const struct live_mounts *live,
			 struct arena *arena, struct entry_matches *matches);

/* The entry that had made `m`; NULL if none had, or `m` came along with an entry's mount. */
const struct entry_match *entry_matches_find(const struct entry_matches *matches,
					     const struct checkpoint_mount *m);

/* Whether an entry of then had that destination. */
bool entry_matches_has_place(const struct entry_matches *matches, const char *destination);

#endif
