/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_restore_entry.h - which entry of the live config.json an external mount belongs to
 *
 * In       the live mounts, the sidecar, the entries of then matched with those of now
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_RESTORE_ENTRY_H
#define KEDGE_CORE_PLAN_EXTERNAL_RESTORE_ENTRY_H

#include "core/plan/entry_match.h"
#include "core/plan/external_restore.h"

/*
 * The bind of config.json that the mount `m` of the image is, or NULL. By its key, which is the
 * destination at create: a mount that was moved is still that entry's. Then by the destination in
 * the sidecar, then by its mountpoint. Of several there the sidecar knows which; without one they are
 * in the order in which the image has them on one another. `row` is the plan's for `m`, with what is
 * known of it in the image and in the sidecar.
 */
const struct live_mount *external_restore_entry(const struct external_restore_input *in,
						const struct entry_matches *matches,
						const struct external_mount *m,
						const struct restore_row *row);

/*
 * What the user's --external says of the bind that config.json has at `written`, and that lies at
 * `place`: by its key, which the sidecar may know better than its place, or by either path. NULL if
 * nothing is said. Of `in` only `args` and `info` are read.
 */
const struct external_pair *external_restore_pair(const struct external_restore_input *in,
						  const char *written, const char *place);

#endif
