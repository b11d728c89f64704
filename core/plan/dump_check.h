/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_check.h - whether a restore would take the mounts of a container that is to be dumped
 *
 * In       what the dump was planned from, and the plan as kedge.json will have it
 * Out      findings
 * Effects  none
 * Source   image_check.h: what a restore refuses of images, whoever made them
 *
 * A checkpoint ends the container. What its own restore would refuse afterwards (a proc that some exec
 * mounted with more capabilities than config.json gives) has to be refused while nothing is lost.
 */
#ifndef KEDGE_CORE_PLAN_DUMP_CHECK_H
#define KEDGE_CORE_PLAN_DUMP_CHECK_H

#include "core/plan/external_dump.h"
#include "core/plan/findings.h"

/* Look at every mount. Findings are ERR_UNSUPPORTED and name the mountpoint. */
void dump_check(const struct external_dump_input *in, const struct checkpoint_info *info,
		struct findings *findings);

#endif
