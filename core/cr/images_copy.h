/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_copy.h - the mount images as CRIU shall read them: checked, and edited in a copy
 *
 * In       every mountpoints-N.img of a directory, which may be hostile; the restore's plan
 * Out      struct images_copy: their mounts as values, and the bytes of the edited files
 * Effects  reads; nothing is written, the directory is the user's
 * Source   criu's mount.c and mount-v2.c (4.1.1); measured. The files have no checksums
 *
 * In the copy each external mount has a key of its own, k0000 and on by its row in the plan. So one
 * key never stands for two mounts, no key spoofs another, and nothing is left for CRIU's own
 * mnt[] to take from a path that an image names. Besides:
 *   flags     as the plan has them, or the live config.json; the root's as they were
 *   deleted   cleared: CRIU would create the source of an external mount anew, and crash if it isn't
 *             there
 *   newlines  CRIU leaves "\012" in a mountpoint and later doesn't find that path
 *   masters   CRIU takes the propagation of all slaves of one master from the source of one of them,
 *             which works only if all show parts of that. With a master of its own each takes it
 *             from its own source
 * Fields that aren't known here stay as they are.
 */
#ifndef KEDGE_CORE_CR_IMAGES_COPY_H
#define KEDGE_CORE_CR_IMAGES_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/cr/images.h"
#include "core/plan/checkpoint_info.h"
#include "core/plan/external.h"

struct Criu__Image__MntEntry;

struct images_copy_file {
	char *name;
	unsigned int ns; /* N of mountpoints-N.img */
	struct image_mounts mounts;
	struct Criu__Image__MntEntry **v; /* the same as messages, one per row of `mounts` */
	unsigned int root_id;		  /* the root's mount id */
	struct buf edited;
};

/* A zeroed struct is empty. */
struct images_copy {
	struct images_copy_file *v;
	size_t n;
	size_t root; /* which file has the root task's mount namespace */
};

/* What is known when the copy is made. */
struct images_copy_edit {
	const struct external_plan *plan;
	const struct checkpoint_info *info;
	const bool *can_slave;	    /* per row of the plan: its source is shared or a slave */
	bool root_can_slave;	    /* so is the root file system's */
	const unsigned long *flags; /* per mount of the root's namespace, if CRIU makes it itself */
	enum external_propagation *propagation; /* out: per mount of the root's namespace */
	size_t *joins; /* out: per such mount the plan's row whose source's group it joins, or SIZE_MAX */
	unsigned int *peers;   /* out: per such mount its group in the container, or 0 */
	unsigned int *masters; /* out: likewise the group that it is a slave of there */
};

/*
 * Read and check all files; `root_ns` is the root task's namespace, and what CRIU has left out of that
 * is added (images_left_out.h). The mountpoints are those of the sidecar where CRIU couldn't write them
 * down. `copy` is empty on entry and stays empty on failure.
 * Errors: ERR_INVALID naming file and mount: broken entries, plugins, ids twice, parents that are
 * missing or go in a circle, no root or several, a mountpoint that isn't below its parent's.
 */
int images_copy_read(int dirfd, unsigned int root_ns, const struct checkpoint_info *info,
		     struct images_copy *copy, struct err *err);

/* The key of row `i` of the plan in the edited files. The caller frees. */
char *images_copy_key(size_t i);

/*
 * Fill `edited` of every file. Errors: ERR_INVALID for what can't be restored from any source.
 */
int images_copy_edit(struct images_copy *copy, const struct images_copy_edit *edit,
		     struct err *err);

/* Give back the memory; the value is empty afterwards. */
void images_copy_done(struct images_copy *copy);

#endif
