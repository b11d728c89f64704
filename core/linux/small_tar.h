/* SPDX-License-Identifier: Apache-2.0 */
/*
 * small_tar.h - tar for the small trees of a container's tmpfs mounts: /dev, masked directories
 *
 * In       an open directory, or an archive; the archive may be hostile
 * Out      an archive as GNU tar makes it; the tree
 * Effects  reads a tree; makes entries in one, never outside of it
 * Source   POSIX.1-1988's ustar header with GNU's magic, as in GNU tar's manual, "Basic Tar Format"
 *
 * Known are directories, symlinks, devices and fifos, with short names. Whatever has more in it (a
 * file, a socket, a hard link) is for the real tar.
 */
#ifndef KEDGE_CORE_LINUX_SMALL_TAR_H
#define KEDGE_CORE_LINUX_SMALL_TAR_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* Append an archive of what is in `dirfd`. false if there is anything that isn't known, or an error. */
bool small_tar_pack(int dirfd, struct buf *out);

/* Whether all of this archive is known, and nothing in it leads out of the tree. */
bool small_tar_is_known(const struct buf *archive);

/*
 * Make what a known archive holds below `dirfd`, with owners, modes and times. Errors: ERR_SYS,
 * ERR_INVALID.
 */
int small_tar_unpack(const struct buf *archive, int dirfd, struct err *err);

#endif
