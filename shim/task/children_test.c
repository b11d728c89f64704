/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shim/task/children.h"

struct owned {
	struct child child;
	int told;
	int wstatus;
};

static void ended(struct child *child, int wstatus)
{
	struct owned *o = (void *)child;

	o->told++;
	o->wstatus = wstatus;
}

static struct owned owned(pid_t pid)
{
	return (struct owned){ .child = { .pid = pid, .ended = ended } };
}

static void an_exit_is_told_once_to_its_owner_alone(void **state)
{
	struct children children = { 0 };
	struct owned a = owned(10), b = owned(11);

	(void)state;
	children_watch(&children, &a.child);
	children_watch(&children, &b.child);
	children_ended(&children, 11, 256);
	children_ended(&children, 11, 512);
	assert_int_equal(b.told, 1);
	assert_int_equal(b.wstatus, 256);
	assert_int_equal(a.told, 0);
	children_unwatch(&children, &a.child);
	children_ended(&children, 10, 0);
	assert_int_equal(a.told, 0);
}

/* The worker that made the process is still there: its pid is about to be told. */
static void an_exit_before_its_owner_comes_is_kept_under_a_hold(void **state)
{
	struct children children = { 0 };
	struct owned a = owned(10);

	(void)state;
	children_hold(&children);
	children_ended(&children, 9, 1);
	children_ended(&children, 10, 768);
	children_watch(&children, &a.child);
	assert_int_equal(a.told, 1);
	assert_int_equal(a.wstatus, 768);
	children_release(&children);
	assert_null(children.unowned);
}

/* Orphans of containers end all the time, and their pids come again. */
static void without_a_hold_an_old_exit_is_not_taken_for_a_new_process(void **state)
{
	struct children children = { 0 };
	struct owned a = owned(10);

	(void)state;
	children_ended(&children, 10, 0);
	children_watch(&children, &a.child);
	assert_int_equal(a.told, 0);
	children_unwatch(&children, &a.child);
	children_hold(&children);
	children_hold(&children);
	children_ended(&children, 10, 0);
	children_release(&children);
	children_release(&children);
	children_watch(&children, &a.child);
	assert_int_equal(a.told, 0);
}

/* One that forks all the time, without a pid namespace, makes every pid come again. */
static void an_exit_under_a_hold_is_not_taken_for_a_process_that_lives(void **state)
{
	struct children children = { 0 };
	pid_t pid = fork();
	struct owned a = owned(pid);

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails doesn't leave it behind */
		pause();
		_exit(0);
	}
	children_hold(&children);
	children_ended(&children, pid, 256);
	children_watch(&children, &a.child);
	assert_int_equal(a.told, 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (!a.told)
		children_reap(&children);
	assert_int_equal(a.wstatus, SIGKILL);
	children_release(&children);
}

static void of_two_exits_of_one_pid_the_later_is_told(void **state)
{
	struct children children = { 0 };
	struct owned a = owned(10);

	(void)state;
	children_hold(&children);
	children_ended(&children, 10, 256);
	children_ended(&children, 10, 512);
	children_watch(&children, &a.child);
	assert_int_equal(a.told, 1);
	assert_int_equal(a.wstatus, 512);
	children_release(&children);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_is_told_once_to_its_owner_alone),
		cmocka_unit_test(an_exit_before_its_owner_comes_is_kept_under_a_hold),
		cmocka_unit_test(without_a_hold_an_old_exit_is_not_taken_for_a_new_process),
		cmocka_unit_test(an_exit_under_a_hold_is_not_taken_for_a_process_that_lives),
		cmocka_unit_test(of_two_exits_of_one_pid_the_later_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
