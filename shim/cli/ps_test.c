/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shim/cli/ps.h"

static const pid_t pids[] = { 11, 4242 };

static void the_heading_and_the_containers_lines_are_kept(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ps_filter("UID          PID    PPID CMD\n"
				   "root           1       0 init 4242\n"
				   "root          11       1 sh -c sleep\n"
				   "daemon      4242      11 \n",
				   pids, 2, &b, &err),
			 0);
	assert_string_equal(b.p, "UID          PID    PPID CMD\n"
				 "root          11       1 sh -c sleep\n"
				 "daemon      4242      11 \n");
}

static void a_last_line_without_newline_and_empty_lines_do_no_harm(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ps_filter("  PID\n\n   11\n 112", pids, 2, &b, &err), 0);
	assert_string_equal(b.p, "  PID\n   11\n");
}

static void a_column_that_only_contains_pid_is_not_it(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ps_filter("PPID PID\n11 1\n1 11\n", pids, 2, &b, &err), 0);
	assert_string_equal(b.p, "PPID PID\n1 11\n");
}

static void output_without_pids_is_refused(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ps_filter("", pids, 2, &b, &err), -1);
	assert_int_equal(ps_filter("UID PPID CMD\nroot 11 x\n", pids, 2, &b, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(ps_filter("UID PID\nroot -\n", pids, 2, &b, &err), -1);
	assert_non_null(strstr(err.msg, "unable to parse pid \"-\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heading_and_the_containers_lines_are_kept),
		cmocka_unit_test(a_last_line_without_newline_and_empty_lines_do_no_harm),
		cmocka_unit_test(a_column_that_only_contains_pid_is_not_it),
		cmocka_unit_test(output_without_pids_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
