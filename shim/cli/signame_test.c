/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "core/base/str.h"
#include "shim/cli/signame.h"

static int parse(const char *text)
{
	struct err err = { 0 };
	int sig = -1;

	if (!signame_parse(text, &sig, &err))
		return sig;
	assert_int_equal(err.kind, ERR_INVALID);
	assert_non_null(strstr(err.msg, "unknown signal"));
	assert_int_equal(sig, -1);
	return -1;
}

static void a_name_works_in_any_case_with_and_without_sig(void **state)
{
	(void)state;
	assert_int_equal(parse("KILL"), SIGKILL);
	assert_int_equal(parse("SIGKILL"), SIGKILL);
	assert_int_equal(parse("sigterm"), SIGTERM);
	assert_int_equal(parse("usr2"), SIGUSR2);
	assert_int_equal(parse("SIGPOLL"), SIGIO);
}

static void every_number_up_to_rtmax_works(void **state)
{
	(void)state;
	assert_int_equal(parse("0"), 0);
	assert_int_equal(parse("9"), SIGKILL);
	assert_int_equal(parse("64"), SIGRTMAX);
}

static void real_time_signals_count_from_both_ends(void **state)
{
	(void)state;
	assert_int_equal(parse("RTMIN"), SIGRTMIN);
	assert_int_equal(parse("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(parse("rtmax-1"), SIGRTMAX - 1);
	assert_int_equal(parse("RTMAX-30"), SIGRTMIN);
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = { "",	      "SIG",	  "SIGSIGKILL", "65",
					   "-9",      "9x",	  "KILLED",	"RTMIN-1",
					   "RTMAX+1", "RTMIN+31", "RTMIN+",	"RTMIN+-1",
					   "RTMIN3",  " 9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(bad[i]), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_works_in_any_case_with_and_without_sig),
		cmocka_unit_test(every_number_up_to_rtmax_works),
		cmocka_unit_test(real_time_signals_count_from_both_ends),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
