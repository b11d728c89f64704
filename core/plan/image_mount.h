/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_mount.h - one mount as CRIU's images have it, in plain C
 *
 * Out      filled by core/cr/images.c; read by external_restore.c
 * Source   criu's images/mnt.proto; proto/mnt.proto here
 *
 * It is what the dumping host wrote, or what somebody else did: data to check, never to obey.
 */
#ifndef KEDGE_CORE_PLAN_IMAGE_MOUNT_H
#define KEDGE_CORE_PLAN_IMAGE_MOUNT_H

#include <stdbool.h>

struct image_mount {
	unsigned int id;
	unsigned int parent;
	unsigned int major, minor;
	unsigned int fstype; /* CRIU's number; 12 cgroup, 23 cgroup2, 0 any disk */
	unsigned long flags; /* MS_… */
	unsigned int shared;
	unsigned int master;
	const char *mountpoint; /* absolute, no ".."; "/" is the root */
	const char *root;
	const char *source;
	const char *options;
	const char *key; /* external: the key; else NULL */
	bool is_deleted;
	bool has_plugin; /* only a plugin of CRIU can restore it */
};

#endif
