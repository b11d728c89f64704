/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "shim/task/loop.h"

int loop_init(struct loop *loop, struct err *err)
{
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll_fd < 0 ? err_sys(err, "make an epoll fd") : 0;
}

void loop_done(struct loop *loop)
{
	fd_close(&loop->epoll_fd);
}

int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events, struct err *err)
{
	struct epoll_event e = { .events = events, .data.ptr = source };

	if (source->is_added && source->events == events)
		return 0;
	if (epoll_ctl(loop->epoll_fd, source->is_added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, source->fd,
		      &e))
		return err_sys(err, "wait for fd %d", source->fd);
	source->is_added = true;
	source->events = events;
	return 0;
}

void loop_unwatch(struct loop *loop, struct loop_source *source)
{
	if (!source->is_added)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->is_added = false;
	/* what this batch still has for it would find a freed source */
	for (int i = loop->at; i < loop->n_batch; i++)
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = NULL;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
	if (!timer->is_set)
		return;
	for (struct loop_timer **p = &loop->timers; *p; p = &(*p)->next) {
		if (*p != timer)
			continue;
		*p = timer->next;
		break;
	}
	timer->is_set = false;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, unsigned int ms)
{
	struct loop_timer **p = &loop->timers;

	loop_timer_stop(loop, timer);
	timer->due_us = proc_now_us() + 1000ULL * ms;
	while (*p && (*p)->due_us <= timer->due_us)
		p = &(*p)->next;
	timer->next = *p;
	timer->is_set = true;
	*p = timer;
}

/* Fire what is due; gives the time until the next one in ms, -1 without one. */
static int run_timers(struct loop *loop)
{
	uint64_t now = loop->timers ? proc_now_us() : 0;

	while (loop->timers && loop->timers->due_us <= now && !loop->is_stopping) {
		struct loop_timer *timer = loop->timers;

		loop_timer_stop(loop, timer);
		timer->fire(timer);
	}
	if (!loop->timers)
		return -1;
	return loop->timers->due_us <= now ? 0 : (int)((loop->timers->due_us - now) / 1000 + 1);
}

static void deliver(struct loop *loop)
{
	while (loop->at < loop->n_batch && !loop->is_stopping) {
		struct epoll_event e = loop->batch[loop->at++];
		struct loop_source *source = e.data.ptr;

		if (source)
			source->ready(source, e.events);
	}
}

int loop_run(struct loop *loop, struct err *err)
{
	while (!loop->is_stopping) {
		int wait_ms = run_timers(loop);

		if (loop->is_stopping)
			break;
		loop->at = 0;
		loop->n_batch = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, wait_ms);
		if (loop->n_batch < 0 && errno != EINTR)
			return err_sys(err, "epoll_wait");
		deliver(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->is_stopping = true;
}
