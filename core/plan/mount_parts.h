/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_parts.h - whether what CRIU bound from one mount of a container to another is a part of it
 *
 * In       struct mount_expect with the image's rows; what each of them has become
 * Out      findings (ERR_CRIU) that name the mountpoint and what is there instead
 * Effects  none
 * Source   criu's mount-v2.c (4.1.1), do_bind_mount_v2: it opens such a part by path, in sight of the
 *          host. A symlink on that path, which may be in a tmpfs of the image or come while CRIU
 *          works, leads to the host's files
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_PARTS_H
#define KEDGE_CORE_PLAN_MOUNT_PARTS_H

#include "core/plan/mount_check.h"

/* `actual` has one entry per row of `expect`, NULL for those that weren't found. */
void mount_parts_check(const struct mount_expect *expect, const struct mount_row *const *actual,
		       struct findings *findings);

#endif
