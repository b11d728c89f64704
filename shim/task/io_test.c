/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/task/io_terminal.h"
#include "shim/task/loop_test.h"

/* A process's stdio in a directory of its own; `ends` are the process's. */
struct fixture {
	char dir[32];
	struct loop loop;
	struct children children;
	struct io io;
	int ends[3];
	struct loop_timer reap;
	unsigned int told;
	char *paths[3];
};

static void reap(struct loop_timer *timer)
{
	struct fixture *f = (void *)((char *)timer - offsetof(struct fixture, reap));

	children_reap(&f->children);
	loop_timer_set(&f->loop, timer, 2);
}

static void run(struct fixture *f, unsigned int ms)
{
	f->reap.fire = reap;
	loop_timer_set(&f->loop, &f->reap, 2);
	loop_test_run(&f->loop, ms);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/kedge-io.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(loop_init(&f->loop, NULL), 0);
	io_init(&f->io, &f->loop);
	for (int i = 0; i < 3; i++) {
		f->ends[i] = -1;
		f->paths[i] = xstrdup("");
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	io_done(&f->io);
	loop_done(&f->loop);
	for (int i = 0; i < 3; i++) {
		fd_close(&f->ends[i]);
		free(f->paths[i]);
	}
	fd_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f);
	return 0;
}

static void set_path(struct fixture *f, int i, const char *path)
{
	free(f->paths[i]);
	f->paths[i] = xstrdup(path);
}

static int open_io(struct fixture *f, bool terminal)
{
	struct io_paths paths = {
		.path = { f->paths[0], f->paths[1], f->paths[2] },
		.terminal = terminal,
		.env = { .id = "c1", .namespace = "ns", .children = &f->children },
	};

	return io_open(&f->io, &paths, f->ends, NULL);
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void expect_file(const struct fixture *f, const char *name, const char *want)
{
	auto_free char *path = xasprintf("%s/%s", f->dir, name);
	AUTO(buf_done) struct buf b = { 0 };

	assert_int_equal(fd_read_file(AT_FDCWD, path, 4096, &b, NULL), 0);
	assert_string_equal(b.n ? b.p : "", want);
}

/* A fifo of the client's, open at its end, too. */
static int make_fifo(struct fixture *f, int i, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", f->dir, name);

	assert_int_equal(mkfifo(path, 0600), 0);
	set_path(f, i, path);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void expect_read(int fd, const char *want)
{
	char got[256] = "";
	ssize_t n = read(fd, got, sizeof(got) - 1);

	assert_true(n >= 0 || !*want);
	assert_string_equal(got, want);
}

static void note(struct io *io)
{
	struct fixture *f = io->owner;

	f->told++;
}

static void a_file_takes_both_outputs_behind_what_is_there(void **state)
{
	struct fixture *f = *state;
	auto_free char *uri = xasprintf("file://%s/a/b/out%%20put", f->dir);

	set_path(f, 1, uri);
	set_path(f, 2, uri);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_io(f, false), 0);
		assert_int_equal(f->ends[0], -1);
		put(f->ends[1], "out ");
		run(f, 5);
		put(f->ends[2], "err\n");
		run(f, 5);
		fd_close(&f->ends[1]);
		fd_close(&f->ends[2]);
		io_done(&f->io);
	}
	expect_file(f, "a/b/out put", "out err\nout err\n");
}

static void what_is_no_place_for_output_is_refused_and_nothing_stays_open(void **state)
{
	static const char *const bad[] = { "out", "http:///a", "binary:///nonesuch",
					   "/nonesuch/a" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		set_path(f, 1, bad[i]);
		assert_int_equal(open_io(f, false), -1);
		assert_int_equal(f->ends[1], -1);
		assert_null(f->io.log);
	}
	set_path(f, 1, "/dev/null");
	set_path(f, 2, "binary:///bin/true");
	assert_int_equal(open_io(f, false), -1);
	assert_int_equal(f->ends[1], -1);
}

static int open_terminal(int *slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;

	assert_true(master >= 0);
	assert_int_equal(unlockpt(master), 0);
	*slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*slave >= 0);
	assert_int_equal(tcgetattr(*slave, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(*slave, TCSANOW, &t), 0);
	return master;
}

