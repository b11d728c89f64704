/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/proc.h"
#include "core/cr/vforks.h"

static void nap(void)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/* vfork() by hand, as no function may return under its parent. */
static void vfork_and_sleep(int end_fd)
{
	char byte;

	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(read(end_fd, &byte, 1) != 0);
	_exit(0);
}

static void a_parent_in_vfork_is_seen_till_its_child_goes_on(void **state)
{
	auto_pid pid_t pid = -1;
	int ends[2];
	bool has = false;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ends[1]);
		vfork_and_sleep(ends[0]);
	}
	for (int i = 0; i < 2000 && !has; i++, nap())
		has = vforks_has(pid);
	assert_true(has);
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < 2000 && has; i++, nap())
		has = vforks_has(pid);
	assert_false(has);
}

static void who_sleeps_otherwise_is_not_in_vfork(void **state)
{
	auto_pid pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	for (int i = 0; i < 20; i++, nap())
		assert_false(vforks_has(pid));
	assert_false(vforks_has(getpid()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parent_in_vfork_is_seen_till_its_child_goes_on),
		cmocka_unit_test(who_sleeps_otherwise_is_not_in_vfork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
