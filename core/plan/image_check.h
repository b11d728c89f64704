/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_check.h - whether the mounts of an image are such as a container of this config.json has
 *
 * In       the rows of one mountpoints-N.img, which may be hostile; the live config
 * Out      findings: one per row that is refused, each naming the mountpoint
 * Effects  none; fuzzed by image_check_fuzz.c
 * Source   design: images are data, never policy; criu's mount.c and mount-v2.c (4.1.1): what it
 *          makes of each row, and that it takes paths and options from there as they are
 *
 * What has a key is external_restore.h's matter: it gets its source from config.json or the user. The
 * others CRIU makes itself, as root and with the host's file system in sight, so the image would
 * decide what the container sees. Therefore
 *   - a path inside a file system ("root") doesn't climb: CRIU opens it as it is
 *   - a file system is made only if it can't show anything of the host (tmpfs, devpts, mqueue), or
 *     if it is one of the kernel's and config.json has it there; disks and overlays need a key
 *   - what is bound from another mount is no looser than that one, and proc, sysfs and cgroups are
 *     bound onto themselves only
 *   - what lies on a masked or read-only path of config.json masks, or is read-only
 * In other namespaces than the root task's, a copy of one of the root task's rows is as good as that
 * one, and nothing else has a key.
 *
 * A container whose config.json gives it CAP_SYS_ADMIN may have mounted what the kernel has itself,
 * and loosened flags; paths of the host it couldn't name.
 */
#ifndef KEDGE_CORE_PLAN_IMAGE_CHECK_H
#define KEDGE_CORE_PLAN_IMAGE_CHECK_H

#include "core/plan/findings.h"
#include "core/plan/image_mount.h"
#include "core/plan/live_mounts.h"

struct image_check_input {
	const struct live_mounts *live;
	const struct image_mount *mounts; /* of one mount namespace; they form a tree */
	size_t n_mounts;
	unsigned int root_id;		 /* whose root directory is this mount */
	const struct image_mount *outer; /* if that one isn't the root task's: the root task's */
	size_t n_outer;
};

/* CRIU's number for a file system of this type; 0, which is any disk, for others. */
unsigned int image_check_number(const char *fstype);

/* Look at every row. Findings are ERR_INVALID. */
void image_check(const struct image_check_input *in, struct findings *findings);

#endif
