/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.h - bring a container to the state "created": everything but the user's program
 *
 * In       struct create_request: the spec and what the command line adds
 * Out      a container whose first process waits for container_start()
 * Effects  processes, namespaces, cgroups, mounts, ROOT/ID; all undone on failure
 * Source   runtime-spec, runtime.md#create; the order of runc's standard init
 */
#ifndef KEDGE_CORE_RUN_CREATE_H
#define KEDGE_CORE_RUN_CREATE_H

#include "core/run/container.h"

struct create_request {
	struct container_seed seed;
	const char *console_socket; /* where the terminal's master goes, or NULL */
	const char *pid_file;	    /* written before the container counts as created, or NULL */
	unsigned int preserve_fds;  /* fds 3 … 3+n-1 reach the program */
	unsigned int listen_fds;    /* $LISTEN_FDS of socket activation; also preserved */
	bool no_pivot;
	bool no_new_keyring;
	bool wants_master; /* a terminal without console socket: keep the master, see out */
};

/*
 * Create the container. On success `c` (zeroed on entry) is loaded and still locked, for
 * control_start() or container_done() to let go, and `*master` is
 * the terminal's master end if `wants_master` and the spec asks for a terminal, else -1.
 * The container's stdio is the caller's fds 0, 1, 2 unless it has a terminal.
 * The first process is a child of the caller. Errors: as their modules give them; the id is free
 * again and nothing is left.
 */
int create_container(const struct create_request *req, struct container *c, int *master,
		     struct err *err);

/* Write `pid` to the file `path` in one step, as --pid-file wants; NULL does nothing. */
int create_write_pid_file(const char *path, pid_t pid, struct err *err);

#endif
