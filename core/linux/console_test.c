/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/console.h"

/* A directory that plays the container's /dev. */
struct place {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->path, sizeof(p->path), "/tmp/console_test.XXXXXX");
	if (!mkdtemp(p->path))
		return -1;
	p->fd = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int ret;

	fd_close(&p->fd);
	ret = fd_remove_tree(AT_FDCWD, p->path, NULL);
	free(p);
	return ret;
}

static void open_pty(struct console *c)
{
	c->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(c->master >= 0);
	assert_int_equal(unlockpt(c->master), 0);
	c->slave = ioctl(c->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(c->slave >= 0);
}

static void a_pty_of_the_devpts_has_two_ends(void **state)
{
	auto_fd int dev_fd = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct console c = { .master = -1, .slave = -1 };
	struct err err = { 0 };
	char text[8] = "";

	(void)state;
	/* A host's devpts may keep its ptmx to itself (ptmxmode=000). */
	if (console_new(dev_fd, &c, &err) && err.kind == ERR_DENIED)
		skip();
	assert_string_equal(err.msg, "");
	assert_true(fcntl(c.master, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(c.slave, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_write_all(c.master, "hi\n", 3, NULL), 0);
	assert_int_equal(read(c.slave, text, sizeof(text)), 3);
	assert_string_equal(text, "hi\n");
	console_done(&c);
	assert_int_equal(c.master, -1);
	assert_int_equal(c.slave, -1);
}

static void expect_no_devpts(int dev_fd, enum err_kind kind)
{
	struct console c = { .master = -1, .slave = -1 };
	struct err err = { 0 };

	assert_int_equal(console_new(dev_fd, &c, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.hint, "add a mount of type devpts on /dev/pts to the mounts in "
				      "config.json");
	assert_int_equal(c.master, -1);
}

static void without_a_devpts_there_is_no_terminal(void **state)
{
	const struct place *p = *state;

	expect_no_devpts(p->fd, ERR_NOT_FOUND);
	assert_int_equal(mkdirat(p->fd, "pts", 0755), 0);
	expect_no_devpts(p->fd, ERR_INVALID);
}

static void a_symlink_to_another_devpts_is_not_followed(void **state)
{
	const struct place *p = *state;

	assert_int_equal(symlinkat("/dev/pts", p->fd, "pts"), 0);
	expect_no_devpts(p->fd, ERR_SYS);
}

static void expect_refusal(const struct place *p, const char *message)
{
	struct console c;
	struct err err = { 0 };

	open_pty(&c);
	assert_int_equal(console_bind(c.slave, p->fd, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, message);
	console_done(&c);
}

static void a_symlink_or_directory_on_dev_console_is_refused(void **state)
{
	const struct place *p = *state;

	assert_int_equal(symlinkat("victim", p->fd, "console"), 0);
	expect_refusal(p, "/dev/console is a symlink; it must be a file");
	assert_int_equal(faccessat(p->fd, "victim", F_OK, 0), -1);
	assert_int_equal(unlinkat(p->fd, "console", 0), 0);
	assert_int_equal(mkdirat(p->fd, "console", 0755), 0);
	expect_refusal(p, "/dev/console is a directory; it must be a file");
}

static void a_window_is_resized(void **state)
{
	struct console c;
	struct winsize size;

	(void)state;
	open_pty(&c);
	assert_int_equal(console_resize(c.master, 25, 81, NULL), 0);
	assert_int_equal(ioctl(c.slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 25);
	assert_int_equal(size.ws_col, 81);
	console_done(&c);
}

/* In a session of its own: 0 when all three are the terminal, and it is the session's. */
static int attach(const struct console *c)
{
	if (setsid() < 0 || console_attach_stdio(c->slave, NULL))
		return 1;
	for (int fd = 0; fd < 3; fd++)
		if (!isatty(fd) || fcntl(fd, F_GETFD) & FD_CLOEXEC)
			return 2;
	return tcgetsid(STDIN_FILENO) != getpid();
}

static void the_slave_becomes_stdio_and_controlling_terminal(void **state)
{
	struct console c;
	int status;
	pid_t pid;

	(void)state;
	open_pty(&c);
	pid = fork();
	if (!pid)
		_exit(attach(&c));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	console_done(&c);
}

static int listen_at(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(bind(sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(sock, 1), 0);
	return sock;
}

static void a_master_arrives_with_its_name(void **state)
{
	const struct place *p = *state;
	auto_free char *path = xasprintf("%s/tty.sock", p->path);
	auto_fd int sock = listen_at(path);
	auto_fd int peer = -1, got = -1;
	char name[32] = "", control[64];
	struct iovec iov = { .iov_base = name, .iov_len = sizeof(name) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	unsigned int sent_number, got_number;
	struct console c;

	open_pty(&c);
	assert_int_equal(console_send(path, c.master, NULL), 0);
	peer = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(recvmsg(peer, &msg, MSG_CMSG_CLOEXEC), strlen("/dev/ptmx"));
	assert_string_equal(name, "/dev/ptmx");
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	assert_int_equal(ioctl(c.master, TIOCGPTN, &sent_number), 0);
	assert_int_equal(ioctl(got, TIOCGPTN, &got_number), 0);
	assert_int_equal(got_number, sent_number);
	console_done(&c);
}

static void a_socket_that_cannot_be_reached_is_named(void **state)
{
	struct err err = { 0 };
	char long_path[200];

	(void)state;
	assert_int_equal(console_send("/nowhere/tty.sock", 0, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "connect to /nowhere/tty.sock: No such file or directory");
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(console_send(long_path, 0, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
}

#define IN_A_PLACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pty_of_the_devpts_has_two_ends),
		IN_A_PLACE(without_a_devpts_there_is_no_terminal),
		IN_A_PLACE(a_symlink_to_another_devpts_is_not_followed),
		IN_A_PLACE(a_symlink_or_directory_on_dev_console_is_refused),
		cmocka_unit_test(a_window_is_resized),
		cmocka_unit_test(the_slave_becomes_stdio_and_controlling_terminal),
		IN_A_PLACE(a_master_arrives_with_its_name),
		cmocka_unit_test(a_socket_that_cannot_be_reached_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
