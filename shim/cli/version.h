/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.h - what this kedge is
 *
 * Source   KEDGE_VERSION and KEDGE_COMMIT of the Makefile, which only version.c is compiled with.
 *          docker parses "NAME version X" and "commit: Y"
 */
#ifndef KEDGE_SHIM_CLI_VERSION_H
#define KEDGE_SHIM_CLI_VERSION_H

#include "core/base/err.h"

/* The release, "0.1.0". */
const char *version_number(void);

/* "kedge 0.1.0" */
const char *version_engine(void);

/* The commit it was built from, or "unknown". */
const char *version_commit(void);

/* Print version, commit, the runtime-spec's and libseccomp's version on stdout. */
int version_print(struct err *err);

#endif
