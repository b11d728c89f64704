/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop_test.h - what the tests of those who live in an event loop share
 *
 * Effects  runs the loop
 */
#ifndef KEDGE_SHIM_TASK_LOOP_TEST_H
#define KEDGE_SHIM_TASK_LOOP_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/task/loop.h"

struct loop_test_stop {
	struct loop_timer timer;
	struct loop *loop;
};

/* A timer's `fire`. */
static inline void loop_test_stop(struct loop_timer *timer)
{
	const struct loop_test_stop *stop = (const void *)timer;

	loop_stop(stop->loop);
}

/* Let the loop deliver what there is and what comes within `ms`. */
static inline void loop_test_run(struct loop *loop, unsigned int ms)
{
	struct loop_test_stop stop = { .timer.fire = loop_test_stop, .loop = loop };

	loop->is_stopping = false;
	loop_timer_set(loop, &stop.timer, ms);
	assert_int_equal(loop_run(loop, NULL), 0);
	loop_timer_stop(loop, &stop.timer);
}

#endif
