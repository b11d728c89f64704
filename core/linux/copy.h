/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.h - copy what lies in a directory into another one
 *
 * In       two open directories; the source may belong to a hostile image
 * Out      the same tree: files, directories, symlinks, device nodes, fifos, with owner, mode and
 *          times. Hard links become files of their own, extended attributes are left behind
 * Effects  creates below the target; follows no symlink on either side
 * Source   runc's option "tmpcopyup"
 */
#ifndef KEDGE_CORE_LINUX_COPY_H
#define KEDGE_CORE_LINUX_COPY_H

#include "core/base/err.h"

/*
 * Copy the content of directory `from_fd` into the empty directory `to_fd` (O_PATH will do for
 * both). What this user may not make (a device in a user namespace, an owner without a mapping) is
 * left out or gets the caller's owner. Errors: ERR_LIMIT for a tree nested over 256 deep, ERR_SYS
 * with the path named.
 */
int copy_tree(int from_fd, int to_fd, struct err *err);

#endif
