/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/events.pb-c.h"
#include "proto/ttrpc.pb-c.h"
#include "shim/task/events.h"
#include "shim/task/loop_test.h"

/* A containerd that takes events, or is away. */
struct fixture {
	struct loop loop;
	struct events events;
	char path[64];
	int listener;
	int conn;
	struct frame_reader in;
	char taken[1024]; /* the topics, one after the other */
};

static void come(struct fixture *f)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	strcpy(sa.sun_path, f->path);
	unlink(f->path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(f->listener, 4), 0);
}

static void go_away(struct fixture *f)
{
	if (f->conn >= 0)
		close(f->conn);
	if (f->listener >= 0)
		close(f->listener);
	f->conn = f->listener = -1;
	frame_done(&f->in);
}

static void answer(struct fixture *f, const struct frame *asked)
{
	AUTO(buf_done) struct buf out = { 0 };
	const struct frame frame = {
		.stream = asked->stream,
		.type = FRAME_RESPONSE,
		.data = (const uint8_t *)"",
	};

	frame_write(&frame, &out);
	assert_int_equal(write(f->conn, out.p, out.n), (ssize_t)out.n);
}

static void take(struct fixture *f, const struct frame *frame)
{
	Ttrpc__Request *m = ttrpc__request__unpack(NULL, frame->bytes, frame->data);
	Events__ForwardRequest *forward;

	assert_string_equal(m->service, "containerd.services.events.ttrpc.v1.Events");
	assert_string_equal(m->method, "Forward");
	forward = events__forward_request__unpack(NULL, m->payload.len, m->payload.data);
	assert_string_equal(forward->envelope->namespace_, "ns");
	assert_true(forward->envelope->timestamp->seconds > 1000000000);
	strcat(f->taken, forward->envelope->topic);
	events__forward_request__free_unpacked(forward, NULL);
	ttrpc__request__free_unpacked(m, NULL);
}

/* Accept, and take what comes; with `answers`, say so. */
static void serve(struct fixture *f, bool answers)
{
	struct frame frame;
	char chunk[4096];
	ssize_t n;

	for (int i = 0; i < 20; i++) {
		loop_test_run(&f->loop, 1);
		if (f->conn < 0)
			f->conn = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
		if (f->conn < 0)
			continue;
		n = recv(f->conn, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n <= 0)
			continue;
		frame_add(&f->in, chunk, (size_t)n);
		while (frame_next(&f->in, &frame) == FRAME_WHOLE) {
			take(f, &frame);
			if (answers)
				answer(f, &frame);
		}
	}
}

static void publish(struct fixture *f, const char *topic)
{
	Events__TaskId event = EVENTS__TASK_ID__INIT;

	event.container_id = (char *)"c1";
	events_publish(&f->events, topic, "containerd.events.TaskOOM", &event.base);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->path, sizeof(f->path), "/tmp/kedge-events-test.%d", (int)getpid());
	f->listener = f->conn = -1;
	assert_int_equal(loop_init(&f->loop, NULL), 0);
	events_init(&f->events, &f->loop, f->path, "ns");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	events_done(&f->events);
	go_away(f);
	unlink(f->path);
	loop_done(&f->loop);
	free(f);
	return 0;
}

static void events_arrive_in_order(void **state)
{
	struct fixture *f = *state;

	come(f);
	publish(f, "/a");
	publish(f, "/b");
	publish(f, "/c");
	assert_false(events_are_sent(&f->events));
	serve(f, true);
	assert_string_equal(f->taken, "/a/b/c");
	assert_true(events_are_sent(&f->events));
	publish(f, "/d");
	serve(f, true);
	assert_string_equal(f->taken, "/a/b/c/d");
}

static void what_was_not_answered_is_sent_again_to_the_next_containerd(void **state)
{
	struct fixture *f = *state;

	come(f);
	publish(f, "/a");
	publish(f, "/b");
	serve(f, false);
	assert_string_equal(f->taken, "/a");
	go_away(f);
	loop_test_run(&f->loop, 5);
	publish(f, "/c");
	come(f);
	loop_test_run(&f->loop, 600);
	serve(f, true);
	assert_string_equal(f->taken, "/a/a/b/c");
	assert_true(events_are_sent(&f->events));
}

static void the_queue_is_bounded_and_the_newest_stay(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < EVENTS_MAX + 10; i++)
		publish(f, i < EVENTS_MAX + 9 ? "/old" : "/new");
	assert_int_equal(f->events.n, EVENTS_MAX);
	assert_false(events_are_sent(&f->events));
}

static void without_an_address_nobody_is_told(void **state)
{
	struct fixture *f = *state;
	struct events events;

	events_init(&events, &f->loop, NULL, "ns");
	f->events.socket = NULL;
	publish(f, "/a");
	assert_true(events_are_sent(&f->events));
	events_done(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_arrive_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_not_answered_is_sent_again_to_the_next_containerd, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(the_queue_is_bounded_and_the_newest_stay, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(without_an_address_nobody_is_told, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
