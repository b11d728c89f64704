/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/proc.h"
#include "shim/task/worker.h"

/* The answer to a job, as its `done` has got it. */
struct told {
	struct worker_answer answer;
	int times;
};

static void tell(void *arg, struct worker_answer *answer)
{
	struct told *t = arg;

	t->answer = *answer;
	t->times++;
}

static int answer_seven(void *arg, struct worker_answer *answer, struct err *err)
{
	(void)arg;
	(void)err;
	answer->pid = 7;
	return 0;
}

static int refuse(void *arg, struct worker_answer *answer, struct err *err)
{
	(void)arg;
	(void)answer;
	return err_set(err, ERR_STATE, "not now");
}

static int wait_for_ever(void *arg, struct worker_answer *answer, struct err *err)
{
	(void)arg;
	(void)answer;
	(void)err;
	pause();
	return 0;
}

static pid_t start(struct children *children, struct told *told,
		   int (*run)(void *, struct worker_answer *, struct err *))
{
	struct worker_job job = { .run = run, .done = tell, .arg = told, .stdio = { -1, -1, -1 } };
	pid_t pid = worker_start(children, &job, NULL);

	assert_true(pid > 0);
	assert_int_equal(told->times, 0);
	return pid;
}

static void reap(struct children *children, const struct told *told)
{
	unsigned long long end = proc_now_us() + 10000000;

	while (!told->times && proc_now_us() < end) {
		children_reap(children);
		usleep(1000);
	}
	assert_int_equal(told->times, 1);
	assert_int_equal(children->holds, 0);
}

static void a_worker_answers_once_it_has_ended(void **state)
{
	struct children children = { 0 };
	struct told told = { 0 };

	(void)state;
	start(&children, &told, answer_seven);
	reap(&children, &told);
	assert_int_equal(told.answer.err.kind, ERR_NONE);
	assert_int_equal(told.answer.pid, 7);
	assert_false(told.answer.is_lost);
}

static void a_worker_that_fails_has_undone_it_itself(void **state)
{
	struct children children = { 0 };
	struct told told = { 0 };

	(void)state;
	start(&children, &told, refuse);
	reap(&children, &told);
	assert_int_equal(told.answer.err.kind, ERR_STATE);
	assert_string_equal(told.answer.err.msg, "not now");
	assert_false(told.answer.is_lost);
}

static void a_worker_that_is_killed_is_lost(void **state)
{
	struct children children = { 0 };
	struct told told = { 0 };

	(void)state;
	kill(start(&children, &told, wait_for_ever), SIGKILL);
	reap(&children, &told);
	assert_int_equal(told.answer.err.kind, ERR_SYS);
	assert_true(told.answer.is_lost);
	assert_int_equal(told.answer.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_answers_once_it_has_ended),
		cmocka_unit_test(a_worker_that_fails_has_undone_it_itself),
		cmocka_unit_test(a_worker_that_is_killed_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
