/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cr_json.h - checkpoint and restore as JSON: a plan of external mounts, a report
 *
 * Out      what `kedge plan --format json` and `--stats FILE` write
 * Effects  none
 */
#ifndef KEDGE_OCI_CR_JSON_H
#define KEDGE_OCI_CR_JSON_H

#include "core/base/err.h"
#include "core/cr/report.h"
#include "core/plan/external.h"

/* What a document is about. Strings are borrowed. */
struct oci_cr {
	const char *operation; /* "checkpoint", "pre-dump" or "restore" */
	const char *id;	       /* the container's; or NULL */
	const char *images;    /* the directory of the images, as given; or NULL */
};

/*
 * The plan; with `refusal` (or NULL) what the command would say. Ends with a newline; the caller
 * frees.
 */
char *oci_cr_plan(const struct oci_cr *about, const struct external_plan *plan,
		  const struct err *refusal);

/* The report. Ends with a newline; the caller frees. */
char *oci_cr_report(const struct oci_cr *about, const struct cr_report *report);

#endif
