/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap.h - the verb `start`: leave a server behind and say where it listens
 *
 * In       the command line, stdin (bootstrap_params.h), the bundle as working directory
 * Out      the server's address on stdout; nothing on stderr, which containerd reads as a part of it
 * Effects  a socket, a process, BUNDLE/address and BUNDLE/shim.pid
 */
#ifndef KEDGE_SHIM_TASK_BOOTSTRAP_H
#define KEDGE_SHIM_TASK_BOOTSTRAP_H

#include "shim/task/args.h"

/* The server's stdin and stdout are put to better use: fds are counted. */
enum { BOOTSTRAP_LISTEN_FD = 0, BOOTSTRAP_READY_FD = 1 };

/* In the server's environment: kedge's path on this host, which a sealed binary can't tell. */
#define BOOTSTRAP_BINARY "KEDGE_BINARY"

/*
 * Start a server for the task, unless one serves its group already. `name` is argv[0]. Gives 0 when it listens and has been announced. Errors: ERR_SYS and others: nothing
 * is left then.
 */
int bootstrap_start(const struct args *args, char *name, struct err *err);

/* Let `log` in the working directory, containerd's end of our log, be fd 2; else the null device. */
void bootstrap_open_log(bool debug);

#endif
