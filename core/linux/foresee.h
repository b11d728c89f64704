/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foresee.h - where the mounts of a new container would lie, before any of them is made
 *
 * In       an fd of the root file system, the mount plan, what each bind's source is going to be
 * Out      one path per entry of `mounts`, without symlinks
 * Effects  opens sources, and reads links below the root and below them, never outside. No link of
 *          procfs is taken for what it jumps to
 *
 * A destination may lead through mounts that were made before: /data/current/log, where /data is a
 * volume and `current` a link in it. Links are followed as in a chroot, each in the mount that is on
 * top there. A file system that is mounted anew is empty then, but for a tmpfs that is a copy of what
 * it covers. Whoever writes to a volume can change the answer at any time: it is for comparing.
 */
#ifndef KEDGE_CORE_LINUX_FORESEE_H
#define KEDGE_CORE_LINUX_FORESEE_H

#include "core/base/str.h"
#include "core/plan/mount_plan.h"

struct foresee_input {
	int root_fd; /* O_PATH will do */
	const struct mount_plan *mounts;
	/* The host path that bind `row` is made from when it lies at `place`; NULL: it isn't known. */
	const char *(*source)(void *ctx, const struct mount_plan_row *row, const char *place);
	void *ctx;
};

/*
 * An array as live_mounts_build() wants it, in the arena. NULL where links go round in circles (the
 * text of the config decides then).
 */
const char *const *foresee_destinations(const struct foresee_input *in, struct arena *arena);

#endif
