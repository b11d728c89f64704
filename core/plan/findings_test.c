/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/findings.h"

static void nothing_found_is_no_error(void **state)
{
	struct err err = { 0 };
	struct findings f = { .err = &err };

	(void)state;
	assert_int_equal(findings_end(&f), 0);
	assert_int_equal(err.kind, ERR_NONE);
}

static void findings_stand_side_by_side_and_the_first_sets_the_kind(void **state)
{
	struct err err = { .kind = ERR_SYS, .msg = "old" };
	struct findings f = { .err = &err };

	(void)state;
	findings_add(&f, ERR_UNSUPPORTED, "%s: bad", "/a");
	findings_add(&f, ERR_INVALID, "%s: worse", "/b");
	assert_int_equal(findings_end(&f), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "/a: bad; /b: worse");
}

static void what_does_not_fit_is_counted(void **state)
{
	struct err err = { 0 };
	struct findings f = { .err = &err };
	char path[500];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		findings_add(&f, ERR_INVALID, "%s", path);
	assert_int_equal(findings_end(&f), -1);
	assert_int_equal(f.n, 100);
	assert_true(strlen(err.msg) < sizeof(err.msg) - 1);
	assert_non_null(strstr(err.msg, "; and 95 more"));
}

static void without_an_error_they_are_only_counted(void **state)
{
	struct findings f = { 0 };

	(void)state;
	findings_add(&f, ERR_INVALID, "one");
	assert_int_equal(findings_end(&f), -1);
	assert_int_equal(f.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_found_is_no_error),
		cmocka_unit_test(findings_stand_side_by_side_and_the_first_sets_the_kind),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(without_an_error_they_are_only_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
