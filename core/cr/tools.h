/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools.h - kedge as the tar that CRIU runs for the small trees of a tmpfs
 *
 * In       a container's directory, ROOT/ID
 * Out      ROOT/ID/tools/tar, which is this very program; a directory for criu_config.tools
 * Effects  a directory and symlinks; they go with ROOT/ID at the latest
 * Source   criu 4.1.1 runs `tar` and a gzip of its own for every tmpfs, some 7 ms each, while the
 *          container stands still. shim/cli/criu_tools.h has what is quicker
 *
 * If anything of it doesn't work, CRIU finds the host's tar next in its PATH.
 */
#ifndef KEDGE_CORE_CR_TOOLS_H
#define KEDGE_CORE_CR_TOOLS_H

#include <stddef.h>

#include "core/run/container.h"

/* In the environment of what CRIU runs: the first directory of PATH is ours. */
#define TOOLS_MARK "_KEDGE_TOOLS"

#define TOOLS_PATH_BYTES 64

/*
 * Make the directory and write into `path` how CRIU finds it as long as we live and hold `c`. Gives
 * `path`, or NULL when it can't be made.
 */
const char *tools_make(const struct container *c, char path[TOOLS_PATH_BYTES]);

/* Remove it, for a container that stays. */
void tools_remove(const struct container *c);

#endif
