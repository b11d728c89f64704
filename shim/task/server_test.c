/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/ttrpc.pb-c.h"
#include "shim/task/conn.h"
#include "shim/task/loop_test.h"

/* A server with one client, whose calls are kept in `calls` until a test answers them. */
struct fixture {
	struct loop loop;
	struct server server;
	int client;
	struct call *calls[64];
	size_t n;
	struct frame_reader in;
};

static void keep_call(void *arg, struct call *call, const ProtobufCBinaryData *payload)
{
	struct fixture *f = arg;

	(void)payload;
	f->calls[f->n++] = call;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int socks[2];

	assert_int_equal(loop_init(&f->loop, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	f->server.loop = &f->loop;
	f->server.source.fd = -1;
	f->server.dispatch = keep_call;
	f->server.arg = f;
	f->client = socks[1];
	conn_open(&f->server, socks[0]);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	server_done(&f->server);
	loop_done(&f->loop);
	frame_done(&f->in);
	if (f->client >= 0)
		close(f->client);
	free(f);
	return 0;
}

static void request(struct fixture *f, uint32_t stream, const char *method, int64_t timeout_nano)
{
	Ttrpc__Request m = TTRPC__REQUEST__INIT;
	AUTO(buf_done) struct buf out = { 0 };
	uint8_t data[256];
	struct frame frame = { .stream = stream, .type = FRAME_REQUEST, .data = data };

	m.service = (char *)"containerd.task.v2.Task";
	m.method = (char *)method;
	m.timeout_nano = timeout_nano;
	frame.bytes = (uint32_t)ttrpc__request__pack(&m, data);
	frame_write(&frame, &out);
	assert_int_equal(write(f->client, out.p, out.n), (ssize_t)out.n);
}

/* The next response: its stream, and its status' code. */
static void expect(struct fixture *f, uint32_t stream, int code)
{
	struct frame frame;
	Ttrpc__Response *m;
	char chunk[512];

	while (frame_next(&f->in, &frame) == FRAME_NONE) {
		ssize_t n = recv(f->client, chunk, sizeof(chunk), MSG_DONTWAIT);

		assert_true(n > 0);
		frame_add(&f->in, chunk, (size_t)n);
	}
	assert_int_equal(frame.stream, stream);
	assert_int_equal(frame.type, FRAME_RESPONSE);
	m = ttrpc__response__unpack(NULL, frame.bytes, frame.data);
	assert_non_null(m);
	assert_int_equal(m->status ? m->status->code : 0, code);
	ttrpc__response__free_unpacked(m, NULL);
}

static void nothing_comes(struct fixture *f)
{
	char c;

	assert_int_equal(recv(f->client, &c, 1, MSG_DONTWAIT), -1);
}

static void calls_are_answered_in_any_order(void **state)
{
	struct fixture *f = *state;

	request(f, 1, "Wait", 0);
	request(f, 3, "State", 0);
	loop_test_run(&f->loop, 5);
	assert_int_equal(f->n, 2);
	assert_string_equal(f->calls[0]->method, "Wait");
	nothing_comes(f);
	call_reply(f->calls[1], NULL);
	expect(f, 3, 0);
	call_fail(f->calls[0], CODE_NOT_FOUND, "no %s", "task");
	expect(f, 1, CODE_NOT_FOUND);
}

static void streams_must_be_odd_and_go_up(void **state)
{
	struct fixture *f = *state;

	request(f, 2, "State", 0);
	request(f, 5, "State", 0);
	request(f, 5, "State", 0);
	request(f, 3, "State", 0);
	loop_test_run(&f->loop, 5);
	assert_int_equal(f->n, 1);
	expect(f, 2, CODE_INVALID_ARGUMENT);
	expect(f, 5, CODE_INVALID_ARGUMENT);
	expect(f, 3, CODE_INVALID_ARGUMENT);
	call_reply(f->calls[0], NULL);
	expect(f, 5, 0);
}

static void what_is_no_request_is_answered_and_the_connection_goes_on(void **state)
{
	static const uint8_t garbage[] = { 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0xff, 0xff };
	static const uint8_t odd_type[] = { 0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 'x' };
	struct fixture *f = *state;

	assert_int_equal(write(f->client, garbage, sizeof(garbage)), sizeof(garbage));
	assert_int_equal(write(f->client, odd_type, sizeof(odd_type)), sizeof(odd_type));
	request(f, 3, "State", 0);
	loop_test_run(&f->loop, 5);
	expect(f, 1, CODE_INVALID_ARGUMENT);
	assert_int_equal(f->n, 1);
	call_reply(f->calls[0], NULL);
	expect(f, 3, 0);
}

static void a_client_without_patience_is_told_and_the_late_answer_is_not(void **state)
{
	struct fixture *f = *state;

	request(f, 1, "State", 2000000);
	loop_test_run(&f->loop, 20);
	expect(f, 1, CODE_DEADLINE_EXCEEDED);
	call_reply(f->calls[0], NULL);
	loop_test_run(&f->loop, 5);
	nothing_comes(f);
}

/* `start` looks whether there is a shim, and containerd connects a moment later. */
static void who_connects_without_a_word_is_expected_to_come_back(void **state)
{
	struct fixture *f = *state;

	assert_true(server_is_expecting(&f->server));
	request(f, 1, "State", 0);
	loop_test_run(&f->loop, 5);
	assert_false(server_is_expecting(&f->server));
	call_reply(f->calls[0], NULL);
	close(f->client);
	f->client = -1;
	loop_test_run(&f->loop, 5);
	assert_null(f->server.conns);
	assert_false(server_is_expecting(&f->server));
}

static void who_has_left_without_a_word_is_expected_for_a_while(void **state)
{
	struct fixture *f = *state;

	close(f->client);
	f->client = -1;
	loop_test_run(&f->loop, 5);
	assert_null(f->server.conns);
	assert_true(server_is_expecting(&f->server));
	f->server.looked_at_us -= 6000000;
	assert_false(server_is_expecting(&f->server));
}

static void who_comes_after_a_look_is_expected_no_more(void **state)
{
	struct fixture *f = *state;
	int socks[2];

	close(f->client);
	loop_test_run(&f->loop, 5);
	assert_true(server_is_expecting(&f->server));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	conn_open(&f->server, socks[0]);
	f->client = socks[1];
	request(f, 1, "Create", 0);
	loop_test_run(&f->loop, 5);
	assert_false(server_is_expecting(&f->server));
	call_reply(f->calls[0], NULL);
}

static struct call *gone_call;
static unsigned int n_gone;

static void note_gone(struct call *call)
{
	gone_call = call;
	n_gone++;
}

/* As who keeps a call of Wait does. */
static void end_gone(struct call *call)
{
	note_gone(call);
	call_reply(call, NULL);
}

/* containerd is killed, and its container ends, before we have read of either. */
static void a_call_whose_answer_finds_the_client_gone_is_ended_once(void **state)
{
	struct fixture *f = *state;

	request(f, 1, "Wait", 0);
	request(f, 3, "Wait", 0);
	loop_test_run(&f->loop, 5);
	f->calls[0]->gone = note_gone;
	f->calls[1]->gone = end_gone;
	close(f->client);
	f->client = -1;
	n_gone = 0;
	call_reply(f->calls[0], NULL);
	assert_int_equal(n_gone, 1);
	assert_ptr_equal(gone_call, f->calls[1]);
	assert_null(f->server.conns);
}

static void patience_that_ends_when_the_client_has_gone_ends_the_call_once(void **state)
{
	struct fixture *f = *state;

	request(f, 1, "Wait", 20000000);
	loop_test_run(&f->loop, 1);
	assert_int_equal(f->n, 1);
	f->calls[0]->gone = end_gone;
	close(f->client);
	f->client = -1;
	n_gone = 0;
	usleep(25000); /* timers go first */
	loop_test_run(&f->loop, 1);
	assert_int_equal(n_gone, 1);
	assert_null(f->server.conns);
}

static void a_call_outlives_its_client(void **state)
{
	struct fixture *f = *state;

	request(f, 1, "Wait", 0);
	request(f, 3, "Start", 0);
	loop_test_run(&f->loop, 5);
	f->calls[0]->gone = note_gone;
	close(f->client);
	f->client = -1;
	loop_test_run(&f->loop, 5);
	assert_ptr_equal(gone_call, f->calls[0]);
	assert_null(f->server.conns);
	call_reply(f->calls[0], NULL);
	call_fail(f->calls[1], CODE_UNKNOWN, "nobody hears it");
}

/* proto3 clients in Go drop an answer whose text isn't UTF-8. */
static void texts_that_are_no_utf8_are_made_so(void **state)
{
	struct fixture *f = *state;
	struct frame frame;
	Ttrpc__Response *m;
	char chunk[512];
	ssize_t n;

	request(f, 1, "State", 0);
	loop_test_run(&f->loop, 5);
	call_fail(f->calls[0], CODE_UNKNOWN, "mount /a\xff");
	n = recv(f->client, chunk, sizeof(chunk), MSG_DONTWAIT);
	assert_true(n > 0);
	frame_add(&f->in, chunk, (size_t)n);
	assert_int_equal(frame_next(&f->in, &frame), FRAME_WHOLE);
	m = ttrpc__response__unpack(NULL, frame.bytes, frame.data);
	assert_string_equal(m->status->message, "mount /a?");
	ttrpc__response__free_unpacked(m, NULL);
}

static void who_never_says_a_word_is_not_expected_for_ever(void **state)
{
	struct fixture *f = *state;

	loop_test_run(&f->loop, 1);
	assert_true(server_is_expecting(&f->server));
	f->server.conns->opened_us -= 6000000;
	assert_false(server_is_expecting(&f->server));
}

static void a_server_without_fds_rests_and_accepts_when_there_are_some(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct rlimit old, none;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t bytes = sizeof(sa);

	/* a name of the kernel's choice */
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa.sun_family)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &bytes), 0);
	assert_int_equal(server_init(&f->server, &f->loop, fd, NULL), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&sa, bytes), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_test_run(&f->loop, 10);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_false(f->server.source.is_added);
	assert_null(f->server.conns->next);
	loop_test_run(&f->loop, 200);
	assert_true(f->server.source.is_added);
	assert_non_null(f->server.conns->next);
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_comes_after_a_look_is_expected_no_more, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(calls_are_answered_in_any_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(streams_must_be_odd_and_go_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_no_request_is_answered_and_the_connection_goes_on, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_client_without_patience_is_told_and_the_late_answer_is_not, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			who_connects_without_a_word_is_expected_to_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_has_left_without_a_word_is_expected_for_a_while,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_never_says_a_word_is_not_expected_for_ever,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_server_without_fds_rests_and_accepts_when_there_are_some, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_call_outlives_its_client, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_call_whose_answer_finds_the_client_gone_is_ended_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			patience_that_ends_when_the_client_has_gone_ends_the_call_once, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(texts_that_are_no_utf8_are_made_so, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
