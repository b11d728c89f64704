/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_process.h - the process behind a conversation with CRIU
 *
 * In       the binary, what the process may keep open
 * Out      struct criu_process: pid, pidfd, our end of the socket
 * Effects  a child that gets SIGKILL when we end
 * Source   criu's crtools.c: `criu swrk FD` serves the SOCK_SEQPACKET socket FD
 */
#ifndef KEDGE_CORE_CR_CRIU_PROCESS_H
#define KEDGE_CORE_CR_CRIU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

/* A zeroed struct has no process. */
struct criu_process {
	char *binary; /* absolute path */
	pid_t pid;    /* 0: none, or reaped */
	int pidfd;    /* valid while pid is set, as the next two */
	int sock;
	int messages; /* a memfd with its stderr, or -1 */
	bool has_group;
};

/* Run in the child before it becomes CRIU; its error is the start's. */
typedef int criu_setup_fn(const void *ctx, struct err *err);

/* How a process is started. */
struct criu_process_config {
	const char *binary;   /* absolute */
	criu_setup_fn *setup; /* or NULL */
	const void *setup_ctx;
	const int *keep_fds;
	size_t n_keep_fds;
	const char *tools; /* a directory to put before PATH (tools.h), or NULL */
	bool keep_stdio;
	bool in_our_group;
	bool outlives_us;
};

/*
 * Find CRIU's binary: `given`, $KEDGE_CRIU, PATH, the sbin directories. `*path` is absolute; the
 * caller frees it. Errors: ERR_NOT_FOUND.
 */
int criu_process_find(const char *given, char **path, struct err *err);

/* Start it. `p` is zeroed on entry and on failure. Errors: ERR_SYS and its kinds; the setup's. */
int criu_process_start(const struct criu_process_config *config, struct criu_process *p,
		       struct err *err);

/*
 * See it end, for which it gets `grace_ms`; then SIGKILL to its group. Gives what wait(2) gives in
 * `*wstatus`. The struct has no process afterwards, but keeps its messages.
 */
void criu_process_end(struct criu_process *p, int grace_ms, int *wstatus);

/* The first line of what it wrote to stderr, "" if there is none; `size` bytes at most. */
void criu_process_message(const struct criu_process *p, char *out, size_t size);

/* Kill what is left and free everything. */
void criu_process_done(struct criu_process *p);

#endif
