/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - the server's process, from its first step to its last
 *
 * In       BOOTSTRAP_LISTEN_FD and BOOTSTRAP_READY_FD (bootstrap.h), the log as fd 2,
 *          TTRPC_ADDRESS; / is the working directory
 * Effects  becomes a subreaper; serves until Shutdown or a signal, and removes its socket
 */
#ifndef KEDGE_SHIM_TASK_SERVE_H
#define KEDGE_SHIM_TASK_SERVE_H

#include "shim/task/args.h"

/* What it writes to the ready fd when it serves; anything else there says why it doesn't. */
#define SERVE_IS_READY '+'

/* Be the server; gives the exit status. */
int serve_run(const struct args *args, char **argv, char **envp);

/* Tell `start` by the ready fd why there is no server. */
void serve_report(const struct err *err);

#endif
