/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/linux/sysctl.h"

static void no_pairs_are_no_work(void **state)
{
	const struct spec_pairs none = { 0 };

	(void)state;
	assert_int_equal(sysctl_apply(&none, NULL), 0);
}

static void the_pair_that_fails_is_named(void **state)
{
	struct spec_pair pair = { .key = (char[]){ "net/no_such" }, .value = (char[]){ "1" } };
	const struct spec_pairs pairs = { .v = &pair, .n = 1 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(sysctl_apply(&pairs, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "sysctl net/no_such: open /proc/sys/net/no_such: No such file "
				     "or directory");
}

static void a_key_cannot_leave_proc_sys_for_the_host(void **state)
{
	struct spec_pair pair = { .key = (char[]){ "../../etc/motd" }, .value = (char[]){ "1" } };
	const struct spec_pairs pairs = { .v = &pair, .n = 1 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(sysctl_apply(&pairs, &err), -1);
	assert_string_equal(err.msg, "sysctl ../../etc/motd: open /proc/sys/../../etc/motd: "
				     "Invalid cross-device link");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pairs_are_no_work),
		cmocka_unit_test(the_pair_that_fails_is_named),
		cmocka_unit_test(a_key_cannot_leave_proc_sys_for_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
