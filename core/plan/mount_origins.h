/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_origins.h - what the mounts of a restored container are, for its record
 *
 * In       the sidecar of its checkpoint, the live config.json's mounts
 * Out      struct mount_origins
 * Effects  none; the sidecar may be hostile, and what comes of it names no source
 *
 * A container that was just made has its mounts where config.json puts them. A restored one has them
 * where they were at the checkpoint: moved, unmounted, apart from the mount they came along with.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_ORIGINS_H
#define KEDGE_CORE_PLAN_MOUNT_ORIGINS_H

#include "core/plan/checkpoint_info.h"
#include "core/plan/live_mounts.h"

struct mount_origin {
	const char *mountpoint; /* NULL: the entry was unmounted */
	size_t depth;	   /* of several mounts on one path: how many lie below this one there */
	size_t entry;	   /* of the live config.json's mounts */
	const char *below; /* NULL: the entry's own mount; else a submount from this place in it */
};

/* A zeroed struct is an empty list. Memory belongs to the arena it was built in. */
struct mount_origins {
	struct mount_origin *v;
	size_t n;
};

/* List what the sidecar knows; without one nothing. */
void mount_origins_build(const struct checkpoint_info *info, const struct live_mounts *live,
			 struct arena *arena, struct mount_origins *origins);

#endif
