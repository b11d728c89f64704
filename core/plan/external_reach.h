/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_reach.h - what CRIU can make of a mount by itself, and where a mount lies on the host
 *
 * In       rows of the container's and of our own mountinfo
 * Out      answers; paths live in the arena that is passed in
 * Effects  none
 * Source   criu's filesystems.c (what it mounts anew), mount.c (4.1.1)
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_REACH_H
#define KEDGE_CORE_PLAN_EXTERNAL_REACH_H

#include <stdbool.h>

#include "core/plan/mountinfo.h"

/* Whether CRIU can mount a file system of this type anew, with its content where it has any. */
bool external_reach_is_makeable(const char *fstype);

/*
 * Whether a new mount of this type shows what the old one did without a copy: the kernel has one
 * instance, or one per namespace. A tmpfs isn't of that sort.
 */
bool external_reach_is_kernel_fs(const char *fstype);

/* Whether it is cgroup or cgroup2. */
bool external_reach_is_cgroup(const char *fstype);

/* Whether what `row` shows is part of what `base` shows: same file system, root below root. */
bool external_reach_is_below(const struct mount_row *row, const struct mount_row *base);

/* Whether the host has a mount of the same file system. */
bool external_reach_is_on_host(const struct mount_table *host, const struct mount_row *row);

/*
 * Whether CRIU finds the mount by itself, with mnt[] and both kinds of sharing: the host has one of
 * the same superblock (source and options compared, too) that shows it, and for a slave one of its
 * masters.
 */
bool external_reach_auto_finds(const struct mount_table *host, const struct mount_row *row);

/* Whether a mount of the host is in peer group `group` (not 0). */
bool external_reach_has_peer(const struct mount_table *table, unsigned int group);

/*
 * A path of the host that shows what `row` shows and isn't hidden by another mount; of several the
 * mount with the longest root. NULL if there is none.
 */
const char *external_reach_host_path(struct arena *arena, const struct mount_table *host,
				     const struct mount_row *row);

/*
 * The host's mount that `row` was cloned from, when `row` came along with its parent: it shows the
 * same and is mounted on the same directory. NULL if the host has none (any more).
 */
const struct mount_row *external_reach_twin(const struct mount_table *container,
					    const struct mount_table *host,
					    const struct mount_row *row);

#endif
