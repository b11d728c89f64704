/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.h - what this kedge is
 *
 * Source   KEDGE_VERSION and KEDGE_COMMIT of the Makefile, which only version.c is compiled with
 */
#ifndef KEDGE_CORE_BASE_VERSION_H
#define KEDGE_CORE_BASE_VERSION_H

/* The release, "0.1.0". */
const char *version_number(void);

/* "kedge 0.1.0" */
const char *version_engine(void);

/* The commit it was built from, or "unknown". */
const char *version_commit(void);

#endif
