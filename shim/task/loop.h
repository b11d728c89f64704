/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - the event loop: readiness of fds, timers, and what is to be done later
 *
 * In       sources and timers that are part of their owners' structs; nothing is copied
 * Effects  one epoll fd; callbacks run one after the other, in the one thread there is
 * Source   epoll(7), level-triggered
 *
 * A callback may remove and free any source or timer, its own among them.
 */
#ifndef KEDGE_SHIM_TASK_LOOP_H
#define KEDGE_SHIM_TASK_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "core/base/err.h"

#define LOOP_BATCH 16

/* An fd that somebody waits for. `fd` and `ready` are the owner's to set, the rest is the loop's. */
struct loop_source {
	int fd; /* borrowed */
	void (*ready)(struct loop_source *source, uint32_t events);
	uint32_t events;
	bool is_added;
};

/* Something that is due at a certain time. `fire` is the owner's to set. */
struct loop_timer {
	void (*fire)(struct loop_timer *timer);
	uint64_t due_us;
	bool is_set;
	struct loop_timer *next;
};

struct loop {
	int epoll_fd;
	struct loop_timer *timers; /* the next one first */
	struct epoll_event batch[LOOP_BATCH];
	int n_batch; /* events of the batch that are still to be delivered, from `at` on */
	int at;
	bool is_stopping;
};

/* Make the epoll fd. Errors: ERR_SYS. */
int loop_init(struct loop *loop, struct err *err);

/* Close it. */
void loop_done(struct loop *loop);

/*
 * Wait for `events` (EPOLLIN, EPOLLOUT) on source->fd; again, to wait for others. With 0 only errors
 * and hang-ups are told. Errors: ERR_SYS.
 */
int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events, struct err *err);

/* Wait for nothing any more; to be called before the fd is closed. Harmless when not watched. */
void loop_unwatch(struct loop *loop, struct loop_source *source);

/* Let `timer` fire once, `ms` from now; one that is set already is set anew. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, unsigned int ms);

/* Take it back. Harmless when it isn't set. */
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

/* Deliver events until loop_stop(). Errors: ERR_SYS when the kernel no longer waits. */
int loop_run(struct loop *loop, struct err *err);

/* Let loop_run() return after the current callback. */
void loop_stop(struct loop *loop);

#endif
