/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/console.h"
#include "shim/task/io_terminal.h"

/* epoll takes each fd once, and each copy closes its own. */
static int another(int master)
{
	return fcntl(master, F_DUPFD_CLOEXEC, 3);
}

/* By a buffer: a terminal gives few bytes at a time, and splice makes a page of each. */
static void start(struct io *io, int i, int from, int to)
{
	if (from < 0 || to < 0) {
		log_error("no copy of a terminal: out of fds");
		fd_close(&from);
		fd_close(&to);
		return;
	}
	io->copies[i].no_splice = true;
	io_copy_start(&io->copies[i], io->loop, from, to);
}

void io_take_master(struct io *io, int master)
{
	struct err err = { 0 };

	if (master < 0)
		return;
	io->master = master;
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	if (io->rows && io_resize(io, io->rows, io->columns, &err))
		log_warn("%s", err.msg);
	if (io->clients[0] >= 0)
		start(io, 0, take_fd(&io->clients[0]), another(master));
	if (io->clients[1] >= 0)
		start(io, 1, another(master), take_fd(&io->clients[1]));
}

int io_resize(struct io *io, uint16_t rows, uint16_t columns, struct err *err)
{
	io->rows = rows;
	io->columns = columns;
	return io->master < 0 ? 0 : console_resize(io->master, rows, columns, err);
}
