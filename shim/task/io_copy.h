/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_copy.h - bytes from one fd to another, as fast as the slower of the two
 *
 * In       two non-blocking fds; pipes, fifos, a terminal, a file
 * Effects  splice(2) of much; for little, and where it can't, read(2) and write(2) with a small buffer
 *
 * What the reader doesn't take stays in the source: then nothing is read until it does. But what a full
 * disk doesn't take is dropped: a program mustn't stand still, or end, for want of a log. Clients open
 * a fifo when they get to it, ctr after the task was started: a fifo closed before is an empty one.
 * So at the source's end what is in the fifo is kept for up to an eighth of a second.
 */
#ifndef KEDGE_SHIM_TASK_IO_COPY_H
#define KEDGE_SHIM_TASK_IO_COPY_H

#include <stdbool.h>

#include "core/base/str.h"
#include "shim/task/loop.h"

struct io_copy {
	struct loop *loop;
	struct loop_source from; /* fds are ours to close; -1 when it has ended */
	struct loop_source to;
	struct buf rest; /* what was read and couldn't be written yet, without splice */
	size_t rest_at;
	bool no_splice;
	bool has_dropped; /* some, as the disk was full */
	bool lingers; /* at its end a reader that hasn't taken all gets a moment: the owner's to set */
	struct loop_timer linger;
	unsigned int linger_ms;
	/* told when the source is empty or has ended, if set */
	void (*idle)(struct io_copy *copy);
	void *owner;
};

/* Begin to copy from `from` to `to` (both consumed). `copy` must stay where it is. */
void io_copy_start(struct io_copy *copy, struct loop *loop, int from, int to);

/* Copy what is there now. Whether all of it is over: false means that the reader is slow, or to come. */
bool io_copy_flush(struct io_copy *copy);

/* Go on with another fd of the same source (consumed); the old one is closed. */
void io_copy_change_source(struct io_copy *copy, int from);

/* Whether it has ended: the source's writers are gone, or the reader is. */
bool io_copy_has_ended(const struct io_copy *copy);

/* End it: close both. A zeroed struct with fds -1 is an ended one. */
void io_copy_end(struct io_copy *copy);

#define IO_COPY_EMPTY                                   \
	{                                               \
		.from = { .fd = -1 }, .to = {.fd = -1 } \
	}

#endif
