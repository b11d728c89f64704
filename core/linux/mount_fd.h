/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_fd.h - mounts by file descriptor, and mount(2) where the kernel has no such calls
 *
 * In       open sources and open targets; no path inside a container is resolved here
 * Out      fds of mounts: O_PATH, CLOEXEC, they name the mount's root wherever it is moved
 * Effects  the caller's mount namespace
 * Source   open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2) (Linux 5.2),
 *          mount_setattr(2) (5.12); CVE-2021-30465 for why targets are fds
 *
 * Without these calls (ENOSYS, or EPERM from somebody's seccomp filter) mount(2) is given
 * /proc/self/fd/N, which is the opened file itself and no path that could be swapped. A new
 * mount's fd must then be had by its path, so a target carries that too.
 *
 * Functions without `struct err` give -1 with errno: their callers know what the mount is for.
 */
#ifndef KEDGE_CORE_LINUX_MOUNT_FD_H
#define KEDGE_CORE_LINUX_MOUNT_FD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

/* Where to mount. */
struct mount_fd_target {
	int fd;	     /* the directory or file itself */
	int root_fd; /* with `path` below it only for kernels without move_mount() */
	const char *path;
};

/* MOUNT_ATTR_… to set and to clear: for a mount, and for it with all its submounts. */
struct mount_fd_attrs {
	uint64_t set, clr;
	uint64_t rec_set, rec_clr;
};

/* A bind mount in the making. `fd` is the owner's to close. */
struct mount_fd_bind {
	int fd;	      /* a detached copy of the source, later the mount; or the source itself */
	bool is_copy; /* which of the two */
	bool is_recursive;
};

/* A file system to be mounted anew. */
struct mount_fd_fs {
	const char *type;
	const char *source;  /* what mountinfo shows, or the device; NULL: none */
	const char *data;    /* comma-separated options of the file system, or NULL */
	const char *label;   /* SELinux context of its files, or NULL */
	unsigned long flags; /* MS_… of mount and superblock */
};

/*
 * open_tree() with OPEN_TREE_CLONE: a detached copy of the mount at `path`, without submounts
 * unless `flags` (AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW) has AT_RECURSIVE.
 * Gives its fd. It vanishes with the last fd unless it was attached.
 */
int mount_fd_clone(int dir_fd, const char *path, unsigned int flags);

/* Attach a detached mount, whole, at an open directory or file. The fd stays its handle. */
int mount_fd_attach(int mount_fd, int target_fd);

/*
 * Take the source of a bind: `path` below `dir_fd`, with the flags of mount_fd_clone().
 * Fills `bind` on success.
 */
int mount_fd_bind_from(int dir_fd, const char *path, unsigned int flags,
		       struct mount_fd_bind *bind);

/*
 * Mount the bind with these attributes, from the first moment on where the kernel can; attributes
 * not named stay as the source has them. `bind->fd` becomes the fd of the mount. After a failure
 * it may have been mounted with other attributes.
 * Errors (errno): EOPNOTSUPP for recursive attributes without mount_setattr().
 */
int mount_fd_bind_to(struct mount_fd_bind *bind, const struct mount_fd_target *target,
		     const struct mount_fd_attrs *attrs);

/* Change the attributes of the mount that `fd` is the root of. Errors (errno): as above. */
int mount_fd_set(int fd, const struct mount_fd_attrs *attrs);

/*
 * What is to be set and cleared on a mount with the flags `from` to have those of `to`: MS_… as
 * struct mount_row has them. What is the same on both sides isn't touched.
 */
struct mount_fd_attrs mount_fd_difference(unsigned long from, unsigned long to);

/* Change its propagation: one of MS_SHARED, MS_SLAVE …, with MS_REC for submounts too. */
int mount_fd_propagate(int fd, unsigned long how);

/*
 * mount(2) with MS_REMOUNT: set all flags of what is mounted at `fd` anew; with MS_BIND in `flags`
 * those of the mount, else those of its file system too, which then reads `data`.
 */
int mount_fd_remount(int fd, unsigned long flags, const char *data);

/*
 * A new file system that is mounted nowhere yet: it vanishes with the last fd unless it is
 * attached. In another mount namespace, too. Errors: ERR_UNSUPPORTED also where only mount(2)
 * could do it.
 */
int mount_fd_detached(const struct mount_fd_fs *fs, struct err *err);

/*
 * Mount a new file system. Gives the fd of the mount.
 * Errors: ERR_UNSUPPORTED for an unknown type; else from errno, with the kernel's own words where
 * it has any ("tmpfs: Unknown parameter 'sise'").
 */
int mount_fd_new(const struct mount_fd_fs *fs, const struct mount_fd_target *target,
		 struct err *err);

#endif
