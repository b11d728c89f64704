/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shim/task/io_copy.h"
#include "shim/task/loop_test.h"

/* A container's pipe that is copied to a fifo, of which both ends are the client's and ours. */
struct fixture {
	struct loop loop;
	struct io_copy copy;
	int container; /* writes here */
	int client;    /* reads here */
};

static struct fixture *new_fixture(bool by_socket)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int from[2], to[2];

	assert_int_equal(loop_init(&f->loop, NULL), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC | O_NONBLOCK), 0);
	if (by_socket)
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, to), 0);
	else
		assert_int_equal(pipe2(to, O_CLOEXEC | O_NONBLOCK), 0);
	f->container = from[1];
	f->client = to[0];
	io_copy_start(&f->copy, &f->loop, from[0], to[1]);
	return f;
}

static void free_fixture(struct fixture *f)
{
	io_copy_end(&f->copy);
	loop_done(&f->loop);
	close(f->client);
	if (f->container >= 0)
		close(f->container);
	free(f);
}

static size_t drain(int fd)
{
	static char chunk[65536];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		total += (size_t)n;
	return total;
}

/* Write until nothing more goes in, the reader asleep; then read all. */
static void expect_all_arrives(struct fixture *f)
{
	static char piece[4096];
	size_t written = 0, got = 0;

	for (int quiet = 0; quiet < 3;) {
		ssize_t n = write(f->container, piece, sizeof(piece));

		written += n > 0 ? (size_t)n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		loop_test_run(&f->loop, 1);
	}
	assert_false(io_copy_flush(&f->copy));
	close(f->container);
	f->container = -1;
	while (!io_copy_has_ended(&f->copy)) {
		got += drain(f->client);
		loop_test_run(&f->loop, 1);
	}
	got += drain(f->client);
	assert_int_equal(got, written);
}

static void a_slow_reader_loses_nothing_and_the_end_comes_through(void **state)
{
	struct fixture *f = new_fixture(false);

	(void)state;
	expect_all_arrives(f);
	assert_false(f->copy.no_splice);
	free_fixture(f);
}

/* Such as a file that is appended to. */
static void what_cannot_be_spliced_is_copied(void **state)
{
	struct fixture *f = new_fixture(true);

	(void)state;
	f->copy.no_splice = true;
	expect_all_arrives(f);
	free_fixture(f);
}

/* A pipe whose writer is gone says so without end, and must not keep us busy. */
static void waiting_for_a_reader_takes_no_cpu(void **state)
{
	struct fixture *f = new_fixture(false);
	static char piece[4096];
	struct timespec cpu;

	(void)state;
	while (write(f->container, piece, sizeof(piece)) > 0)
		loop_test_run(&f->loop, 1);
	close(f->container);
	f->container = -1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	loop_test_run(&f->loop, 200);
	{
		struct timespec now;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		assert_true((now.tv_sec - cpu.tv_sec) * 1000 +
				    (now.tv_nsec - cpu.tv_nsec) / 1000000 <
			    50);
	}
	free_fixture(f);
}

static void a_reader_that_is_gone_ends_the_copy(void **state)
{
	struct fixture *f = new_fixture(false);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(f->client);
	f->client = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(write(f->container, "x", 1), 1);
	loop_test_run(&f->loop, 5);
	assert_true(io_copy_has_ended(&f->copy));
	free_fixture(f);
}

static void short_lines_that_nobody_reads_leave_room_for_more(void **state)
{
	struct fixture *f = new_fixture(false);

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(write(f->container, "line\n", 5), 5);
		loop_test_run(&f->loop, 1);
	}
	assert_true(io_copy_flush(&f->copy));
	assert_int_equal(drain(f->client), 500);
	free_fixture(f);
}

static void what_a_full_disk_does_not_take_is_dropped_and_the_copy_goes_on(void **state)
{
	struct fixture *f = new_fixture(false);
	static char piece[65536];

	(void)state;
	io_copy_end(&f->copy);
	close(f->container);
	{
		int from[2];

		assert_int_equal(pipe2(from, O_CLOEXEC | O_NONBLOCK), 0);
		f->container = from[1];
		io_copy_start(&f->copy, &f->loop, from[0], open("/dev/full", O_WRONLY | O_CLOEXEC));
	}
	f->copy.no_splice = true; /* as a file that is appended to */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(f->container, piece, sizeof(piece)), sizeof(piece));
		loop_test_run(&f->loop, 5);
	}
	assert_false(io_copy_has_ended(&f->copy));
	assert_true(f->copy.has_dropped);
	free_fixture(f);
}

/* The last writer that leaves a fifo nobody has opened yet takes along what is in it. */
static void what_nobody_has_read_yet_keeps_the_fifo_open_for_a_moment(void **state)
{
	struct fixture *f = new_fixture(false);
	char c;

	(void)state;
	f->copy.lingers = true;
	assert_int_equal(write(f->container, "x", 1), 1);
	close(f->container);
	f->container = -1;
	loop_test_run(&f->loop, 5);
	assert_false(io_copy_flush(&f->copy));
	assert_int_equal(read(f->client, &c, 1), 1);
	assert_int_equal(read(f->client, &c, 1), -1); /* no end yet */
	loop_test_run(&f->loop, 40);
	assert_true(io_copy_flush(&f->copy));
	assert_int_equal(read(f->client, &c, 1), 0);
	free_fixture(f);
}

static void a_reader_that_never_comes_is_not_waited_for(void **state)
{
	struct fixture *f = new_fixture(false);

	(void)state;
	f->copy.lingers = true;
	assert_int_equal(write(f->container, "x", 1), 1);
	close(f->container);
	f->container = -1;
	loop_test_run(&f->loop, 300);
	assert_true(io_copy_flush(&f->copy));
	assert_int_equal(f->copy.to.fd, -1);
	free_fixture(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_reader_loses_nothing_and_the_end_comes_through),
		cmocka_unit_test(what_cannot_be_spliced_is_copied),
		cmocka_unit_test(waiting_for_a_reader_takes_no_cpu),
		cmocka_unit_test(a_reader_that_is_gone_ends_the_copy),
		cmocka_unit_test(short_lines_that_nobody_reads_leave_room_for_more),
		cmocka_unit_test(what_a_full_disk_does_not_take_is_dropped_and_the_copy_goes_on),
		cmocka_unit_test(what_nobody_has_read_yet_keeps_the_fifo_open_for_a_moment),
		cmocka_unit_test(a_reader_that_never_comes_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
