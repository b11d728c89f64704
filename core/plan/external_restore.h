/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_restore.h - from where each external mount of an image comes this time
 *
 * In       struct external_restore_input: the rows of mountpoints-N.img, the live spec, the user's
 *          --external and --map, the sidecar if there is one
 * Out      struct external_plan: one row per external mount of the image, in its order, each with
 *          a source; then one per mount that config.json has and the checkpoint hadn't
 * Effects  none; safe on hostile images; fuzzed by external_restore_fuzz.c
 * Source   design: images are data, never policy
 *
 * A source comes from, in this order:
 *   1. the user's --external mnt[KEY]:HOSTPATH
 *   2. the live config.json: the bind whose destination is the key, or else the mountpoint
 *   3. what the caller has for that mountpoint: views of the new container's cgroup
 *   4. /dev/null for a masked path, the host's own node for a device of the spec
 *   5. with --external mnt[] alone, the host path that the image names; it is the user's word that
 *      this image may be trusted
 *   6. the source of the mount that it lies on, plus the rest of the path: a submount. Whoever
 *      opens it has to see that a mount is there
 * What isn't explicitly the user's goes through --map then. Without mnt[] no path of the image is
 * ever used, and none of the sidecar in any case.
 *
 * A key that CRIU's mnt[] gave has no meaning, and one that several mounts on one path share is that
 * of the first; the sidecar knows the mount's own, or that the mount isn't external at all.
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_RESTORE_H
#define KEDGE_CORE_PLAN_EXTERNAL_RESTORE_H

#include "core/plan/checkpoint_info.h"
#include "core/plan/external.h"
#include "core/plan/external_args.h"
#include "core/plan/image_mount.h"
#include "core/plan/live_mounts.h"
#include "core/plan/remap.h"
#include "core/plan/restore_row.h"
#include "core/spec.h"

/* What the caller binds at a path of the container without config.json saying so. */
struct external_source {
	const char *mountpoint;
	const char *path; /* on the host */
	enum external_origin origin;
};

struct external_restore_input {
	const struct live_mounts *live;
	const struct image_mount *mounts; /* of the root mount namespace */
	size_t n_mounts;
	const struct external_args *args;   /* parsed for EXTERNAL_RESTORE */
	struct remap *remap;		    /* marks what it uses */
	const struct checkpoint_info *info; /* empty: there is no sidecar */
	const struct external_source *extras;
	size_t n_extras;
};

/*
 * Build the plan for a restore. `plan` is empty on entry; its strings may point into all that is
 * passed in. `*rows` lies in the plan's arena. After a failure the plan holds what could be
 * planned, rows without a source among it, so that the caller can add what is wrong with the
 * sources that there are; external_plan_done() is due. plan->warnings names what is worth a word and
 * no refusal.
 * Errors: ERR_INVALID, all in one message: a key without a source, a key of the user's that the
 * image doesn't have, an image that asks for a plugin, a config.json that has changed since in a
 * way that can't be honoured.
 */
int external_restore_plan(const struct external_restore_input *in, struct external_plan *plan,
			  struct restore_row **rows, struct err *err);

#endif
