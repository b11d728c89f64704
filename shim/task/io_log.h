/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_log.h - a program that takes a process's output: binary:///path?key=value
 *
 * In       the URI
 * Out      the ends of two pipes to it, for stdout and stderr
 * Effects  a child, with only CONTAINER_ID and CONTAINER_NAMESPACE in its environment
 * Source   containerd 1.7 pkg/process/io.go, runtime/v2/logging: it reads stdout from fd 3, stderr from
 *          fd 4, and says that it is ready by closing fd 5, or by a byte
 *
 * The process writes to it directly, nothing is copied. It ends by itself when all writers are gone.
 */
#ifndef KEDGE_SHIM_TASK_IO_LOG_H
#define KEDGE_SHIM_TASK_IO_LOG_H

#include <stdbool.h>

#include "shim/task/children.h"
#include "shim/task/loop.h"
#include "shim/task/stdio_uri.h"

struct io_log {
	struct loop *loop;
	struct children *children;
	struct child child;
	bool has_ended;
	struct loop_source ready; /* fd -1: it is */
	struct loop_timer timer;
	int sig; /* the next one that it gets when it doesn't end */
	void (*told)(struct io_log *log);
	void *owner; /* the caller's */
};

/* What the program is to know, and who learns of its end. Borrowed. */
struct io_log_env {
	const char *id;
	const char *namespace;
	struct children *children;
};

/*
 * Start the program. `outputs` gets the ends to write to (CLOEXEC, the caller's). Errors: from errno,
 * when it can't be executed or there is no process to be had.
 */
struct io_log *io_log_new(const struct stdio_uri *uri, const struct io_log_env *env,
			  struct loop *loop, int outputs[2], struct err *err);

/*
 * Tell when it is ready; from within if it is. One that doesn't say so in ten seconds is taken as
 * ready: the pipes hold what it hasn't read.
 */
void io_log_when_ready(struct io_log *log, void (*told)(struct io_log *log));

/*
 * Tell when it has ended; from within if it has. The caller has closed its ends. One that doesn't
 * see that is asked to end after two seconds and killed after twelve more.
 */
void io_log_when_ended(struct io_log *log, void (*told)(struct io_log *log));

/* Free it; one that still runs is killed. NULL is fine. */
void io_log_free(struct io_log *log);

#endif
