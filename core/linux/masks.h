/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masks.h - maskedPaths and readonlyPaths: hide or write-protect parts of the container's tree
 *
 * In       the container's root and a verified /dev/null, as fds; lists of paths
 * Out      mounts over these paths
 * Effects  the caller's mount namespace
 * Source   runtime-spec config-linux.md#masked-paths and #readonly-paths; CVE-2025-31133 (what is
 *          bound over a file must be a null device that nobody can exchange)
 *
 * A path that doesn't exist needs no protection and is skipped. Symlinks are followed inside the
 * root.
 */
#ifndef KEDGE_CORE_LINUX_MASKS_H
#define KEDGE_CORE_LINUX_MASKS_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/linux/mount_fd.h"
#include "core/spec.h"

/* Whether `fd` (O_PATH will do) is the null device, character device 1:3. */
bool masks_is_null(int fd);

/*
 * Hide each path: `null` is bound over a file, an empty read-only tmpfs over a directory. All
 * directories share one tmpfs, so that CRIU has one to save instead of a dozen. `null` is a null
 * device inside the root, or a detached copy of one outside, which the first file then takes.
 * `label` is the tmpfs's SELinux context or NULL. Errors: ERR_SYS, the path named.
 */
int masks_hide(int root_fd, struct mount_fd_bind *null, const struct spec_strings *paths,
	       const char *label, struct err *err);

/*
 * Make each path and what is mounted below it read-only, by a bind of it on itself; other
 * attributes stay. Errors: ERR_SYS, the path named.
 */
int masks_protect(int root_fd, const struct spec_strings *paths, struct err *err);

#endif
