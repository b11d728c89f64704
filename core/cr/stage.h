/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - the private tree from which CRIU binds the external mounts on a restore
 *
 * In       the plan of external mounts with a source for each, the root file system
 * Out      short, safe paths below ROOT/ID/stage that exist in CRIU's mount namespace alone
 * Effects  stage_check: opens, and clones mounts that nobody sees. stage_open: makes missing
 *          mountpoints and one empty directory. stage_enter: unshares the calling process's mount
 *          namespace and mounts there. The host sees none of these mounts
 * Source   open_tree(2), mount_setattr(2), move_mount(2); CRIU (mount-v2.c) binds a source without
 *          following symlinks, and reapplies the image's flags only where it remounts at all
 *
 * A source is opened once. What was checked is what is mounted, whatever happens to the path
 * afterwards, and it has its flags before CRIU sees it: of two read-only binds of one source CRIU
 * would leave the second one writable. Its propagation stays the host's: CRIU takes a slave's
 * master from it, and makes its own copies private.
 */
#ifndef KEDGE_CORE_CR_STAGE_H
#define KEDGE_CORE_CR_STAGE_H

#include "core/base/path.h"
#include "core/cr/images_copy.h"
#include "core/cr/images_view.h"
#include "core/plan/external.h"
#include "core/plan/findings.h"
#include "core/plan/mount_expect.h"
#include "core/plan/mount_plan.h"
#include "core/plan/restore_settle.h"
#include "core/run/container.h"

struct stage_entry {
	int source_fd;	     /* O_PATH */
	int tree_fd;	     /* detached clone; with its flags from stage_open() on */
	int work_fd;	     /* another, writable: for mountpoints that lie inside; mostly -1 */
	char *path;	     /* where CRIU finds it; NULL: it doesn't look for it */
	bool has_mountpoint; /* seen by stage_check(), so that it needn't be looked for again */
	const char *plain;   /* the source's path if no links are in it; NULL: to be asked for */
};

/* Where CRIU reads the images. The caller sets it before stage_enter(). */
struct stage_images {
	const char *path; /* of the directory */
	int fd;		  /* the same, open; in the process that enters, the one to use */
	const struct images_copy *copy;
	const struct images_view *view; /* empty: the directory as it is */
};

struct stage {
	/* set by the caller before stage_check() */
	const struct spec *spec;
	const struct mount_plan *mounts; /* of the live config.json: how each is idmapped */
	const struct restore_row *rows;
	const struct checkpoint_info *info;
	const struct image_mount *image; /* of the root mount namespace */
	size_t n_image;
	unsigned int root_id; /* the root's mount id there */

	struct mount_table host;     /* our own mountinfo */
	char *dir;		     /* ROOT/ID/stage, or a directory above it */
	char *root;		     /* DIR/root */
	int root_tree;		     /* detached clone of the root file system */
	struct stage_entry *entries; /* one per row of the plan, and the root's */
	int slash_fd; /* our own root, where sources are looked for; when `entries` is set */
	struct restore_source *sources;
	size_t n;
	size_t *by_id;			  /* the plan's rows sorted by mount id */
	struct mount_expect_source *seen; /* for mount_expect.h; the root's is the last one */
	struct arena arena;
	struct path_made made; /* mountpoints that were missing */
};

/* A stage without anything open. */
#define STAGE_EMPTY              \
	{                        \
		.root_tree = -1, \
	}

/*
 * Open the sources of the plan, settle each row (restore_settle.h), and see that they fit the
 * mountpoints. Nothing is made. Rows without a source are passed over (the planner has reported
 * them), and so are views of cgroups, which are yet to be made. stage_done() is due in any case.
 * Findings: ERR_NOT_FOUND, ERR_INVALID, ERR_UNSUPPORTED; each with mountpoint and source.
 */
void stage_check(struct stage *stage, const char *rootfs, struct external_plan *plan,
		 struct findings *findings);

/*
 * After stage_check() found nothing, for a container that has begun: make missing mountpoints, also
 * those of the other mounts of the image, and give every clone its flags and its idmapping.
 * Errors: from errno; mountpoint and source named.
 */
int stage_open(struct stage *stage, const struct container *c, struct external_plan *plan,
	       struct err *err);

/*
 * In the process that will be CRIU: enter a mount namespace where the stage is mounted, and the
 * edited images over the original ones, or in the view. `images->fd` is the directory for CRIU from
 * now on.
 */
int stage_enter(const struct stage *stage, const struct stage_images *images, struct err *err);

/* Close everything. With `undo` the mountpoints that were made are removed again. */
void stage_done(struct stage *stage, bool undo);

#endif
