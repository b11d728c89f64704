/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signame.h - signals by name or number
 *
 * Source   signal(7)
 */
#ifndef KEDGE_SHIM_CLI_SIGNAME_H
#define KEDGE_SHIM_CLI_SIGNAME_H

#include "core/base/err.h"

/*
 * Read a signal: "KILL", "SIGKILL", "sigkill", "RTMIN+3", "RTMAX-1", or a number from 0 to SIGRTMAX
 * (0 only asks whether the process is there). Errors: ERR_INVALID "unknown signal".
 */
int signame_parse(const char *text, int *sig, struct err *err);

#endif
