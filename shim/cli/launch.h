/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - what create, run, exec and restore have in common: terminals, fds, the foreground
 *
 * Effects  in the foreground: signals blocked and forwarded, children reaped (core/run/attach.h)
 * Source   runc's utils_linux.go and signals.go
 */
#ifndef KEDGE_SHIM_CLI_LAUNCH_H
#define KEDGE_SHIM_CLI_LAUNCH_H

#include "core/run/attach.h"
#include "shim/cli/load.h"

/* How a process is launched, from the command line. */
struct launch {
	bool detach;
	bool no_subreaper;
	const char *console_socket; /* or NULL */
	unsigned int listen_fds;    /* of socket activation, from 3 on */
	unsigned int preserve_fds;  /* behind those */
};

/*
 * Check that terminal, console socket and --detach go together, and that the fds to preserve are
 * open. Errors: ERR_INVALID in runc's words.
 */
int launch_check(const struct launch *launch, bool terminal, struct err *err);

/* The number of sockets that socket activation passes: $LISTEN_FDS if $LISTEN_PID is ours, else 0. */
unsigned int launch_listen_fds(void);

/* Send a pidfd on process `pid` to the unix socket at `path`; NULL: don't. */
int launch_send_pidfd(pid_t pid, const char *path, struct err *err);

/* Before a process is made: block signals, become the reaper. Nothing when it is to be detached. */
int launch_begin(const struct launch *launch, struct attach *attach, struct err *err);

/*
 * Stay with the started container until its first process ends, then delete it unless `keep`.
 * Gives the exit status. `master` (or -1) is consumed.
 */
int launch_wait(struct attach *attach, struct stored *l, int master, bool keep, struct err *err);

/* After a failure: get rid of the container that was made. Gives -1; `err` stays. */
int launch_undo(struct stored *l, const struct err *err);

#endif
