/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_guard.h - what an image may have CRIU do with mounts that nobody gave a key
 *
 * In       the mounts of the images, which may be hostile; the plan of the external mounts
 * Out      findings, each naming the mountpoint
 * Effects  opens paths in the root file system and in the sources, following no link
 * Source   core/plan/image_check.h for the rules; criu's mount-v2.c (4.1.1), do_bind_mount_v2: a part
 *          of a file system is opened by path, and links in it lead to the host's files
 */
#ifndef KEDGE_CORE_CR_IMAGE_GUARD_H
#define KEDGE_CORE_CR_IMAGE_GUARD_H

#include "core/cr/images_copy.h"
#include "core/plan/external.h"
#include "core/plan/findings.h"
#include "core/plan/live_mounts.h"

struct image_guard_input {
	int root_fd; /* of the root file system, O_PATH */
	const struct live_mounts *live;
	const struct images_copy *copy;	  /* all namespaces; the mounts form trees */
	const struct external_plan *plan; /* a source, or none, for each that has a key */
};

/*
 * Look at the mounts of every namespace. Findings: ERR_INVALID.
 *
 * What a tmpfs will hold can't be known here, so neither whether a link in it leads a bind away: the
 * comparison after the restore sees the wrong device.
 */
void image_guard(const struct image_guard_input *in, struct findings *findings);

#endif
