/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shim/task/args.h"

static void containerds_own_command_line_is_understood(void **state)
{
	const char *argv[] = { "shim",
			       "-namespace",
			       "moby",
			       "-address",
			       "/run/c.sock",
			       "-publish-binary",
			       "/usr/bin/containerd",
			       "-id",
			       "c1",
			       "-debug",
			       "start",
			       NULL };
	struct args args;

	(void)state;
	assert_int_equal(args_parse((char **)argv, &args, NULL), 0);
	assert_string_equal(args.namespace, "moby");
	assert_string_equal(args.address, "/run/c.sock");
	assert_string_equal(args.id, "c1");
	assert_string_equal(args.verb, "start");
	assert_true(args.debug);
	assert_null(args.bundle);
}

static void two_dashes_and_equal_signs_are_the_same(void **state)
{
	const char *argv[] = { "shim",	    "--namespace=a=b", "--id", "-x",	"-debug=false",
			       "--bundle=", "delete",	       "-id",  "other", NULL };
	struct args args;

	(void)state;
	assert_int_equal(args_parse((char **)argv, &args, NULL), 0);
	assert_string_equal(args.namespace, "a=b");
	assert_string_equal(args.id, "-x");
	assert_string_equal(args.bundle, "");
	assert_false(args.debug);
	assert_string_equal(args.verb, "delete");
}

static void questions_need_no_namespace(void **state)
{
	const char *info[] = { "shim", "-info", NULL }, *version[] = { "shim", "--v", NULL };
	struct args args;

	(void)state;
	assert_int_equal(args_parse((char **)info, &args, NULL), 0);
	assert_true(args.info);
	assert_null(args.verb);
	assert_int_equal(args_parse((char **)version, &args, NULL), 0);
	assert_true(args.version);
}

static void unknown_flags_and_missing_values_are_refused(void **state)
{
	const char *unknown[] = { "shim", "-namespaces", "x", NULL };
	const char *missing[] = { "shim", "-id", NULL };
	struct args args = { .id = "kept" };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(args_parse((char **)unknown, &args, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(args_parse((char **)missing, &args, &err), -1);
	assert_string_equal(args.id, "kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containerds_own_command_line_is_understood),
		cmocka_unit_test(two_dashes_and_equal_signs_are_the_same),
		cmocka_unit_test(questions_need_no_namespace),
		cmocka_unit_test(unknown_flags_and_missing_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
