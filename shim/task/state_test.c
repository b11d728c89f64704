/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/task/state.h"

static void only_what_was_never_started_or_has_stopped_is_deleted(void **state)
{
	(void)state;
	assert_null(state_refuses(STATE_CREATED, OP_DELETE, false));
	assert_null(state_refuses(STATE_STOPPED, OP_DELETE, false));
	assert_int_equal(state_refuses(STATE_RUNNING, OP_DELETE, false)->code, CODE_UNKNOWN);
	assert_int_equal(state_refuses(STATE_PAUSED, OP_DELETE, false)->code, CODE_UNKNOWN);
	assert_int_equal(state_refuses(STATE_RUNNING, OP_DELETE, true)->code, CODE_UNKNOWN);
}

/* Docker and kubelet retry for ever on any other code. */
static void killing_what_has_ended_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(state_refuses(STATE_STOPPED, OP_KILL, false)->code, CODE_NOT_FOUND);
	assert_int_equal(state_refuses(STATE_STOPPED, OP_KILL, true)->code, CODE_NOT_FOUND);
	assert_null(state_refuses(STATE_PAUSED, OP_KILL, false));
}

static void a_created_container_can_be_killed_but_not_a_created_exec(void **state)
{
	(void)state;
	assert_null(state_refuses(STATE_CREATED, OP_KILL, false));
	assert_int_equal(state_refuses(STATE_CREATED, OP_KILL, true)->code,
			 CODE_FAILED_PRECONDITION);
}

static void an_exec_needs_a_container_that_is_there_and_not_frozen(void **state)
{
	(void)state;
	assert_int_equal(state_refuses(STATE_STOPPED, OP_EXEC, false)->code, CODE_UNKNOWN);
	assert_int_equal(state_refuses(STATE_PAUSED, OP_EXEC, false)->code, CODE_UNKNOWN);
	assert_null(state_refuses(STATE_RUNNING, OP_EXEC, false));
	assert_null(state_refuses(STATE_CREATED, OP_EXEC, false));
}

static void what_is_being_created_is_unknown_to_all(void **state)
{
	(void)state;
	for (int op = 0; op < STATE_OPS; op++)
		assert_int_equal(state_refuses(STATE_CREATING, (enum state_op)op, false)->code,
				 CODE_NOT_FOUND);
}

static void pause_wants_running_and_resume_wants_paused(void **state)
{
	(void)state;
	for (int s = STATE_CREATED; s < STATES; s++) {
		assert_int_equal(!state_refuses((enum state)s, OP_PAUSE, false),
				 s == STATE_RUNNING);
		assert_int_equal(!state_refuses((enum state)s, OP_RESUME, false),
				 s == STATE_PAUSED);
		assert_int_equal(!state_refuses((enum state)s, OP_CHECKPOINT, false),
				 s == STATE_RUNNING || s == STATE_PAUSED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_never_started_or_has_stopped_is_deleted),
		cmocka_unit_test(killing_what_has_ended_is_not_found),
		cmocka_unit_test(a_created_container_can_be_killed_but_not_a_created_exec),
		cmocka_unit_test(an_exec_needs_a_container_that_is_there_and_not_frozen),
		cmocka_unit_test(what_is_being_created_is_unknown_to_all),
		cmocka_unit_test(pause_wants_running_and_resume_wants_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
