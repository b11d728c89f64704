/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "shim/task/io.h"

static const char *const names[] = { "stdin", "stdout", "stderr" };

void io_init(struct io *io, struct loop *loop)
{
	static const struct io_copy empty = IO_COPY_EMPTY;

	*io = (struct io){ .loop = loop, .master = -1, .clients = { -1, -1 } };
	for (int i = 0; i < 3; i++) {
		io->copies[i] = empty;
		io->copies[i].owner = io;
		io->copies[i].lingers = i > 0;
	}
}

static void close_all(struct io *io)
{
	for (int i = 0; i < 3; i++)
		io_copy_end(&io->copies[i]);
	fd_close(&io->master);
	fd_close(&io->clients[0]);
	fd_close(&io->clients[1]);
}

void io_done(struct io *io)
{
	close_all(io);
	io_log_free(take_ptr(&io->log));
	io->idle = NULL;
}

static bool is_fifo(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

/* The client's side of an output: a fifo, or a file that is appended to. */
static int open_output(const struct stdio_uri *uri, struct err *err)
{
	const int flags = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	/* a fifo that its client has taken away isn't to become a file */
	const int make = uri->kind == STDIO_FILE ? O_CREAT : 0;
	auto_fd int fd = -1;

	if (uri->kind == STDIO_FILE && path_make_parents(uri->path, 0755, err))
		return -1;
	if (uri->kind == STDIO_FIFO)
		fd = open(uri->path, O_RDWR | flags);
	if (fd >= 0 && is_fifo(fd))
		return take_fd(&fd);
	fd_close(&fd);
	fd = open(uri->path, O_WRONLY | make | O_APPEND | flags, 0644);
	return fd < 0 ? err_sys(err, "open %s", uri->path) : take_fd(&fd);
}

/* A fifo is opened as its writer, too, by the same fd: see io_close_stdin(). */
static int open_input(const char *path, struct err *err)
{
	const int flags = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	struct stat st;
	int fd;

	if (stat(path, &st))
		return err_sys(err, "open %s", path);
	fd = open(path, (S_ISFIFO(st.st_mode) ? O_RDWR : O_RDONLY) | flags);
	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

/* A pipe whose one end, ours, doesn't block. */
static int make_pipe(int *ours, int *theirs, bool is_input, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	*ours = ends[is_input];
	*theirs = ends[!is_input];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK))
		return err_sys(err, "pipe");
	return 0;
}

/* What the client has at its end, by its path; -1 with an error. */
static int open_client(int i, const char *path, struct err *err)
{
	AUTO(stdio_uri_done) struct stdio_uri uri = { 0 };

	if (stdio_uri_parse(path, &uri, err))
		return -1;
	if (uri.kind == STDIO_BINARY || (i == 0 && uri.kind != STDIO_FIFO))
		return err_set(err, ERR_INVALID, "\"%s\" is for stdout", path);
	return i ? open_output(&uri, err) : open_input(uri.path, err);
}

static int open_stream(struct io *io, int i, const struct io_paths *paths, int *end,
		       struct err *err)
{
	auto_fd int client = open_client(i, paths->path[i], err);
	int ours = -1;

	if (client < 0)
		return -1;
	if (paths->terminal) {
		io->clients[i] = take_fd(&client);
		return 0;
	}
	if (make_pipe(&ours, end, i == 0, err)) {
		fd_close(&ours);
		return -1;
	}
	if (i)
		io_copy_start(&io->copies[i], io->loop, ours, take_fd(&client));
	else
		io_copy_start(&io->copies[i], io->loop, take_fd(&client), ours);
	return 0;
}

/* stdout says whether there is a logger, for both outputs. */
static int open_logger(struct io *io, const struct io_paths *paths, int ends[3], struct err *err)
{
	AUTO(stdio_uri_done) struct stdio_uri uri = { 0 };
	int outputs[2];

	if (!*paths->path[1])
		return 0;
	if (stdio_uri_parse(paths->path[1], &uri, err))
		return -1;
	if (uri.kind != STDIO_BINARY)
		return 0;
	io->log = io_log_new(&uri, &paths->env, io->loop, outputs, err);
	if (!io->log)
		return -1;
	if (paths->terminal) {
		fcntl(outputs[0], F_SETFL, O_WRONLY | O_NONBLOCK);
		io->clients[1] = outputs[0];
		fd_close(&outputs[1]);
		return 0;
	}
	ends[1] = outputs[0];
	ends[2] = outputs[1];
	return 0;
}

static int open_streams(struct io *io, const struct io_paths *paths, int ends[3], struct err *err)
{
	for (int i = 0; i < 3; i++) {
		if (!*paths->path[i] || (i && io->log) || (i == 2 && paths->terminal))
			continue;
		if (open_stream(io, i, paths, &ends[i], err))
			return err_wrap(err, "%s", names[i]);
	}
	return 0;
}

int io_open(struct io *io, const struct io_paths *paths, int ends[3], struct err *err)
{
	for (int i = 0; i < 3; i++)
		ends[i] = -1;
	if (!open_logger(io, paths, ends, err) && !open_streams(io, paths, ends, err))
		return 0;
	for (int i = 0; i < 3; i++)
		fd_close(&ends[i]);
	io_done(io);
	return -1;
}

bool io_flush(struct io *io)
{
	bool out = io_copy_flush(&io->copies[1]);

	return io_copy_flush(&io->copies[2]) && out;
}

static void tell(struct io *io)
{
	void (*told)(struct io *) = io->idle;

	io->idle = NULL;
	if (told)
		told(io);
}

static void copy_idle(struct io_copy *copy)
{
	struct io *io = copy->owner;

	if (io->idle && io_flush(io))
		tell(io);
}

void io_wait_idle(struct io *io, void (*idle)(struct io *io), void *owner)
{
	io->idle = idle;
	io->owner = owner;
	io->copies[1].idle = io->copies[2].idle = copy_idle;
}

static void log_told(struct io_log *log)
{
	tell(log->owner);
}

void io_when_ready(struct io *io, void (*ready)(struct io *io), void *owner)
{
	io->idle = ready;
	io->owner = owner;
	if (!io->log) {
		tell(io);
		return;
	}
	io->log->owner = io;
	io_log_when_ready(io->log, log_told);
}

void io_end(struct io *io, void (*ended)(struct io *io), void *owner)
{
	close_all(io);
	io->idle = ended;
	io->owner = owner;
	if (!io->log) {
		tell(io);
		return;
	}
	io->log->owner = io;
	io_log_when_ended(io->log, log_told);
}

void io_close_stdin(struct io *io)
{
	bool is_waiting = io->clients[0] >= 0; /* for a terminal */
	int old = is_waiting ? io->clients[0] : io->copies[0].from.fd;
	char link[32];
	int fd;

	/* not twice: a reader that comes after the last writer isn't told of its end */
	if (old < 0 || (fcntl(old, F_GETFL) & O_ACCMODE) != O_RDWR)
		return;
	/* the new end is there before the old one is closed: what is in the fifo stays in it */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", old);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		log_error("end a container's stdin: %s", strerror(errno));
	else if (!is_waiting)
		io_copy_change_source(&io->copies[0], fd);
	if (fd < 0 || !is_waiting)
		return;
	fd_close(&io->clients[0]);
	io->clients[0] = fd;
}
