/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_tools.h - the tar of ours that CRIU finds before the host's (core/cr/tools.h)
 *
 * In       CRIU's command lines
 * Out      the archive or the tree of a tmpfs, where it is small (small_tar.h)
 * Effects  small_tar.h's; becomes the host's tar for all else
 * Source   criu's filesystems.c, tmpfs_dump and tmpfs_restore (4.1.1)
 */
#ifndef KEDGE_SHIM_CLI_CRIU_TOOLS_H
#define KEDGE_SHIM_CLI_CRIU_TOOLS_H

#include <stdbool.h>

/* Whether this process, called `name`, is to be it. */
bool criu_tool_is_meant(const char *name);

/* Be it. Gives the exit status, or doesn't come back. */
int criu_tool_main(const char *name, char **argv);

#endif
