/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/run/sync.h"

/* What goes over the socket, written down a second time: the layout is part of the promise. */
struct wire {
	int kind;
	int pid;
	struct err err;
};

#define HEAD_BYTES offsetof(struct wire, err)

struct pair {
	int fds[2];
};

static int set_up(void **state)
{
	struct pair *p = xcalloc(1, sizeof(*p));

	*state = p;
	return sync_pair(p->fds, NULL);
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	fd_close(&p->fds[0]);
	fd_close(&p->fds[1]);
	free(p);
	return 0;
}

/* What the parent makes of `bytes` bytes of `p` from the child. */
static int receive(struct pair *pair, const void *p, size_t bytes, struct err *err)
{
	assert_int_equal(send(pair->fds[1], p, bytes, 0), bytes);
	return sync_recv(pair->fds[0], NULL, err);
}

static void a_pair_is_connected_and_goes_with_exec(void **state)
{
	struct pair *p = *state;

	assert_true(fcntl(p->fds[0], F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(p->fds[1], F_GETFD) & FD_CLOEXEC);
}

static void messages_arrive_one_by_one_in_order(void **state)
{
	static const enum sync_kind kinds[] = { SYNC_MOUNTED, SYNC_GO,	  SYNC_CONSOLE,
						SYNC_SECCOMP, SYNC_READY, SYNC_GO_ON };
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		assert_int_equal(sync_send(p->fds[1], kinds[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		assert_int_equal(sync_recv(p->fds[0], NULL, NULL), kinds[i]);
}

static void a_pid_comes_with_its_message(void **state)
{
	struct pair *p = *state;
	pid_t pid = 0;

	assert_int_equal(sync_send_pid(p->fds[1], 4194303, NULL), 0);
	assert_int_equal(sync_send_pid(p->fds[1], 7, NULL), 0);
	assert_int_equal(sync_recv(p->fds[0], &pid, NULL), SYNC_PID);
	assert_int_equal(pid, 4194303);
	assert_int_equal(sync_recv(p->fds[0], NULL, NULL), SYNC_PID);
}

static void an_error_arrives_with_all_that_it_says(void **state)
{
	struct err sent = { 0 }, err = { 0 };
	struct pair *p = *state;

	errno = EACCES;
	err_sys(&sent, "open %s", "/a");
	err_hint(&sent, "ask");
	sync_send_error(p->fds[1], &sent);
	assert_int_equal(sync_recv(p->fds[0], NULL, &err), -1);
	assert_int_equal(err.kind, ERR_DENIED);
	assert_int_equal(err.sys, EACCES);
	assert_string_equal(err.msg, "open /a: Permission denied");
	assert_string_equal(err.hint, "ask");
	sync_send_error(p->fds[1], &sent);
	assert_int_equal(sync_recv(p->fds[0], NULL, NULL), -1);
}

static void an_error_without_end_of_string_gets_one(void **state)
{
	struct pair *p = *state;
	struct wire w;
	struct {
		struct err err;
		char guard[16];
	} got = { .guard = "guard" };

	memset(&w, 'x', sizeof(w));
	w.kind = SYNC_ERROR;
	w.err.kind = ERR_DENIED;
	assert_int_equal(receive(p, &w, sizeof(w), &got.err), -1);
	assert_int_equal(strlen(got.err.msg), sizeof(got.err.msg) - 1);
	assert_int_equal(strlen(got.err.hint), sizeof(got.err.hint) - 1);
	assert_string_equal(got.guard, "guard");
}

static void an_error_of_no_known_kind_is_one_of_the_system(void **state)
{
	static const int kinds[] = { ERR_SYS + 1, 1000000, -1, INT32_MIN, ERR_NONE };
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct wire w = { .kind = SYNC_ERROR, .err = { .msg = "m" } };
		struct err err = { 0 };

		memcpy(&w.err.kind, &kinds[i], sizeof(kinds[i]));
		assert_int_equal(receive(p, &w, sizeof(w), &err), -1);
		assert_int_equal(err.kind, ERR_SYS);
		assert_string_equal(err.msg, "m");
	}
}

static void a_message_of_another_length_is_refused(void **state)
{
	static const size_t lengths[] = { 1, HEAD_BYTES - 1, HEAD_BYTES + 1,
					  sizeof(struct wire) - 1, sizeof(struct wire) };
	struct wire w = { .kind = SYNC_READY };
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct err err = { 0 };

		assert_int_equal(receive(p, &w, lengths[i], &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
	assert_int_equal(receive(p, &w, HEAD_BYTES, NULL), SYNC_READY);
}

static void a_message_longer_than_any_is_refused_whole(void **state)
{
	struct {
		struct wire w;
		char more[1000];
	} long_one = { .w = { .kind = SYNC_READY } };
	struct pair *p = *state;
	struct err err = { 0 };

	assert_int_equal(receive(p, &long_one, sizeof(long_one), &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	/* nothing of it is left over to be taken for the next message */
	assert_int_equal(sync_send(p->fds[1], SYNC_GO, NULL), 0);
	assert_int_equal(sync_recv(p->fds[0], NULL, NULL), SYNC_GO);
}

static void an_error_that_is_cut_off_is_no_error_message(void **state)
{
	struct wire w = { .kind = SYNC_ERROR, .err = { .kind = ERR_DENIED, .msg = "m" } };
	struct pair *p = *state;
	struct err err = { 0 };

	assert_int_equal(receive(p, &w, sizeof(w) - 1, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(receive(p, &w, HEAD_BYTES, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
}

static void an_unknown_kind_is_refused(void **state)
{
	static const int kinds[] = { 0, -1, SYNC_ERROR + 1, 0x7fffffff };
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct wire w = { .kind = kinds[i] };
		struct err err = { 0 };

		assert_int_equal(receive(p, &w, HEAD_BYTES, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void the_end_of_the_peer_is_zero_after_what_it_sent(void **state)
{
	struct pair *p = *state;

	assert_int_equal(sync_send(p->fds[1], SYNC_READY, NULL), 0);
	fd_close(&p->fds[1]);
	assert_int_equal(sync_recv(p->fds[0], NULL, NULL), SYNC_READY);
	assert_int_equal(sync_recv(p->fds[0], NULL, NULL), 0);
}

/* A peer that ends with our message unread makes a reset of it. */
static void a_peer_that_ends_without_reading_is_the_end_too(void **state)
{
	struct pair *p = *state;

	assert_int_equal(sync_send(p->fds[0], SYNC_GO, NULL), 0);
	fd_close(&p->fds[1]);
	assert_int_equal(sync_recv(p->fds[0], NULL, NULL), 0);
}

static void sending_to_nobody_is_an_error_and_no_signal(void **state)
{
	struct pair *p = *state;
	struct err err = { 0 };

	fd_close(&p->fds[1]);
	assert_int_equal(sync_send(p->fds[0], SYNC_GO, &err), -1);
	assert_int_equal(err.sys, EPIPE);
	sync_send_error(p->fds[0], &err);
}

static void what_is_expected_must_come(void **state)
{
	struct pair *p = *state;
	struct err err = { 0 };

	assert_int_equal(sync_send(p->fds[1], SYNC_READY, NULL), 0);
	assert_int_equal(sync_expect(p->fds[0], SYNC_READY, "it", &err), 0);
	assert_int_equal(sync_send(p->fds[1], SYNC_GO, NULL), 0);
	assert_int_equal(sync_expect(p->fds[0], SYNC_READY, "it", &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	errno = EEXIST;
	err_sys(&err, "make it");
	sync_send_error(p->fds[1], &err);
	err_clear(&err);
	assert_int_equal(sync_expect(p->fds[0], SYNC_READY, "it", &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	fd_close(&p->fds[1]);
	assert_int_equal(sync_expect(p->fds[0], SYNC_READY, "the child", &err), -1);
	assert_int_equal(err.kind, ERR_SYS);
	assert_string_equal(err.msg, "the child ended unexpectedly");
}

#define PAIRED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIRED(a_pair_is_connected_and_goes_with_exec),
		PAIRED(messages_arrive_one_by_one_in_order),
		PAIRED(a_pid_comes_with_its_message),
		PAIRED(an_error_arrives_with_all_that_it_says),
		PAIRED(an_error_without_end_of_string_gets_one),
		PAIRED(an_error_of_no_known_kind_is_one_of_the_system),
		PAIRED(a_message_of_another_length_is_refused),
		PAIRED(a_message_longer_than_any_is_refused_whole),
		PAIRED(an_error_that_is_cut_off_is_no_error_message),
		PAIRED(an_unknown_kind_is_refused),
		PAIRED(the_end_of_the_peer_is_zero_after_what_it_sent),
		PAIRED(a_peer_that_ends_without_reading_is_the_end_too),
		PAIRED(sending_to_nobody_is_an_error_and_no_signal),
		PAIRED(what_is_expected_must_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
