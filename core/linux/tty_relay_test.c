/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/tty_relay.h"

/* A pty plays the container's terminal, pipes play our stdin and stdout. */
struct stage {
	int master, slave;
	int typed, in;	  /* a pipe: what is written to `typed` is our stdin */
	int out, printed; /* a pipe: what comes to `printed` was our stdout */
	struct tty_relay relay;
};

static void open_pty(int *master, int *slave)
{
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*master >= 0);
	assert_int_equal(unlockpt(*master), 0);
	*slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*slave >= 0);
}

static int setup(void **state)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	int in[2], out[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC | O_NONBLOCK))
		return -1;
	open_pty(&s->master, &s->slave);
	s->in = in[0];
	s->typed = in[1];
	s->printed = out[0];
	s->out = out[1];
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct stage *s = *state;

	tty_relay_stop(&s->relay);
	fd_close(&s->master);
	fd_close(&s->slave);
	fd_close(&s->in);
	fd_close(&s->typed);
	fd_close(&s->out);
	fd_close(&s->printed);
	free(s);
	return 0;
}

static void start(struct stage *s)
{
	struct err err = { 0 };

	if (tty_relay_start(&s->relay, s->in, s->out, s->master, &err))
		fail_msg("%s", err.msg);
}

/* Relay until nothing has happened for `quiet_ms`; gives what the last step gave. */
static int pump(struct stage *s, int quiet_ms)
{
	struct pollfd fds[TTY_RELAY_FDS];
	int ret = 1;

	for (;;) {
		struct err err = { 0 };

		tty_relay_poll(&s->relay, fds);
		if (ret == 0 || poll(fds, TTY_RELAY_FDS, quiet_ms) <= 0)
			return ret;
		ret = tty_relay_step(&s->relay, fds, &err);
		if (ret < 0)
			fail_msg("%s", err.msg);
	}
}

static void put(int fd, const char *text)
{
	assert_int_equal(fd_write_all(fd, text, strlen(text), NULL), 0);
}

static void expect(int fd, const char *text)
{
	char got[256] = "";
	ssize_t n = read(fd, got, sizeof(got) - 1);

	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, text);
}

static void what_is_printed_comes_out_with_plain_newlines(void **state)
{
	struct stage *s = *state;

	start(s);
	put(s->slave, "one\ntwo\n");
	assert_int_equal(pump(s, 50), 1);
	expect(s->printed, "one\ntwo\n");
}

static void what_is_typed_goes_in(void **state)
{
	struct stage *s = *state;

	start(s);
	put(s->typed, "hello\n");
	assert_int_equal(pump(s, 50), 1);
	expect(s->slave, "hello\n");
	expect(s->printed, "hello\n"); /* the container's terminal echoes it */
}

static void the_end_of_our_input_is_the_end_of_the_containers(void **state)
{
	struct stage *s = *state;
	char c;

	start(s);
	put(s->typed, "last\n");
	fd_close(&s->typed);
	assert_int_equal(pump(s, 50), 1);
	expect(s->slave, "last\n");
	assert_int_equal(read(s->slave, &c, 1), 0);
}

static void a_terminal_that_takes_every_byte_gets_no_end_of_file(void **state)
{
	struct stage *s = *state;
	struct termios t;
	int waiting = -1;

	assert_int_equal(tcgetattr(s->slave, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(s->slave, TCSANOW, &t), 0);
	start(s);
	fd_close(&s->typed);
	assert_int_equal(pump(s, 50), 1);
	assert_int_equal(ioctl(s->slave, FIONREAD, &waiting), 0);
	assert_int_equal(waiting, 0);
}

/* A child prints far more than any buffer holds, and ends at once. */
static void on_hang_up_all_that_was_printed_is_out(void **state)
{
	enum { LINES = 20000, LINE_BYTES = 10 };
	struct stage *s = *state;
	char path[] = "/tmp/tty_relay_test.XXXXXX";
	auto_fd int file = mkstemp(path);
	pid_t pid;

	assert_true(file >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(tty_relay_start(&s->relay, s->in, file, s->master, NULL), 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < LINES; i++)
			if (write(s->slave, "123456789\n", LINE_BYTES) != LINE_BYTES)
				_exit(1);
		_exit(0);
	}
	fd_close(&s->slave);
	assert_int_equal(pump(s, 5000), 0);
	assert_int_equal(lseek(file, 0, SEEK_END), LINES * LINE_BYTES);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_slow_reader_holds_up_nobody(void **state)
{
	struct stage *s = *state;
	char big[3000];

	memset(big, 'x', sizeof(big));
	start(s);
	assert_int_equal(fcntl(s->out, F_SETPIPE_SZ, 4096), 4096);
	put(s->out, "the pipe is not empty");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fd_write_all(s->slave, big, sizeof(big), NULL), 0);
		assert_int_equal(pump(s, 50), 1);
	}
	put(s->typed, "typed\n");
	assert_int_equal(pump(s, 50), 1);
	expect(s->slave, "typed\n");
}

