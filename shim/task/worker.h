/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - do in a child what takes long: create, start, delete, exec, dump, restore
 *
 * In       struct worker_job: a function for the child, and one for the answer
 * Out      struct worker_answer, once, from the loop
 * Effects  one process per job, which has nothing of the server's open but the log. Whatever it
 *          leaves behind (a container's first process) becomes ours, as we are the subreaper
 *
 * So the server never waits for a hook, a frozen process or CRIU, and what a job allocates, parses
 * and opens is gone with it: the server stays as small as it was.
 */
#ifndef KEDGE_SHIM_TASK_WORKER_H
#define KEDGE_SHIM_TASK_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "shim/task/children.h"

/* What the child says at its end. */
struct worker_answer {
	struct err err; /* ERR_NONE: it has worked */
	pid_t pid;	/* of the process that was made */
	uint32_t flags; /* the job's own */
	int fd;		/* a terminal's master, or -1; what the callback leaves is closed */
	bool is_lost;	/* the child was killed, and nobody has undone what it was at */
};

struct worker_job {
	/* In the child: do it. 0, or -1 with `err`. */
	int (*run)(void *arg, struct worker_answer *answer, struct err *err);
	/* In the server, when the child has answered or has ended without an answer. */
	void (*done)(void *arg, struct worker_answer *answer);
	void *arg;
	/* the child's fds 0, 1, 2, which the processes it makes have from it; -1: the null device */
	int stdio[3];
};

/*
 * Start a job; everything in `job` is copied but what `arg` points to. `done` is never called from
 * within. Gives the child's pid: it may be killed, and then the answer is_lost. Errors: ERR_SYS when
 * there is no process to be had; then `done` isn't called.
 */
pid_t worker_start(struct children *children, const struct worker_job *job, struct err *err);

#endif