static void a_fifo_that_its_client_took_away_becomes_no_file(void **state)
{
	struct fixture *f = *state;
	int client = make_fifo(f, 1, "out");

	fd_close(&client);
	unlink(f->paths[1]);
	assert_int_equal(open_io(f, false), -1);
	assert_int_equal(access(f->paths[1], F_OK), -1);
}

static void a_terminal_is_copied_both_ways_until_its_last_user_closes_it(void **state)
{
	struct fixture *f = *state;
	auto_fd int in = make_fifo(f, 0, "in");
	auto_fd int out = make_fifo(f, 1, "out");
	int slave = -1;

	assert_int_equal(open_io(f, true), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(f->ends[i], -1);
	io_take_master(&f->io, open_terminal(&slave));
	put(in, "typed");
	put(slave, "shown");
	run(f, 20);
	expect_read(slave, "typed");
	expect_read(out, "shown");
	put(slave, "the last");
	fd_close(&slave);
	assert_false(io_flush(&f->io)); /* nobody has read it */
	expect_read(out, "the last");
	run(f, 10);
	assert_true(io_flush(&f->io));
	assert_true(io_copy_has_ended(&f->io.copies[1]));
}

/* docker exec -t may ask for it before the process is there. */
static void the_size_of_a_terminal_that_is_to_come_is_kept_for_it(void **state)
{
	struct fixture *f = *state;
	struct winsize size = { 0 };
	auto_fd int slave = -1;

	assert_int_equal(open_io(f, true), 0);
	assert_int_equal(io_resize(&f->io, 11, 22, NULL), 0);
	io_take_master(&f->io, open_terminal(&slave));
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 11);
	assert_int_equal(size.ws_col, 22);
	assert_int_equal(io_resize(&f->io, 33, 44, NULL), 0);
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 33);
}

