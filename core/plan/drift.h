/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift.h - what became of config.json's mounts since the checkpoint
 *
 * In       the live config.json's mounts, the sidecar's, which of them are the same, those of the image
 * Out      findings; rows for what has to be added
 * Effects  none
 *
 * Without a sidecar an entry that the image hasn't got may have been unmounted inside, or may be new:
 * it stays away, with a warning; mounts on one path are refused unless config.json has as many binds
 * there. With one:
 *   added                 a bind or a tmpfs is attached when the rest is restored; anything else is
 *                         refused, and so is what would cover a mount of the image or lie where
 *                         one was
 *   dropped               refused, unless the user gives the mount a source
 *   another destination   refused: CRIU puts the mount where it was; also where the destination is
 *                         the same and leads elsewhere by links, unless the user gives it a source or
 *                         the container had moved it
 *   bind or not           refused
 *   unmounted inside      stays so
 * Changed options are restore_settle.c's.
 */
#ifndef KEDGE_CORE_PLAN_DRIFT_H
#define KEDGE_CORE_PLAN_DRIFT_H

#include "core/plan/entry_match.h"
#include "core/plan/external.h"
#include "core/plan/findings.h"
#include "core/plan/restore_row.h"

struct external_restore_input;

/*
 * Compare. `plan` has a row for each external mount of the image, and room in `v` and in `rows` for
 * each entry of config.json; those added are appended, without key. Findings: ERR_INVALID,
 * ERR_UNSUPPORTED.
 */
void drift_find(const struct external_restore_input *in, const struct entry_matches *matches,
		struct external_plan *plan, struct restore_row *rows, struct findings *findings);

#endif
