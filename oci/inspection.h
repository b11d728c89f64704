/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspection.h - what `kedge inspect --format json` prints
 *
 * In       struct inspection, struct oci_archive (of a directory that isn't one: empty)
 * Out      a JSON object
 * Effects  none
 */
#ifndef KEDGE_OCI_INSPECTION_H
#define KEDGE_OCI_INSPECTION_H

#include "core/cr/inspect.h"
#include "oci/archive.h"

/* The document. Ends with a newline; the caller frees. */
char *oci_inspection(const struct inspection *in, const struct oci_archive *archive);

#endif
