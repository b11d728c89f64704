/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint_info.h - what kedge notes beside the images: kedge.json as a value
 *
 * Out      filled by external_dump.c and core/cr/checkpoint.c, written and read by core/cr/sidecar.c
 *          (hack/SIDECAR.md has the JSON), read by the restore's plan, `kedge plan`, `kedge inspect`
 * Effects  none
 * Source   design: the sidecar is advisory. It improves checks and messages; what is mounted never
 *          comes from it, and a restore without it works from the images
 *
 * It may be hostile: bound what you take from it, and check it against the images.
 */
#ifndef KEDGE_CORE_PLAN_CHECKPOINT_INFO_H
#define KEDGE_CORE_PLAN_CHECKPOINT_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/plan/external.h"

#define CHECKPOINT_INFO_VERSION 1

/* What had become of a bind's source when the checkpoint was made. */
enum checkpoint_source {
	CHECKPOINT_SOURCE_SAME,	   /* config.json's path leads to what is mounted */
	CHECKPOINT_SOURCE_UNKNOWN, /* there was no record, or no path to look at */
	CHECKPOINT_SOURCE_DELETED, /* what is mounted was unlinked; nothing is at the path */
	CHECKPOINT_SOURCE_REPLACED, /* the path leads to something else (or a deleted one was replaced) */
	CHECKPOINT_SOURCE_GONE, /* its file system is mounted nowhere on the host any more */
	CHECKPOINT_SOURCES,
};

/* One mount of the container, external or not. */
struct checkpoint_mount {
	unsigned int id, parent; /* mount ids, as in the images */
	const char *mountpoint;	 /* its real bytes: CRIU leaves "\012" for a newline */
	const char *key;	 /* external: its key. Else NULL: CRIU makes or binds it */
	enum external_origin origin;
	enum external_kind kind;
	size_t mount_index;	    /* in config.json's mounts at the checkpoint, or SIZE_MAX */
	const char *destination;    /* of that entry, as resolved at create; NULL without entry */
	const char *written;	    /* the same as config.json has it, where links lead elsewhere */
	const char *type, *options; /* of that entry: options joined with "," */
	const char *config_source;  /* of that entry, absolute */
	const char *below;	    /* SUBMOUNT: path below that entry's mount */
	const char *source;	    /* where the host had it at the checkpoint, or NULL */
	enum checkpoint_source source_state;
	unsigned int major, minor;
	uint64_t inode; /* of the mount's root; 0: not known */
	const char *fstype, *root;
	const char *fs_source; /* mountinfo's "source": a device, or any word */
	unsigned long flags;   /* MS_…, as struct mount_row has them */
	enum external_propagation propagation;
	unsigned int shared, master; /* peer groups, as in the images */
	bool is_idmapped, is_unbindable, is_deleted;
	bool is_moved; /* it isn't where create put it */
};

/* An entry of config.json's mounts that wasn't there any more: unmounted, it stays so. */
struct checkpoint_unmounted {
	size_t mount_index;
	const char *destination; /* resolved at create, else in normal form */
	const char *written;	 /* as above */
};

/* A zeroed struct is empty: there was no sidecar. */
struct checkpoint_info {
	struct arena arena;
	unsigned int version; /* CHECKPOINT_INFO_VERSION; 0: empty */
	const char *engine;   /* "kedge 0.1.0" */
	const char *criu;     /* "4.1.1" */
	const char *kernel;   /* uname -r */
	const char *host;     /* nodename */
	const char *boot_id;  /* of that kernel's run; tells whether inodes can be compared */
	const char *id;	      /* of the container */
	const char *created;  /* RFC 3339, UTC */
	struct checkpoint_mount *v;
	size_t n;
	const struct checkpoint_mount **by_id; /* checkpoint_info_index(), or NULL */
	struct checkpoint_unmounted *unmounted;
	size_t n_unmounted;
};

/* Make the finding of rows quick, when all are there. */
void checkpoint_info_index(struct checkpoint_info *info);

/* The row of mount `id` of the images, or NULL. */
const struct checkpoint_mount *checkpoint_info_find(const struct checkpoint_info *info,
						    unsigned int id);

/* The same, if it was at `mountpoint`: a row that names another one is about something else. */
const struct checkpoint_mount *checkpoint_info_find_at(const struct checkpoint_info *info,
						       unsigned int id, const char *mountpoint);

/*
 * Whether it is a submount that was moved out of the mount it came along with (`m` may be NULL). Then
 * `below` says where it lay there, and doesn't lead out of it.
 */
bool checkpoint_mount_was_moved_out(const struct checkpoint_mount *m);

/* "same", "unknown", "deleted", "replaced", "gone" */
const char *checkpoint_source_name(enum checkpoint_source state);

/* Give back the memory; the value is empty afterwards. */
void checkpoint_info_done(struct checkpoint_info *info);

#endif
