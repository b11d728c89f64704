/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - show a plan of external mounts: `kedge plan`, and --dry-run of checkpoint and restore
 *
 * Effects  writes to stdout
 */
#ifndef KEDGE_SHIM_CLI_PLAN_H
#define KEDGE_SHIM_CLI_PLAN_H

#include "core/plan/external.h"
#include "oci/cr_json.h"

/*
 * Append the plan as a table: one row per mount, what is wrong or noteworthy in the last column.
 * Refused ones come first, views of cgroups last.
 */
void plan_table(const struct external_plan *plan, struct buf *out);

/*
 * Print the plan on stdout, as JSON or as a table. `err` holds the refusal if there is one, which
 * stays: gives -1 then, else 0. Errors: ERR_SYS.
 */
int plan_print(const struct oci_cr *about, bool as_json, const struct external_plan *plan,
	       struct err *err);

#endif
