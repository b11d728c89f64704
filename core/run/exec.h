/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - run another program inside a running container
 *
 * In       struct exec_request: the process and what the command line adds
 * Out      the pid of the program, a child of the caller
 * Effects  a process in the container's namespaces and cgroup
 * Source   runc-exec(8); CVE-2016-9962 (not dumpable before joining), CVE-2024-21626 (fds, cwd)
 */
#ifndef KEDGE_CORE_RUN_EXEC_H
#define KEDGE_CORE_RUN_EXEC_H

#include "core/run/container.h"

struct exec_request {
	const struct spec *spec;	    /* the container's config */
	const struct spec_process *process; /* what to run; its seccomp profile is the spec's */
	const char *console_socket;	    /* or NULL */
	const char *pid_file;		    /* or NULL */
	const char *cgroup;		    /* sub-cgroup "path" or "controller:path", or NULL */
	unsigned int preserve_fds;
	bool ignore_paused;
	bool wants_master; /* a terminal without console socket: see create.h */
};

/*
 * Start the program; returns when it has been executed (or with the reason why not).
 * `*pid` is a child of the caller, `*master` the terminal's master end or -1.
 * Errors: ERR_STATE when the container is stopped or (without ignore_paused) paused.
 */
int exec_process(struct container *c, const struct exec_request *req, pid_t *pid, int *master,
		 struct err *err);

#endif
