/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_settle.h - flags, propagation and fitness of each mount, now that its source is open
 *
 * In       the rows of the restore's plan; what was found at each source; the live spec
 * Out      flags, propagation, kind and idmapping of each row; problems and notes
 * Effects  none
 * Source   the order in which core/linux/rootfs.h mounts, for what a fresh container would have
 *
 * Flags: if the entry of config.json has the options of the checkpoint, the mount gets what it had,
 * plus every restriction that the options name. Else, and without a sidecar, it gets what a fresh
 * container would give it. A submount gets what it had, plus the restrictions that reach it ("rro").
 *
 * Propagation goes by the same rule. What the new source can't give (a slave needs a mount that is
 * shared, or a slave, itself) becomes what a fresh container would have, with a note.
 */
#ifndef KEDGE_CORE_PLAN_RESTORE_SETTLE_H
#define KEDGE_CORE_PLAN_RESTORE_SETTLE_H

#include "core/plan/external.h"
#include "core/plan/findings.h"
#include "core/plan/mountinfo.h"
#include "core/plan/restore_row.h"

/* What was found at a row's source. */
struct restore_source {
	bool is_open; /* else nothing below is known */
	enum external_kind kind;
	unsigned int major, minor; /* of the file */
	uint64_t inode;
	bool is_mount_root;	      /* something is mounted exactly there */
	const struct mount_row *host; /* the mount that it lies on, or NULL */
};

struct restore_settle_input {
	const struct spec *spec;
	const struct checkpoint_info *info;
	const struct restore_row *rows;
	const struct restore_source *sources;
};

/* Settle row `i`. Findings: ERR_INVALID, ERR_UNSUPPORTED. */
void restore_settle(const struct restore_settle_input *in, struct external_plan *plan, size_t i,
		    struct findings *findings);

/* What a new mount by that entry (or NULL: none) of a source on `host` would be. */
enum external_propagation restore_settle_fresh(const struct spec *spec,
					       const struct live_mount *entry,
					       const struct mount_row *host);

/* The flags of a mount of an image that matter here, without those of propagation. */
unsigned long restore_settle_mask(unsigned long flags);

#endif
