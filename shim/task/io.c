/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "shim/task/io.h"

static const char *const names[] = { "stdin", "stdout", "stderr" };

void io_init(struct io *io, struct loop *loop)
{
	static const struct io_copy empty = IO_COPY_EMPTY;

	*io = (struct io){ .loop = loop, .stdin_writer = -1 };
	for (int i = 0; i < 3; i++) {
		io->copies[i] = empty;
		io->copies[i].owner = io;
	}
}

void io_done(struct io *io)
{
	for (int i = 0; i < 3; i++)
		io_copy_end(&io->copies[i]);
	fd_close(&io->stdin_writer);
	io->idle = NULL;
}

static bool is_fifo(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

/* The client's side of an output: a fifo, or a file that is appended to. */
static int open_output(const char *path, struct err *err)
{
	const int flags = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	auto_fd int fd = open(path, O_RDWR | flags);

	if (fd >= 0 && is_fifo(fd))
		return take_fd(&fd);
	fd_close(&fd);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | flags, 0644);
	return fd < 0 ? err_sys(err, "open %s", path) : take_fd(&fd);
}

/* A writer can be had only once there is a reader. */
static int open_input(struct io *io, const char *path, struct err *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (is_fifo(fd)) {
		io->stdin_writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (io->stdin_writer < 0)
			return err_sys(err, "open %s", path);
	}
	return take_fd(&fd);
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

static int open_stream(struct io *io, int i, const char *path, int *end, struct err *err)
{
	auto_fd int client = -1;
	int ours = -1;

	if (path[0] != '/')
		return err_set(err, ERR_INVALID, "unknown STDIO scheme in \"%s\"", path);
	client = i ? open_output(path, err) : open_input(io, path, err);
	if (client < 0)
		return -1;
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

int io_open(struct io *io, const struct io_paths *paths, int ends[3], struct err *err)
{
	for (int i = 0; i < 3; i++)
		ends[i] = -1;
	for (int i = 0; i < 3; i++) {
		if (!*paths->path[i] || !open_stream(io, i, paths->path[i], &ends[i], err))
			continue;
		err_wrap(err, "%s", names[i]);
		for (int k = 0; k < 3; k++)
			fd_close(&ends[k]);
		io_done(io);
		return -1;
	}
	return 0;
}

bool io_flush(struct io *io)
{
	bool out = io_copy_flush(&io->copies[1]);

	return io_copy_flush(&io->copies[2]) && out;
}

static void copy_idle(struct io_copy *copy)
{
	struct io *io = copy->owner;
	void (*idle)(struct io *) = io->idle;

	if (!idle || !io_flush(io))
		return;
	io->idle = NULL;
	idle(io);
}

void io_wait_idle(struct io *io, void (*idle)(struct io *io), void *owner)
{
	io->idle = idle;
	io->owner = owner;
	io->copies[1].idle = io->copies[2].idle = copy_idle;
}

void io_close_stdin(struct io *io)
{
	fd_close(&io->stdin_writer);
}
