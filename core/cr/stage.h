/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - the private tree from which CRIU binds the external mounts on a restore
 *
 * In       the plan of external mounts with a source for each, the root file system
 * Out      short, safe paths below ROOT/ID/stage that exist in CRIU's mount namespace alone
 * Effects  stage_check: opens. stage_open: clones sources, makes missing mountpoints and one
 *          empty directory. stage_enter: unshares the calling process's mount namespace and mounts
 *          there. The host sees none of these mounts
 * Source   open_tree(2), mount_setattr(2), move_mount(2); CRIU (mount-v2.c) binds a source without
 *          following symlinks, and reapplies the image's flags only where it remounts at all
 *
 * A source is opened once. What was checked is what is mounted, whatever happens to the path
 * afterwards, and it has its flags before CRIU sees it: of two read-only binds of one source CRIU
 * would leave the second one writable.
 */
#ifndef KEDGE_CORE_CR_STAGE_H
#define KEDGE_CORE_CR_STAGE_H

#include "core/base/path.h"
#include "core/cr/images.h"
#include "core/plan/external.h"
#include "core/plan/findings.h"
#include "core/run/container.h"

struct stage_entry {
	int source_fd; /* O_PATH; for mountpoints that lie inside it */
	int tree_fd;   /* detached clone with its flags, -1 when another row has the same key */
	bool is_dir;
	char *path; /* where CRIU finds it */
};

struct stage {
	bool has_user_ns;	     /* set by the caller: CRIU will be nobody special there */
	char *dir;		     /* ROOT/ID/stage, or a directory above it */
	char *root;		     /* DIR/root */
	int rootfs_fd;		     /* O_PATH */
	int root_tree;		     /* detached clone of the root file system */
	struct stage_entry *entries; /* one per row of the plan */
	size_t n;
	unsigned int root_id;  /* the root's mount id in the image */
	struct path_made made; /* mountpoints that were missing */
};

/* A stage without anything open. */
#define STAGE_EMPTY                              \
	{                                        \
		.rootfs_fd = -1, .root_tree = -1 \
	}

/*
 * Open the sources of the plan and look at them: they must be there, and of the kind of a mountpoint
 * that exists. Nothing is made. Rows without a source are passed over (the planner has reported
 * them), and so are views of cgroups, which are yet to be made. `root_id` is the mount id that the
 * image has for the root. `stage` is STAGE_EMPTY on entry; stage_done() is due in any case.
 * Findings: ERR_NOT_FOUND, ERR_INVALID; each with mountpoint and source.
 */
void stage_check(struct stage *stage, const char *rootfs, unsigned int root_id,
		 const struct external_plan *plan, struct findings *findings);

/*
 * After stage_check() found nothing, for a container that has begun: make missing mountpoints, also
 * those of the other mounts of the image, clone every source and point the plan's rows at the
 * staged paths.
 * Errors: from errno; mountpoint and source named.
 */
int stage_open(struct stage *stage, const struct container *c, const struct image_mounts *images,
	       struct external_plan *plan, struct err *err);

/* In the process that will be CRIU: enter a mount namespace where the stage is mounted. */
int stage_enter(const struct stage *stage, struct err *err);

/* Close everything. With `undo` the mountpoints that were made are removed again. */
void stage_done(struct stage *stage, bool undo);

#endif
