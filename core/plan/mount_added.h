/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_added.h - whether a mount that was added to a restored container is what it is to be
 *
 * In       one row of the plan, the mount's own row in the container's mountinfo
 * Effects  none
 *
 * What the images have is compared as a tree (mount_check.h). What is added is known by its mount
 * id, and the submounts that it brings along are what the host has there.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_ADDED_H
#define KEDGE_CORE_PLAN_MOUNT_ADDED_H

#include "core/base/err.h"
#include "core/plan/mount_check.h"
#include "core/plan/mountinfo.h"

/* Compare; of `want` neither ids nor mountpoint count. Errors: ERR_CRIU with both sides. */
int mount_added_check(const struct mount_expect_row *want, const struct mount_row *actual,
		      struct err *err);

#endif
