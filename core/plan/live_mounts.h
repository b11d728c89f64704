/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_mounts.h - the mounts of the live config.json, by the place where they lie
 *
 * In       struct spec, and the destinations as the new root resolves them
 * Out      struct live_mounts, for the restore's plan
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_LIVE_MOUNTS_H
#define KEDGE_CORE_PLAN_LIVE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/plan/mount_opts.h"
#include "core/spec.h"

struct live_mount {
	const char *destination; /* NULL when the text leads out of the root */
	const char *written;	 /* the same by text alone, links or not */
	size_t index;		 /* in the spec's mounts */
	const struct spec_mount *mount;
	/* joined with ","; of a bind those of its remounts too, as a sidecar has them */
	const char *options;
	struct mount_opts opts; /* the entry's own */
	bool is_bind;
	/* the next entry at the destination, if it has "remount" and so changes this one; or NULL */
	const struct live_mount *remount;
};

/* A zeroed struct is empty. Memory belongs to the arena it was built in. */
struct live_mounts {
	const struct spec *spec;
	struct live_mount *v; /* in the spec's order */
	size_t n;
	struct live_mount **by_place; /* those with a destination: by it, then in the spec's order */
	size_t n_placed;
};

/*
 * List the spec's mounts. `destinations` is an array as external_dump.h has it, or NULL.
 * Errors: ERR_LIMIT as mount_opts_parse().
 */
int live_mounts_build(const struct spec *spec, const char *const *destinations, struct arena *arena,
		      struct live_mounts *live, struct err *err);

/*
 * The entries at `path`, in the spec's order; `*n` says how many. NULL if there is none.
 */
struct live_mount *const *live_mounts_at(const struct live_mounts *live, const char *path,
					 size_t *n);

/*
 * The bind at `path` that has `rank` binds before it there; of fewer the last one. NULL if there is
 * none. SIZE_MAX asks for the last one, which lies on top.
 */
const struct live_mount *live_mounts_bind(const struct live_mounts *live, const char *path,
					  size_t rank);

/*
 * `flags` (MS_…) of a mount with the options of the entry and of its remounts applied, as a new bind
 * would have them.
 */
unsigned long live_mounts_apply(const struct live_mount *entry, unsigned long flags);

/*
 * The restrictions that the entry, remounted, asks for: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC,
 * MS_NOSYMFOLLOW. With `below` only those that hold for submounts too ("rro").
 */
unsigned long live_mounts_restrictions(const struct live_mount *entry, bool below);

#endif
