/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_ids.h - ids of mounts that are never given to another one
 *
 * In       a process, whose mount namespace is asked about
 * Out      pairs of the id that mountinfo shows and the one that is unique
 * Effects  none: it asks the kernel
 * Source   listmount(2), statmount(2) (Linux 6.8); ioctl_nsfs(2) NS_GET_MNTNS_ID (6.11)
 *
 * The ids of mountinfo are used again as soon as a mount is gone. Before Linux 6.11 there is nothing
 * better: the list is empty.
 */
#ifndef KEDGE_CORE_LINUX_MOUNT_IDS_H
#define KEDGE_CORE_LINUX_MOUNT_IDS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mount_id {
	unsigned int id; /* as in mountinfo */
	uint64_t unique_id;
};

/* A zeroed struct is an empty list. */
struct mount_ids {
	struct mount_id *v; /* sorted by `id` */
	size_t n;
};

/*
 * List the mounts of `pid`'s mount namespace that lie below its root. `ids` is empty on entry, and
 * stays so where the kernel doesn't know.
 */
void mount_ids_read(pid_t pid, struct mount_ids *ids);

/* The unique id of mount `id`, or 0. */
uint64_t mount_ids_find(const struct mount_ids *ids, unsigned int id);

/* Give back the memory; the list is empty afterwards. */
void mount_ids_done(struct mount_ids *ids);

#endif
