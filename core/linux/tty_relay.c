/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/tty_relay.h"

static int make_raw(struct tty_relay *r, struct err *err)
{
	struct termios raw;

	if (tcgetattr(r->in, &r->saved))
		return 0;
	raw = r->saved;
	cfmakeraw(&raw);
	if (tcsetattr(r->in, TCSANOW, &raw))
		return err_sys(err, "put the terminal into raw mode");
	r->is_raw = true;
	r->terminal = r->in;
	return 0;
}

/* The master speaks for the slave: in Linux both have the slave's settings. */
static int make_lines_plain(int master, struct err *err)
{
	struct termios t;

	if (tcgetattr(master, &t))
		return err_sys(err, "read the settings of the container's terminal");
	t.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(master, TCSANOW, &t))
		return err_sys(err, "change the settings of the container's terminal");
	return 0;
}

int tty_relay_start(struct tty_relay *r, int in, int out, int master, struct err *err)
{
	int flags = fcntl(master, F_GETFL);

	*r = (struct tty_relay){ .in = in, .out = out, .master = master };
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK))
		return err_sys(err, "make the container's terminal non-blocking");
	tty_relay_resize(r);
	if (make_raw(r, err))
		return -1;
	if (r->is_raw && isatty(out))
		return 0;
	if (!make_lines_plain(master, err))
		return 0;
	tty_relay_stop(r);
	return -1;
}

bool tty_relay_size(int in, int out, struct winsize *size)
{
	/* a terminal that doesn't know its size (a serial line) must not undo consoleSize */
	return (!ioctl(out, TIOCGWINSZ, size) || !ioctl(in, TIOCGWINSZ, size)) && size->ws_row &&
	       size->ws_col;
}

void tty_relay_resize(const struct tty_relay *r)
{
	struct winsize size;

	if (tty_relay_size(r->in, r->out, &size))
		ioctl(r->master, TIOCSWINSZ, &size);
}

static bool is_empty(const struct tty_relay_buffer *b)
{
	return b->at == b->n;
}

/* A hang-up is reported whether one asks or not, so what is of no interest must not be there. */
static struct pollfd entry(int fd, short events)
{
	return (struct pollfd){ .fd = events ? fd : -1, .events = events };
}

void tty_relay_poll(const struct tty_relay *r, struct pollfd fds[TTY_RELAY_FDS])
{
	bool can_read_in = is_empty(&r->to_master) && r->master >= 0;
	short master = is_empty(&r->to_out) ? POLLIN : 0;

	if (!is_empty(&r->to_master))
		master |= POLLOUT;
	fds[TTY_RELAY_IN] = entry(r->in, can_read_in ? POLLIN : 0);
	fds[TTY_RELAY_OUT] = entry(r->out, is_empty(&r->to_out) ? 0 : POLLOUT);
	fds[TTY_RELAY_MASTER] = entry(r->master, master);
}

static bool is_only_now(int e)
{
	return e == EAGAIN || e == EINTR;
}

/* Read into the empty buffer. Gives false at the end of the stream, whatever its form. */
static bool fill(struct tty_relay_buffer *b, int fd)
{
	ssize_t n = read(fd, b->data, sizeof(b->data));

	b->at = 0;
	b->n = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && is_only_now(errno));
}

/* Write what the fd takes. Gives false when it takes nothing any more. */
static bool flush(struct tty_relay_buffer *b, int fd)
{
	ssize_t n = write(fd, b->data + b->at, b->n - b->at);

	if (n > 0)
		b->at += (size_t)n;
	return n >= 0 || is_only_now(errno);
}

static void discard(struct tty_relay_buffer *b)
{
	b->at = b->n = 0;
}

/* For a program that reads lines the end of our input is to be the end of its own. */
static void end_input(struct tty_relay *r)
{
	struct termios t;

	r->in = -1;
	if (r->is_raw || tcgetattr(r->master, &t) || !(t.c_lflag & ICANON))
		return;
	r->to_master.data[0] = (char)t.c_cc[VEOF];
	r->to_master.at = 0;
	r->to_master.n = 1;
}

/* The last process has closed the terminal: nobody is left to type for. */
static void hang_up(struct tty_relay *r)
{
	r->master = -1;
	discard(&r->to_master);
}

static void read_master(struct tty_relay *r)
{
	if (!fill(&r->to_out, r->master))
		hang_up(r);
	if (r->out < 0)
		discard(&r->to_out);
}

static void write_out(struct tty_relay *r)
{
	if (flush(&r->to_out, r->out))
		return;
	r->out = -1;
	discard(&r->to_out);
}

int tty_relay_step(struct tty_relay *r, const struct pollfd fds[TTY_RELAY_FDS], struct err *err)
{
	const short readable = POLLIN | POLLHUP | POLLERR;
	short master = fds[TTY_RELAY_MASTER].revents;

	for (int i = 0; i < TTY_RELAY_FDS; i++)
		if (fds[i].revents & POLLNVAL)
			return err_set(err, ERR_SYS, "relay a terminal: fd %d isn't open",
				       fds[i].fd);
	if (fds[TTY_RELAY_OUT].revents)
		write_out(r);
	if (master & POLLOUT && !flush(&r->to_master, r->master))
		hang_up(r);
	if (r->master >= 0 && master & readable && is_empty(&r->to_out))
		read_master(r);
	if (fds[TTY_RELAY_IN].revents & readable && is_empty(&r->to_master) &&
	    !fill(&r->to_master, r->in))
		end_input(r);
	return r->master >= 0 || !is_empty(&r->to_out);
}

static int write_rest(struct tty_relay *r, struct err *err)
{
	struct tty_relay_buffer *b = &r->to_out;

	if (r->out >= 0 && fd_write_all(r->out, b->data + b->at, b->n - b->at, err))
		return err_wrap(err, "relay a terminal");
	discard(b);
	return 0;
}

int tty_relay_drain(struct tty_relay *r, struct err *err)
{
	size_t bytes = 0;

	do {
		bytes += r->to_out.n - r->to_out.at;
		if (write_rest(r, err))
			return -1;
		if (r->master < 0 || !fill(&r->to_out, r->master))
			return 0;
	} while (!is_empty(&r->to_out) && bytes < TTY_RELAY_DRAIN_BYTES);
	return 0;
}

void tty_relay_stop(struct tty_relay *r)
{
	if (r->is_raw)
		tcsetattr(r->terminal, TCSANOW, &r->saved);
	r->is_raw = false;
}
