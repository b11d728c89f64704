/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h - stdin, stdout and stderr of a container's process
 *
 * In       the three paths of a Create or Exec request: fifos that the client has made, or URIs of what
 *          takes the output (stdio_uri.h)
 * Out      the process's own ends: pipes, which CRIU can dump, or the null device; nothing for a
 *          process with a terminal (io_terminal.h)
 * Effects  opens fifos and files, copies between them and the pipes by the loop; may start a logger
 * Source   containerd 1.7 pkg/process/io.go and containerd/fifo
 *
 * All fifos are opened for reading and writing: when a client goes away (dockerd restarts, ctr
 * detaches) the container gets no SIGPIPE and stdin doesn't end, and another may come. After
 * io_close_stdin() it is the client alone that keeps stdin open.
 */
#ifndef KEDGE_SHIM_TASK_IO_H
#define KEDGE_SHIM_TASK_IO_H

#include <stdbool.h>

#include "core/base/err.h"
#include "shim/task/io_copy.h"
#include "shim/task/io_log.h"

/* As in the requests: "" is none. Borrowed. */
struct io_paths {
	const char *path[3]; /* stdin, stdout, stderr */
	bool terminal;
	struct io_log_env env; /* for a logger */
};

struct io {
	struct loop *loop;
	struct io_copy copies[3];
	struct io_log *log; /* or NULL */
	int master;	    /* of the terminal, or -1; see io_terminal.h */
	int clients[2];	    /* stdin and stdout, until the terminal is there */
	uint16_t rows, columns;
	/* told once: what io_wait_idle(), io_when_ready() or io_end() wait for has come */
	void (*idle)(struct io *io);
	void *owner;
};

/* An io without streams. Its owner may not move it. */
void io_init(struct io *io, struct loop *loop);

/*
 * Open the fifos and make the pipes. `ends` gets the process's fds 0, 1, 2 (CLOEXEC, the caller's to
 * close), -1 for the null device.
 * Errors: ERR_INVALID for a path that is none, from errno for a fifo that isn't there or a logger that
 * can't be executed.
 */
int io_open(struct io *io, const struct io_paths *paths, int ends[3], struct err *err);

/* Let `ready` be told when a logger is ready for output; from within if it is, or there is none. */
void io_when_ready(struct io *io, void (*ready)(struct io *io), void *owner);

/* Copy what is there now. Whether all output is over. */
bool io_flush(struct io *io);

/* Let io->idle be told when the output so far is over; not from within. */
void io_wait_idle(struct io *io, void (*idle)(struct io *io), void *owner);

/* Let stdin end when the client has closed it. */
void io_close_stdin(struct io *io);

/*
 * Close everything, and let `ended` be told when a logger has taken what it was given and has ended;
 * from within if there is none.
 */
void io_end(struct io *io, void (*ended)(struct io *io), void *owner);

/* Close everything; what is on its way is lost. Harmless when it is closed. */
void io_done(struct io *io);

#endif
