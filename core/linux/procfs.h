/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.h - a procfs of our own, and writing to it
 *
 * In       nothing: the handle shows the caller's pid namespace
 * Out      an fd on the root of a detached procfs mount, which no other process can reach or cover
 * Effects  fsopen(2), fsmount(2), open_tree(2); writes below the handle
 * Source   openat2(2), proc(5); CVE-2025-52881, CVE-2019-19921, CVE-2019-16884
 *
 * A container's /proc is the container's: its image or its mounts can put another file, a symlink
 * or another procfs file (core_pattern, sysrq-trigger) under the path of the one that we mean. So
 * labels and sysctls are never written by a path below "/proc".
 */
#ifndef KEDGE_CORE_LINUX_PROCFS_H
#define KEDGE_CORE_LINUX_PROCFS_H

#include <stdbool.h>

#include "core/base/err.h"

/*
 * Open a private procfs of the caller's pid namespace: only the processes (subset=pid, Linux 5.8),
 * or with /proc/sys and the rest. On kernels without fsopen (before 5.2), or where a user namespace
 * forbids it, a clone of /proc without what is mounted on it, or at last /proc itself once it has
 * proven to be a procfs. Gives the fd (CLOEXEC, owned by the caller). Make one only when something
 * has to be written. Errors: ERR_DENIED when /proc isn't a procfs, ERR_SYS.
 */
int procfs_open(bool with_sys, struct err *err);

/*
 * Write `text` with one write() to the existing file `path` below the handle; the path may lead
 * through "self" and "thread-self", but over no magic link, no mount and not out of the handle.
 * Errors: ERR_NOT_FOUND, ERR_DENIED, ERR_SYS; path and text are named.
 */
int procfs_write(int procfd, const char *path, const char *text, struct err *err);

#endif