/* The client's end of stdin; the fifo's path is set. */
static int open_writer(const struct fixture *f)
{
	int fd = open(f->paths[0], O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void make_stdin(struct fixture *f)
{
	auto_fd int fd = make_fifo(f, 0, "in");

	assert_true(fd >= 0);
}

static void stdin_outlives_its_clients_and_ends_after_the_last_one_when_told_to(void **state)
{
	struct fixture *f = *state;
	auto_fd int client = -1;
	char byte;

	make_stdin(f);
	assert_int_equal(open_io(f, false), 0);
	fcntl(f->ends[0], F_SETFL, O_NONBLOCK);
	client = open_writer(f);
	put(client, "one");
	fd_close(&client);
	run(f, 10);
	expect_read(f->ends[0], "one");
	client = open_writer(f);
	put(client, "two");
	io_close_stdin(&f->io);
	run(f, 10);
	expect_read(f->ends[0], "two");
	assert_int_equal(read(f->ends[0], &byte, 1), -1);
	put(client, "three");
	fd_close(&client);
	run(f, 10);
	expect_read(f->ends[0], "three");
	assert_int_equal(read(f->ends[0], &byte, 1), 0);
	assert_true(io_copy_has_ended(&f->io.copies[0]));
}

static void a_client_that_is_gone_when_stdin_is_closed_has_all_that_it_sent_delivered(void **state)
{
	struct fixture *f = *state;
	auto_fd int client = -1;
	char byte;

	make_stdin(f);
	assert_int_equal(open_io(f, false), 0);
	client = open_writer(f);
	put(client, "all of it");
	fd_close(&client);
	io_close_stdin(&f->io);
	run(f, 10);
	expect_read(f->ends[0], "all of it");
	assert_int_equal(read(f->ends[0], &byte, 1), 0);
}

static void closing_stdin_twice_is_closing_it_once(void **state)
{
	struct fixture *f = *state;
	char byte;

	make_stdin(f);
	assert_int_equal(open_io(f, false), 0);
	fcntl(f->ends[0], F_SETFL, O_NONBLOCK);
	io_close_stdin(&f->io);
	io_close_stdin(&f->io);
	run(f, 10);
	assert_int_equal(read(f->ends[0], &byte, 1), 0);
}

static void stdin_closed_before_there_is_a_terminal_is_copied_all_the_same(void **state)
{
	struct fixture *f = *state;
	auto_fd int slave = -1;
	auto_fd int client = -1;

	make_stdin(f);
	assert_int_equal(open_io(f, true), 0);
	client = open_writer(f);
	put(client, "typed");
	io_close_stdin(&f->io);
	io_take_master(&f->io, open_terminal(&slave));
	fd_close(&client);
	run(f, 10);
	expect_read(slave, "typed");
	assert_true(io_copy_has_ended(&f->io.copies[0]));
}

static void open_logger(struct fixture *f, const char *script, bool terminal)
{
	auto_free char *uri = xasprintf("binary:///bin/sh?-c=cd+%s;%s", f->dir, script);

	set_path(f, 1, uri);
	set_path(f, 2, uri);
	assert_int_equal(open_io(f, terminal), 0);
	assert_non_null(f->io.log);
}

static void a_logger_gets_both_outputs_and_its_end_is_waited_for(void **state)
{
	struct fixture *f = *state;

	setenv("KEDGE_LEAK", "1", 1);
	open_logger(f,
		    "echo+$CONTAINER_ID+$CONTAINER_NAMESPACE+$KEDGE_LEAK>env;exec+5>%26-;"
		    "cat+<%263+>out;sleep+0.1;cat+<%264+>err",
		    false);
	io_when_ready(&f->io, note, f);
	assert_int_equal(f->told, 0);
	run(f, 100);
	assert_int_equal(f->told, 1);
	expect_file(f, "env", "c1 ns\n");
	put(f->ends[1], "one");
	put(f->ends[2], "two");
	fd_close(&f->ends[1]);
	fd_close(&f->ends[2]);
	io_end(&f->io, note, f);
	assert_int_equal(f->told, 1);
	run(f, 400);
	assert_int_equal(f->told, 2);
	expect_file(f, "out", "one");
	expect_file(f, "err", "two");
}

static void a_terminals_output_reaches_a_logger(void **state)
{
	struct fixture *f = *state;
	int slave = -1;

	open_logger(f, "exec+5>%26-;cat+<%263+>out", true);
	assert_int_equal(f->ends[1], -1);
	io_take_master(&f->io, open_terminal(&slave));
	put(slave, "shown");
	run(f, 20);
	fd_close(&slave);
	assert_true(io_flush(&f->io));
	io_end(&f->io, note, f);
	run(f, 200);
	assert_int_equal(f->told, 1);
	expect_file(f, "out", "shown");
}

static void a_logger_that_stays_is_asked_to_end(void **state)
{
	struct fixture *f = *state;

	open_logger(f, "trap+'echo+asked>end;exit'+TERM;exec+5>%26-;sleep+4%26wait", false);
	run(f, 100);
	fd_close(&f->ends[1]);
	fd_close(&f->ends[2]);
	io_end(&f->io, note, f);
	run(f, 1500);
	assert_int_equal(f->told, 0);
	run(f, 1000);
	assert_int_equal(f->told, 1);
	expect_file(f, "end", "asked\n");
}

static void without_a_logger_there_is_nothing_to_wait_for(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_io(f, false), 0);
	io_when_ready(&f->io, note, f);
	io_end(&f->io, note, f);
	assert_int_equal(f->told, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_takes_both_outputs_behind_what_is_there),
		TEST(what_is_no_place_for_output_is_refused_and_nothing_stays_open),
		TEST(a_fifo_that_its_client_took_away_becomes_no_file),
		TEST(a_terminal_is_copied_both_ways_until_its_last_user_closes_it),
		TEST(the_size_of_a_terminal_that_is_to_come_is_kept_for_it),
		TEST(stdin_outlives_its_clients_and_ends_after_the_last_one_when_told_to),
		TEST(a_client_that_is_gone_when_stdin_is_closed_has_all_that_it_sent_delivered),
		TEST(closing_stdin_twice_is_closing_it_once),
		TEST(stdin_closed_before_there_is_a_terminal_is_copied_all_the_same),
		TEST(a_logger_gets_both_outputs_and_its_end_is_waited_for),
		TEST(a_terminals_output_reaches_a_logger),
		TEST(a_logger_that_stays_is_asked_to_end),
		TEST(without_a_logger_there_is_nothing_to_wait_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
