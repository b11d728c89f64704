/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h - idmapped mounts: a mapping as an fd, and putting it on a detached mount
 *
 * In       id mappings of the spec, or the path of a user namespace
 * Out      an fd of a user namespace; a mount that shows other owners than the file system has
 * Effects  a child process that lives until its namespace is open
 * Source   mount_setattr(2) MOUNT_ATTR_IDMAP (Linux 5.12), user_namespaces(7);
 *          runtime-spec config.md#linux-mount-options, idmap and ridmap
 */
#ifndef KEDGE_CORE_LINUX_IDMAP_H
#define KEDGE_CORE_LINUX_IDMAP_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/spec.h"

/*
 * A user namespace with these mappings, for idmap_mount() alone: nobody lives in it. Gives its fd.
 * Errors: ERR_DENIED without the right to map, ERR_SYS.
 */
int idmap_userns(const struct spec_id_maps *uid_maps, const struct spec_id_maps *gid_maps,
		 struct err *err);

/*
 * Map the ids of a detached mount (mount_fd_clone()) by the user namespace `userns_fd`, with all
 * its submounts if `is_recursive`. Errors: ERR_UNSUPPORTED when the kernel or the mounted file
 * system can't, ERR_SYS.
 */
int idmap_mount(int mount_fd, int userns_fd, bool is_recursive, struct err *err);

#endif