static void without_a_reader_the_container_goes_on(void **state)
{
	struct stage *s = *state;

	start(s);
	fd_close(&s->printed);
	put(s->slave, "lost\n");
	assert_int_equal(pump(s, 50), 1);
	assert_int_equal(s->relay.out, -1);
	put(s->typed, "typed\n");
	assert_int_equal(pump(s, 50), 1);
	expect(s->slave, "typed\n");
}

static void draining_writes_what_the_terminal_still_holds(void **state)
{
	struct stage *s = *state;

	start(s);
	put(s->slave, "a\nb\n");
	assert_int_equal(tty_relay_drain(&s->relay, NULL), 0);
	expect(s->printed, "a\nb\n");
	assert_int_equal(tty_relay_drain(&s->relay, NULL), 0);
	fd_close(&s->slave);
	assert_int_equal(tty_relay_drain(&s->relay, NULL), 0);
}

static void our_terminal_is_raw_while_it_runs_and_as_before_behind(void **state)
{
	struct stage *s = *state;
	struct termios before, during, after, inner;
	int ours, keyboard;

	open_pty(&keyboard, &ours);
	assert_int_equal(tcgetattr(ours, &before), 0);
	assert_int_equal(tty_relay_start(&s->relay, ours, ours, s->master, NULL), 0);
	assert_int_equal(tcgetattr(ours, &during), 0);
	assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
	assert_false(during.c_oflag & OPOST);
	/* lines end in "\r\n" for a raw terminal */
	assert_int_equal(tcgetattr(s->slave, &inner), 0);
	assert_true(inner.c_oflag & ONLCR);
	tty_relay_stop(&s->relay);
	assert_int_equal(tcgetattr(ours, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_cflag, before.c_cflag);
	assert_memory_equal(after.c_cc, before.c_cc, sizeof(before.c_cc));
	fd_close(&ours);
	fd_close(&keyboard);
}

static void the_window_has_the_size_of_ours(void **state)
{
	const struct winsize first = { .ws_row = 33, .ws_col = 101 };
	const struct winsize second = { .ws_row = 7, .ws_col = 9 };
	struct stage *s = *state;
	struct winsize got;
	int ours, keyboard;

	open_pty(&keyboard, &ours);
	assert_int_equal(ioctl(keyboard, TIOCSWINSZ, &first), 0);
	assert_int_equal(tty_relay_start(&s->relay, ours, s->out, s->master, NULL), 0);
	assert_int_equal(ioctl(s->slave, TIOCGWINSZ, &got), 0);
	assert_memory_equal(&got, &first, sizeof(got));
	assert_int_equal(ioctl(keyboard, TIOCSWINSZ, &second), 0);
	tty_relay_resize(&s->relay);
	assert_int_equal(ioctl(s->slave, TIOCGWINSZ, &got), 0);
	assert_memory_equal(&got, &second, sizeof(got));
	tty_relay_stop(&s->relay);
	fd_close(&ours);
	fd_close(&keyboard);
}

static void an_fd_that_is_not_open_is_an_error_and_no_endless_loop(void **state)
{
	struct stage *s = *state;
	struct pollfd fds[TTY_RELAY_FDS];

	start(s);
	fd_close(&s->in);
	tty_relay_poll(&s->relay, fds);
	assert_int_equal(poll(fds, TTY_RELAY_FDS, 1000), 1);
	assert_int_equal(tty_relay_step(&s->relay, fds, NULL), -1);
}

static void an_empty_relay_can_be_stopped(void **state)
{
	struct tty_relay empty = { .in = 0 };

	(void)state;
	tty_relay_stop(&empty);
	tty_relay_stop(&empty);
	assert_false(empty.is_raw);
}

#define ON_STAGE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(what_is_printed_comes_out_with_plain_newlines),
		ON_STAGE(what_is_typed_goes_in),
		ON_STAGE(the_end_of_our_input_is_the_end_of_the_containers),
		ON_STAGE(a_terminal_that_takes_every_byte_gets_no_end_of_file),
		ON_STAGE(on_hang_up_all_that_was_printed_is_out),
		ON_STAGE(a_slow_reader_holds_up_nobody),
		ON_STAGE(without_a_reader_the_container_goes_on),
		ON_STAGE(draining_writes_what_the_terminal_still_holds),
		ON_STAGE(our_terminal_is_raw_while_it_runs_and_as_before_behind),
		ON_STAGE(the_window_has_the_size_of_ours),
		ON_STAGE(an_fd_that_is_not_open_is_an_error_and_no_endless_loop),
		cmocka_unit_test(an_empty_relay_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
