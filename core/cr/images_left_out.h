/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_left_out.h - add to the mounts of an image those that CRIU has left out of it
 *
 * In       the mounts of an image; kedge.json, which may be hostile
 * Out      more of them, each external and without a child
 * Effects  none
 *
 * kedge.json decides no more by this than an image could: where the mount comes from is for the live
 * config.json or the user to say, and what lies there on the host must be of the same kind
 * (restore_settle.c).
 */
#ifndef KEDGE_CORE_CR_IMAGES_LEFT_OUT_H
#define KEDGE_CORE_CR_IMAGES_LEFT_OUT_H

#include "core/cr/images_copy.h"

/*
 * Add them in front: children come before parents. `*n`: how many. Errors: ERR_INVALID naming the mount;
 * then nothing is added.
 */
int images_left_out_list(struct image_mounts *mounts, const struct checkpoint_info *info, size_t *n,
			 struct err *err);

/* The same, and CRIU's messages of them. */
int images_left_out_add(struct images_copy_file *file, const struct checkpoint_info *info,
			struct err *err);

#endif
