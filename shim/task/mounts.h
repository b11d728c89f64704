/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.h - the mounts that make a task's root file system
 *
 * In       the list of a Create request: an overlay or a bind, as a rule
 * Out      BUNDLE/rootfs in the mount namespace that containerd sees: it unpacks files there
 *          between Create and Start of a restore, and unmounts what we leave
 * Effects  mount(2), umount2(2)
 * Source   containerd core/mount/mount_linux.go
 */
#ifndef KEDGE_SHIM_TASK_MOUNTS_H
#define KEDGE_SHIM_TASK_MOUNTS_H

#include "core/base/err.h"
#include "proto/task.pb-c.h"

/*
 * Mount all, in order, each on BUNDLE/rootfs or below it. What was mounted is undone on failure.
 * Errors: from errno with the mount named; ERR_LIMIT for options longer than a page, which those of an
 * overlay may be.
 */
int mounts_make(const char *bundle, Task__Mount *const *mounts, size_t n, struct err *err);

/* Take away whatever is mounted on BUNDLE/rootfs; nothing is fine. Errors: from errno. */
int mounts_remove(const char *bundle, struct err *err);

#endif
