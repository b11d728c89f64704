/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/cr/criu_process.h"
#include "core/cr/dump_lock.h"

static char dir[32];
static char id[] = "t-1";

static int set_up(void **state)
{
	struct container *c = xcalloc(1, sizeof(*c));

	strcpy(dir, "/tmp/kedge-lock-XXXXXX");
	assert_non_null(mkdtemp(dir));
	c->id = id;
	c->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(c->dir_fd >= 0);
	c->lock_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(c->lock_fd >= 0);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct container *c = *state;

	close(c->dir_fd);
	close(c->lock_fd);
	free(c);
	return fd_remove_tree(AT_FDCWD, dir, NULL);
}

static void there_is_nothing_to_wait_for_without_a_dump(void **state)
{
	assert_int_equal(dump_lock_wait(*state, 0, NULL), 0);
}

/* The fd's owner has gone, but not who has inherited it. */
static void who_inherits_the_lock_keeps_it_until_it_ends(void **state)
{
	struct err err = { 0 };
	int fd = dump_lock_take(*state, NULL);
	pid_t pid;

	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	close(fd);
	assert_int_equal(dump_lock_wait(*state, 30, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(dump_lock_wait(*state, 30, NULL), 0);
}

/* --- broken ------------------------------------------------------------------------------------ */

/* A process group of two that have the lock, as CRIU and its helper; signed if `sign` says so. */
static pid_t hold_lock(struct container *c, criu_setup_fn *sign)
{
	int fd = dump_lock_take(c, NULL);
	int ready[2];
	char byte;
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (sign && sign(&fd, NULL))
			_exit(1);
		fork();
		close(ready[0]);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(fd);
	return pid;
}

static bool is_killed(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == pid && WIFSIGNALED(status);
}

static void end_holder(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void who_has_signed_is_killed_with_its_helpers(void **state)
{
	pid_t pid = hold_lock(*state, dump_lock_sign);

	assert_int_equal(dump_lock_break(*state, 20, NULL), 0);
	assert_true(is_killed(pid));
}

static void a_lock_that_nobody_has_needs_no_breaking(void **state)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = dump_lock_take(*state, NULL);

		_exit(fd < 0 || dump_lock_sign(&fd, NULL) ? 1 : 0);
	}
	waitpid(pid, NULL, 0);
	assert_int_equal(dump_lock_break(*state, 0, NULL), 0);
}

static void who_has_not_signed_is_spared(void **state)
{
	struct err err = { 0 };
	pid_t pid = hold_lock(*state, NULL);

	assert_int_equal(dump_lock_break(*state, 0, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_false(is_killed(pid));
	end_holder(pid);
}

/* The pid is the holder's, the time is another's: the one who signed is long gone. */
static int sign_with_another_time(const void *ctx, struct err *err)
{
	const int *fd = ctx;

	(void)err;
	return dprintf(*fd, "%d 1\n", (int)getpid()) < 0 ? -1 : 0;
}

static void who_has_the_number_of_the_one_who_signed_is_spared(void **state)
{
	pid_t pid = hold_lock(*state, sign_with_another_time);

	assert_int_equal(dump_lock_break(*state, 0, NULL), -1);
	assert_false(is_killed(pid));
	end_holder(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_is_nothing_to_wait_for_without_a_dump, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_inherits_the_lock_keeps_it_until_it_ends,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_has_signed_is_killed_with_its_helpers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_lock_that_nobody_has_needs_no_breaking, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_has_not_signed_is_spared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_has_the_number_of_the_one_who_signed_is_spared,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
