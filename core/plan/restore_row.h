/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_row.h - what a row of the restore's plan was made of
 *
 * Out      filled by external_restore.c and drift.c; read by restore_settle.c and mount_expect.c
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_RESTORE_ROW_H
#define KEDGE_CORE_PLAN_RESTORE_ROW_H

#include "core/plan/checkpoint_info.h"
#include "core/plan/image_mount.h"
#include "core/plan/image_stack.h"
#include "core/plan/live_mounts.h"

/* One per row of the plan, in its order. All of it is borrowed. */
struct restore_row {
	const struct image_mount *image;      /* NULL: the row was added */
	const struct image_stack *stack;      /* the image's; NULL: the row was added */
	const struct checkpoint_mount *noted; /* in the sidecar, or NULL */
	const struct live_mount *live;	      /* its entry in config.json, or NULL; for a submount
						 the entry of what it came along with */
	const char *unmapped;		      /* the source before --map */
};

#endif
