/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs_internal.h - what the rootfs_*.c files share
 *
 * In       struct rootfs, one row of its plan
 * Out      mounts, as fds
 * Effects  as rootfs.h says
 * Source   rootfs.h
 */
#ifndef KEDGE_CORE_LINUX_ROOTFS_INTERNAL_H
#define KEDGE_CORE_LINUX_ROOTFS_INTERNAL_H

#include "core/linux/rootfs.h"

/* linux.mountLabel, the SELinux context of what we mount; NULL when there is none. */
const char *rootfs_label(const struct rootfs *r);

/*
 * What is left to do when a row is mounted: the propagation words in their order, and, for a mount
 * that is made read-only at the end, keeping its fd, which is then taken out of `*mount_fd`.
 * Errors: ERR_SYS.
 */
int rootfs_settle(struct rootfs *r, const struct mount_plan_row *row, int *mount_fd,
		  struct err *err);

/* Mount a row of type "cgroup": one cgroup2, or a tmpfs with one mount per v1 hierarchy. */
int rootfs_mount_cgroup(struct rootfs *r, const struct mount_plan_row *row, struct err *err);

#endif
