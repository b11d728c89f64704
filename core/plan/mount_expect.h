/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_expect.h - what mounts a restored container is to have
 *
 * In       the image's mounts, the settled plan, the sidecar, what was seen at each source
 * Out      struct mount_expect, for mount_check.h
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_EXPECT_H
#define KEDGE_CORE_PLAN_MOUNT_EXPECT_H

#include "core/plan/checkpoint_info.h"
#include "core/plan/external.h"
#include "core/plan/image_mount.h"
#include "core/plan/live_mounts.h"
#include "core/plan/mount_check.h"

/* What a bind of an open source looks like in mountinfo, and the host's mount that it lies on. */
struct mount_expect_source {
	bool has_identity;
	unsigned int major, minor;
	const char *root;
	const char *fstype;
	bool is_readonly;	     /* the host's mount is */
	unsigned int shared, master; /* its groups */
	int host_fd;		     /* of a clone if that is shared; else -1. Borrowed */
};

struct mount_expect_input {
	const struct image_mount *mounts; /* of the root's namespace */
	size_t n_mounts;
	unsigned int root_id;
	const enum external_propagation *propagation; /* per mount, as images_copy_edit() gives it */
	const size_t *joins;			      /* per mount, likewise */
	const unsigned int *peers, *masters;	      /* per mount, likewise */
	const struct external_plan *plan;
	const struct mount_expect_source *sources; /* per row of the plan; then the root's */
	const struct checkpoint_info *info;
	const struct live_mounts *live;
};

/*
 * Build the list, one row per mount of the image; what is added comes later. It lies in the arena;
 * strings and fds are borrowed.
 */
void mount_expect_build(const struct mount_expect_input *in, struct arena *arena,
			struct mount_expect *expect);

/*
 * The flags of each mount of the image that CRIU makes itself: what it had, nosymfollow, which CRIU
 * doesn't note, and what the live config.json adds; but nothing becomes read-only yet that wasn't.
 * Of `in` the groups aren't needed. The array lies in the arena.
 */
unsigned long *mount_expect_flags(const struct mount_expect_input *in, struct arena *arena);

/*
 * Find what would have to be put right from inside (inside.h) on mounts that others cover, where no
 * path leads to. Findings (ERR_UNSUPPORTED) name mountpoint and source; rows of the plan have them as
 * their problem.
 */
void mount_expect_check_covered(const struct mount_expect_input *in,
				const struct mount_expect *expect, struct external_plan *plan,
				struct findings *findings);

#endif
