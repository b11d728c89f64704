/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "shim/task/io_copy.h"

#define PIECE_BYTES  65536U /* what a pipe holds */
#define CHUNK_BYTES  8192U  /* without splice */
#define PAGE_BYTES   4096   /* the least that is spliced */
#define TURN_PIECES  16	    /* then the others' turn comes */
#define FLUSH_PIECES 64	    /* a source that fills as fast as it is emptied is never empty */
#define LINGER_MS    64	    /* the last pause, each is twice the one before */

enum moved { MOVED_SOME, MOVED_ALL, MOVED_FULL, MOVED_END };

void io_copy_end(struct io_copy *copy)
{
	if (copy->loop) {
		loop_unwatch(copy->loop, &copy->from);
		loop_unwatch(copy->loop, &copy->to);
		loop_timer_stop(copy->loop, &copy->linger);
	}
	fd_close(&copy->from.fd);
	fd_close(&copy->to.fd);
	buf_done(&copy->rest);
	copy->rest_at = 0;
}

bool io_copy_has_ended(const struct io_copy *copy)
{
	return copy->from.fd < 0;
}

/* EAGAIN of a splice. There was something in the source, so where there is room now it has just come. */
static enum moved who_waits(const struct io_copy *copy)
{
	struct pollfd p = { .fd = copy->to.fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 ? MOVED_SOME : MOVED_FULL;
}

static enum moved failed(struct io_copy *copy)
{
	if (errno == EINTR)
		return MOVED_SOME;
	if (errno == EAGAIN)
		return who_waits(copy);
	/* EPIPE: the reader has closed; EIO: the last user of a terminal has */
	if (errno != EPIPE && errno != EIO)
		log_warn("copy a container's stdio: %s", strerror(errno));
	return MOVED_END;
}

/* Of a file: the rest as if it were written. */
static ssize_t drop_rest(struct io_copy *copy)
{
	if (!copy->has_dropped)
		log_warn("a container's output is lost: %s", strerror(errno));
	copy->has_dropped = true;
	return (ssize_t)(copy->rest.n - copy->rest_at);
}

static enum moved write_rest(struct io_copy *copy)
{
	ssize_t n = write(copy->to.fd, copy->rest.p + copy->rest_at, copy->rest.n - copy->rest_at);

	if (n < 0 && (errno == ENOSPC || errno == EDQUOT))
		n = drop_rest(copy);
	if (n < 0)
		return errno == EAGAIN ? MOVED_FULL : failed(copy);
	copy->rest_at += (size_t)n;
	if (copy->rest_at == copy->rest.n) {
		buf_done(&copy->rest);
		copy->rest_at = 0;
	}
	return MOVED_SOME;
}

static enum moved move_by_buffer(struct io_copy *copy)
{
	char chunk[CHUNK_BYTES];
	ssize_t n;

	if (copy->rest.n)
		return write_rest(copy);
	n = read(copy->from.fd, chunk, sizeof(chunk));
	if (n < 0)
		return errno == EAGAIN ? MOVED_ALL : failed(copy);
	if (n == 0)
		return MOVED_END;
	buf_add(&copy->rest, chunk, (size_t)n);
	return write_rest(copy);
}

/*
 * A pipe holds sixteen pieces that were spliced, however small, and then is full: a few lines that
 * nobody reads. What is written is put behind what is there, in the same page.
 */
static bool is_worth_splicing(const struct io_copy *copy)
{
	int n = 0;

	return !copy->no_splice && !copy->rest.n && !ioctl(copy->from.fd, FIONREAD, &n) &&
	       n >= PAGE_BYTES;
}

static enum moved move_piece(struct io_copy *copy)
{
	ssize_t n;

	if (!is_worth_splicing(copy))
		return move_by_buffer(copy);
	n = splice(copy->from.fd, NULL, copy->to.fd, NULL, PIECE_BYTES,
		   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (n > 0)
		return MOVED_SOME;
	if (n == 0)
		return MOVED_END;
	if (errno != EINVAL)
		return failed(copy);
	copy->no_splice = true;
	return MOVED_SOME;
}

/*
 * While the reader is slow the source isn't watched at all: its hang-up would be told without end.
 */
static void watch(struct io_copy *copy, bool is_full)
{
	struct loop_source *on = is_full ? &copy->to : &copy->from;
	struct err err = { 0 };

	loop_unwatch(copy->loop, is_full ? &copy->from : &copy->to);
	if (loop_watch(copy->loop, on, is_full ? EPOLLOUT : EPOLLIN, &err)) {
		log_error("a container's stdio: %s", err.msg);
		io_copy_end(copy);
	}
}

/* What is in a pipe; a file has always taken all. */
static bool is_unread(const struct io_copy *copy)
{
	struct stat st;
	int n = 0;

	return !fstat(copy->to.fd, &st) && S_ISFIFO(st.st_mode) &&
	       !ioctl(copy->to.fd, FIONREAD, &n) && n > 0;
}

static void look_again(struct loop_timer *timer)
{
	struct io_copy *copy = (void *)((char *)timer - offsetof(struct io_copy, linger));

	copy->linger_ms *= 2;
	if (copy->linger_ms <= LINGER_MS && is_unread(copy)) {
		loop_timer_set(copy->loop, timer, copy->linger_ms);
		return;
	}
	io_copy_end(copy);
	if (copy->idle)
		copy->idle(copy);
}

static void source_ended(struct io_copy *copy)
{
	if (!copy->lingers || !is_unread(copy)) {
		io_copy_end(copy);
		return;
	}
	loop_unwatch(copy->loop, &copy->from);
	loop_unwatch(copy->loop, &copy->to);
	fd_close(&copy->from.fd);
	copy->linger.fire = look_again;
	copy->linger_ms = 1;
	loop_timer_set(copy->loop, &copy->linger, copy->linger_ms);
}

static enum moved move(struct io_copy *copy, int pieces)
{
	enum moved moved = MOVED_SOME;

	while (moved == MOVED_SOME && pieces-- > 0)
		moved = move_piece(copy);
	if (moved == MOVED_END)
		source_ended(copy);
	else
		watch(copy, moved == MOVED_FULL || copy->rest.n);
	return moved;
}

static void turn(struct io_copy *copy)
{
	enum moved moved = move(copy, TURN_PIECES);

	if (copy->idle && (moved == MOVED_ALL || moved == MOVED_END))
		copy->idle(copy);
}

static void from_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	turn((void *)((char *)source - offsetof(struct io_copy, from)));
}

static void to_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	turn((void *)((char *)source - offsetof(struct io_copy, to)));
}

void io_copy_start(struct io_copy *copy, struct loop *loop, int from, int to)
{
	copy->loop = loop;
	copy->from = (struct loop_source){ .fd = from, .ready = from_ready };
	copy->to = (struct loop_source){ .fd = to, .ready = to_ready };
	watch(copy, false);
}

void io_copy_change_source(struct io_copy *copy, int from)
{
	bool is_watched = copy->from.is_added;

	loop_unwatch(copy->loop, &copy->from);
	fd_close(&copy->from.fd);
	copy->from.fd = from;
	if (is_watched)
		watch(copy, false);
}

bool io_copy_flush(struct io_copy *copy)
{
	if (!io_copy_has_ended(copy) && move(copy, FLUSH_PIECES) == MOVED_FULL)
		return false;
	return !copy->linger.is_set && !copy->rest.n;
}
