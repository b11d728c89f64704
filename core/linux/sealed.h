/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed.h - run from a copy of our own binary that nobody can write to
 *
 * In       argv and envp of main()
 * Out      the same command line in a process whose /proc/PID/exe can't be opened for writing
 * Effects  execveat(2) of a detached read-only mount of the binary, or of a sealed memory file
 * Source   CVE-2019-5736; open_tree(2), mount_setattr(2), memfd_create(2)
 *
 * Between clone and execve the container's first process still is the kedge binary. A container can
 * make it execute /proc/self/exe, or look at /proc/PID/exe while an exec enters; the link it keeps
 * leads to the host's file through the mount that it was executed from. Waiting until no kedge
 * runs, it can open that for writing and have the host's root execute what it writes. A mount that
 * belongs to no mount namespace any more and is read-only can't be written through, remounted or
 * copied.
 */
#ifndef KEDGE_CORE_LINUX_SEALED_H
#define KEDGE_CORE_LINUX_SEALED_H

#include <stdbool.h>

#include "core/base/err.h"

/*
 * Make sure that this process runs from a binary that can't be written through /proc/PID/exe.
 * Returns 0 when that is so: at once where the binary lies on a read-only mount, else in a second
 * life with the same arguments. For the commands that enter a container; call it before anything is
 * made, as it executes again. `envp` loses the mark of the second life. Errors: ERR_STATE (executed
 * again and still not sealed), ERR_SYS (neither a mount nor a memory file works).
 */
int sealed_self_exec(char **argv, char **envp, struct err *err);

/* Whether the file behind `fd` is on a read-only mount, or a memory file sealed against writing. */
bool sealed_is_safe(int fd);

#endif
