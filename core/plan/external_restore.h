/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_restore.h - from where each external mount of an image comes this time
 *
 * In       struct external_restore_input: the rows of mountpoints-N.img, the live spec, the user's
 *          --external
 * Out      struct external_plan: one row per external mount of the image, in its order, each with
 *          a source
 * Effects  none; safe on hostile images; fuzzed by external_restore_fuzz.c
 * Source   design: images are data, never policy
 *
 * A source comes from, in this order:
 *   1. the user's --external mnt[KEY]:HOSTPATH
 *   2. the live config.json: the bind whose destination is the mountpoint
 *   3. what the caller has for that mountpoint: views of the new container's cgroup
 *   4. /dev/null for a masked path, the host's own node for a device of the spec
 *   5. with --external mnt[] alone, the host path that the image names; it is the user's word that
 *      this image may be trusted
 *   6. the source of the mount that it lies on, plus the rest of the path: a submount. Whoever
 *      opens it has to see that a mount is there
 * Without mnt[] no path of the image is ever used.
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_RESTORE_H
#define KEDGE_CORE_PLAN_EXTERNAL_RESTORE_H

#include "core/plan/external.h"
#include "core/plan/external_args.h"
#include "core/plan/image_mount.h"
#include "core/spec.h"

/* What the caller binds at a path of the container without config.json saying so. */
struct external_source {
	const char *mountpoint;
	const char *path; /* on the host */
	enum external_origin origin;
};

struct external_restore_input {
	const struct spec *spec;
	const struct image_mount *mounts; /* of the root mount namespace */
	size_t n_mounts;
	const struct external_args *args; /* parsed for EXTERNAL_RESTORE */
	const char *const *destinations;  /* as in external_dump.h, in the new root; or NULL */
	const struct external_source *extras;
	size_t n_extras;
};

/*
 * Build the plan for a restore. `plan` is empty on entry; its strings may point into all that is
 * passed in. After a failure it holds what could be planned, rows without a source among it, so that
 * the caller can add what is wrong with the sources that there are; external_plan_done() is due. plan->warnings names the binds of config.json that the
 * image doesn't have.
 * Errors: ERR_INVALID, all in one message: a key without a source, a key of the user's that the
 * image doesn't have, one key for mounts with different sources, an image that asks for a plugin.
 */
int external_restore_plan(const struct external_restore_input *in, struct external_plan *plan,
			  struct err *err);

#endif
