/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.h - the container's file system: mounted, furnished, entered, closed off
 *
 * In       struct mount_plan (checked by core/plan), struct spec, the container's cgroup
 * Out      a process whose root is the container's
 * Effects  mounts in the caller's mount namespace, which must be the container's own; mountpoints,
 *          device nodes and links in the root file system; umask, cwd and root of the caller
 * Source   runtime-spec config.md#mounts, config-linux.md; the order of runc's prepareRootfs and
 *          finalizeRootfs; pivot_root(2)
 *
 * Calls in this order, in the container's first process, as root of its user namespace:
 * rootfs_prepare, rootfs_mount_all, rootfs_devices, (hooks,) rootfs_pivot, (console, sysctls,)
 * rootfs_finish, rootfs_done. rootfs_open_sources is for its parent, before that process is made.
 *
 * Nothing inside the container is ever named by a host path: each destination is opened below
 * root_fd as in a chroot, then mounted on by fd, so an image full of symlinks, or another container
 * that renames in a shared image meanwhile, can't lead out (CVE-2019-18837, CVE-2021-30465,
 * CVE-2024-45310).
 */
#ifndef KEDGE_CORE_LINUX_ROOTFS_H
#define KEDGE_CORE_LINUX_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/linux/cgroup.h"
#include "core/linux/mount_fd.h"
#include "core/plan/mount_plan.h"
#include "core/spec.h"

/* A mount that is written to until the end. */
struct rootfs_late {
	int fd;
	const char *destination;
};

/* The caller sets the first part, with root_fd -1; the second is zeroed and belongs to rootfs. */
struct rootfs {
	const struct spec *spec;
	const struct mount_plan *plan;
	const struct cgroup *cgroup;
	const char *path; /* of the root file system, on the host: absolute, without symlinks */
	int *source_fds;  /* from rootfs_open_sources(), or NULL */
	int root_fd;	  /* the container's root; valid from rootfs_prepare() to rootfs_done() */
	bool has_cgroup_ns;
	bool no_pivot; /* move the mount over "/" and chroot: for an initramfs, which can't pivot */

	struct rootfs_late *at_end; /* mounts to be made read-only by rootfs_finish() */
	size_t n_at_end;
	int host_fd;		   /* the host's "/", from prepare to pivot */
	struct mount_fd_bind null; /* a verified /dev/null for masks */
	dev_t root_dev;		   /* device number of the root file system */
	bool has_host_fd, has_null;
};

/*
 * For the parent, with the host's rights and mount namespace: take copies of those bind sources
 * that the child may not be able to open (it gets a user namespace) or to map (idmapped mounts).
 * `*fds` is NULL when none is needed, else an array of one fd or -1 per row of the plan; the caller
 * gives it back with rootfs_close_sources(). The child has them by inheritance. It uses a copy only
 * where its own rights don't reach: on its own it gets the host's "ro", "nosuid" … locked, on ours
 * CAP_SYS_ADMIN inside the user namespace may take them off.
 * Errors: ERR_NOT_FOUND for a missing source, ERR_UNSUPPORTED when the kernel or the file system
 * can't idmap, ERR_SYS; all with the mount named.
 */
int rootfs_open_sources(const struct spec *spec, const struct mount_plan *plan, int **fds,
			struct err *err);

/* Close and free the fds of rootfs_open_sources(); NULL is fine. */
void rootfs_close_sources(int *fds, const struct mount_plan *plan);

/*
 * Cut the mount namespace off from the host's (rootfsPropagation, or "rslave" as in runc), mount
 * the root file system on itself and open it. Sets the umask to 0, which rootfs_finish() ends.
 * Errors: ERR_INVALID for a private rootfsPropagation without pivot_root, ERR_SYS.
 */
int rootfs_prepare(struct rootfs *r, struct err *err);

/*
 * Make all mounts of the plan, in its order. Missing destinations are created: a file for a bind of
 * anything but a directory, else a directory (0755).
 * Errors: `mount 3 (/data): …` with the kind of what went wrong; ERR_INVALID for proc or sysfs on
 * a symlink, a mount that a symlink brings into /proc, a directory bound on a file.
 */
int rootfs_mount_all(struct rootfs *r, struct err *err);

/*
 * Make the devices that every container has and the spec's, the links in /dev, and ptmx, unless
 * /dev is a bind. In a user namespace the host's nodes are bound instead.
 * Errors: ERR_EXISTS when something else is in a device's place, ERR_INVALID when the host's node
 * is another device, ERR_SYS.
 */
int rootfs_devices(struct rootfs *r, struct err *err);

/*
 * Make the container's root the caller's, and its cwd; what lies outside is unmounted. Then
 * rootfsPropagation is applied to the new root. Errors: ERR_SYS.
 */
int rootfs_pivot(struct rootfs *r, struct err *err);

/*
 * Make read-only what shall be (tmpfs mounts, /dev, the root), then readonlyPaths and maskedPaths.
 * Sets the umask to 022. Errors: ERR_SYS, the path named.
 */
int rootfs_finish(struct rootfs *r, struct err *err);

/* Close what is open; mounts stay. */
void rootfs_done(struct rootfs *r);

#endif
