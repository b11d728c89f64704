/* SPDX-License-Identifier: Apache-2.0 */
/*
 * left_out.h - mounts that CRIU leaves out of its images, and says nothing
 *
 * Effects  none
 * Source   criu's filesystems.c (4.1.1), tracefs_parse(), and proc_parse.c, parse_mountinfo(): of all
 *          kinds that one alone is passed over, external or not, and a mount on top of it ends the dump
 *
 * kedge.json has them. A restore adds them to what it reads of the images, and CRIU mounts them from a
 * staged clone as it does any external mount.
 */
#ifndef KEDGE_CORE_PLAN_LEFT_OUT_H
#define KEDGE_CORE_PLAN_LEFT_OUT_H

#include <stdbool.h>

#include "core/plan/external.h"
#include "core/plan/mountinfo.h"
#include "core/plan/restore_row.h"

/*
 * Whether a mount of type `fstype` on one of type `below` (may be NULL) is lost. A tracefs in a debugfs
 * isn't: the kernel mounts one there again as soon as somebody looks.
 */
bool left_out_is_lost(const char *fstype, const char *below);

/*
 * For a restore without kedge.json: add a warning to the plan for each such mount of the host that a
 * recursive bind of config.json would bring along. `rows` are the plan's.
 */
void left_out_warn(const struct mount_table *host, const struct restore_row *rows,
		   struct external_plan *plan);

#endif
