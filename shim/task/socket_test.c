/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/task/socket.h"

static char dir[32];
static char *path;

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/kedge-sock.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	path = socket_path(dir, "/run/c.sock", "ns", "pod");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(take_ptr(&path));
	return fd_remove_tree(AT_FDCWD, dir, NULL);
}

static bool is_there(void)
{
	return !access(path, F_OK);
}

/* Take what has connected. */
static int pending(int fd)
{
	int n = 0;

	for (int c; (c = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
		close(c);
	return n;
}

static void one_shim_listens_and_the_next_one_finds_it(void **state)
{
	auto_fd int fd = socket_listen(path, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(socket_listen(path, NULL), -2);
	assert_int_equal(pending(fd), 1);
}

static void a_dead_shims_socket_is_replaced_or_removed(void **state)
{
	auto_fd int fd = socket_listen(path, NULL);

	(void)state;
	fd_close(&fd);
	assert_true(is_there());
	fd = socket_listen(path, NULL);
	assert_true(fd >= 0);
	fd_close(&fd);
	socket_remove_dead(path, 0);
	assert_false(is_there());
}

/* A connection would tell it that a task is to come. */
static void a_live_shims_socket_stays_and_nobody_connects(void **state)
{
	auto_fd int fd = socket_listen(path, NULL);

	(void)state;
	socket_remove_dead(path, 0);
	assert_true(is_there());
	assert_int_equal(pending(fd), 0);
}

static void the_socket_of_one_that_is_dying_is_waited_for(void **state)
{
	auto_fd int fd = socket_listen(path, NULL);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		usleep(50000);
		_exit(0);
	}
	fd_close(&fd);
	socket_remove_dead(path, 0);
	assert_true(is_there());
	socket_remove_dead(path, 2000);
	assert_false(is_there());
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_socket_retires_unless_somebody_has_connected(void **state)
{
	auto_fd int fd = socket_listen(path, NULL);
	auto_fd int next = -1;

	(void)state;
	assert_int_equal(socket_listen(path, NULL), -2);
	assert_false(socket_retire(fd));
	assert_true(is_there());
	assert_int_equal(pending(fd), 1);
	assert_true(socket_retire(fd));
	assert_false(is_there());
	next = socket_listen(path, NULL);
	assert_true(next >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_shim_listens_and_the_next_one_finds_it),
		TEST(a_dead_shims_socket_is_replaced_or_removed),
		TEST(a_live_shims_socket_stays_and_nobody_connects),
		TEST(the_socket_of_one_that_is_dying_is_waited_for),
		TEST(a_socket_retires_unless_somebody_has_connected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
