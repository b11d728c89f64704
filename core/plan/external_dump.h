/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_dump.h - which mounts of a container CRIU must treat as external, and under which key
 *
 * In       struct external_dump_input: the container's mountinfo and our own, the spec, the user's
 *          --external; nothing is looked up by path: device, root and parent ids decide
 * Out      struct external_plan: one row per external mount, in mountinfo order
 * Effects  none; safe on hostile input; fuzzed by external_dump_fuzz.c
 * Source   criu's mount.c (4.1.1), validate_mounts and resolve_shared_mounts: what CRIU can make
 *
 * A mount needs a key unless CRIU makes it itself (proc, a private tmpfs) or binds it from another
 * mount of the same file system in the container whose root it lies below. A bind of config.json
 * gets a key even so, because its source may differ at the restore. A tmpfs of the host always needs
 * one: CRIU would copy its content and cut the container off from it.
 *
 * Keys are the mountpoints; k0001 and so on where the path contains "]" or ":", or a control
 * character, or is the name of another key. What the user keys keeps the user's name.
 *
 * Propagation: a mount that the user keys is taken as CRIU takes it. Otherwise a mount that is
 * shared with the host, or that config.json wants shared, is refused without mnt[]:s, because a
 * restore gives it a peer group of its own; one that config.json wants a slave is refused without
 * mnt[]:m. A bind that is a slave only because the host's mounts are shared is taken.
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_DUMP_H
#define KEDGE_CORE_PLAN_EXTERNAL_DUMP_H

#include "core/plan/external.h"
#include "core/plan/external_args.h"
#include "core/plan/mountinfo.h"
#include "core/spec.h"

struct external_dump_input {
	const struct spec *spec;
	const struct mount_table *container;
	const struct mount_table *host;	  /* of the mount namespace that kedge runs in */
	const struct external_args *args; /* parsed for EXTERNAL_CHECKPOINT */
	const char *const *destinations;  /* per spec mount: the path after symlinks in the
						 container, NULL entries unknown; or NULL */
};

/*
 * Build the plan for a dump. `plan` is empty on entry; all its strings are its own. After a
 * refusal it is filled all the same (external_plan_done() is due): with the external mounts, and
 * with those that are refused, whose `problem` says why and which have no key.
 * Errors: ERR_INVALID      --external names a mountpoint where nothing is mounted, or one key twice
 *         ERR_UNSUPPORTED  mounts that can't be dumped
 * All of them are in one message, by mountpoint, and the hint says how to let them through.
 */
int external_dump_plan(const struct external_dump_input *in, struct external_plan *plan,
		       struct err *err);

#endif
