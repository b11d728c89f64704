/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.h - `kedge --version`
 *
 * Source   docker parses "NAME version X" and "commit: Y"
 */
#ifndef KEDGE_SHIM_CLI_VERSION_H
#define KEDGE_SHIM_CLI_VERSION_H

#include "core/base/err.h"

/* Print version, commit, the runtime-spec's and libseccomp's version on stdout. */
int version_print(struct err *err);

#endif
