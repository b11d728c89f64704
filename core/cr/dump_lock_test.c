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
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
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
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct container *c = *state;

	close(c->dir_fd);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_is_nothing_to_wait_for_without_a_dump, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_inherits_the_lock_keeps_it_until_it_ends,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
