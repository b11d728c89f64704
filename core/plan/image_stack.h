/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_stack.h - which external mounts of an image lie on one another
 *
 * In       the rows of mountpoints-N.img
 * Out      a struct image_stack for each
 * Effects  none; safe on hostile images
 *
 * CRIU has one key for all mounts on a path. Without kedge.json their order is what tells them apart.
 */
#ifndef KEDGE_CORE_PLAN_IMAGE_STACK_H
#define KEDGE_CORE_PLAN_IMAGE_STACK_H

#include "core/base/str.h"
#include "core/plan/image_mount.h"

struct image_stack {
	size_t n;    /* external mounts on that mountpoint */
	size_t rank; /* how many of them lie below this one; SIZE_MAX: they aren't one stack */
};

/* An array with a row per mount, in the arena. */
struct image_stack *image_stacks_build(const struct image_mount *mounts, size_t n,
				       struct arena *arena);

#endif
