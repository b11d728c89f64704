/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_dump.h - which mounts of a container CRIU must treat as external, and under which key
 *
 * In       struct external_dump_input: the container's mountinfo and our own, the spec, what create
 *          recorded, what lies at the mounts and at their sources now, the user's --external
 * Out      struct external_plan: one row per external mount, in mountinfo order;
 *          struct checkpoint_info: one per mount
 * Effects  none; safe on hostile input; fuzzed by external_dump_fuzz.c
 * Source   criu's mount.c (4.1.1), validate_mounts, resolve_external_mounts, resolve_shared_mounts:
 *          what CRIU can make, and what it does with mnt[]
 *
 * A mount needs a key unless CRIU makes it itself (proc, a private tmpfs) or binds it from another
 * mount of the same file system in the container whose root it lies below. A bind of config.json
 * gets a key even so, because its source may differ at the restore. A tmpfs of the host always needs
 * one: CRIU would copy its content and cut the container off from it.
 *
 * Which mount an entry of config.json has made is told by its id (external_dump_entries.c), wherever
 * it lies now and whatever covers it; without a record by what it shows, at last by where it is.
 *
 * Keys are the entries' destinations, else the mountpoints; k0001 and so on where the path contains
 * "]" or ":", or a control character, or is another mount's key. The user's keys stay the user's.
 *
 * CRIU looks keys up by mountpoint, so a key takes all mounts on its path. Where external and other
 * mounts lie on one path it gets no key there but finds the external ones itself on the host (mnt[]
 * with sharing and masters); it then finds others, too, which the restore knows by the sidecar.
 *
 * Propagation: only a mount that the user's mnt[] takes must have mnt[]:s or mnt[]:m if it is shared
 * or a slave. With the others the restore sees to it.
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_DUMP_H
#define KEDGE_CORE_PLAN_EXTERNAL_DUMP_H

#include <stdint.h>

#include "core/plan/checkpoint_info.h"
#include "core/plan/external.h"
#include "core/plan/external_args.h"
#include "core/plan/mount_record.h"
#include "core/plan/mountinfo.h"
#include "core/spec.h"

/* What stat(2) says of something; of a mount it is what lies at its root. */
struct external_seen {
	enum { EXTERNAL_SEEN_UNKNOWN, EXTERNAL_SEEN_MISSING, EXTERNAL_SEEN_THERE } state;
	enum external_kind kind;
	unsigned int major, minor;
	uint64_t inode;
};

/* What may be NULL is not known. */
struct external_dump_input {
	const struct spec *spec;
	const struct mount_table *container;
	const struct mount_table *host;	     /* of the mount namespace that kedge runs in */
	const struct external_args *args;    /* parsed for EXTERNAL_CHECKPOINT */
	const char *const *destinations;     /* per spec mount: the path after symlinks in the
						 container, NULL entries unknown; or NULL */
	const struct mount_record *record;   /* from create, or NULL; may be empty */
	const uint64_t *unique_ids;	     /* per row of `container`, 0 unknown; or NULL */
	const struct external_seen *seen;    /* per row of `container`; or NULL */
	const struct external_seen *sources; /* per spec mount: at its source path now; or NULL */
};

/*
 * Build the plan for a dump. `plan` is empty on entry; all its strings are its own. After a
 * refusal it is filled all the same (external_plan_done() is due): with the external mounts, and
 * with those that are refused, whose `problem` says why. A row without `criu_path` is one that CRIU
 * isn't given a key for. `info` (empty on entry, or NULL) gets mounts and unmounted entries.
 * Errors: ERR_INVALID      --external names a mountpoint where nothing is mounted, or one key twice
 *         ERR_UNSUPPORTED  mounts that can't be dumped
 * All of them are in one message, by mountpoint, and the hint says how to let them through.
 */
int external_dump_plan(const struct external_dump_input *in, struct external_plan *plan,
		       struct checkpoint_info *info, struct err *err);

#endif
