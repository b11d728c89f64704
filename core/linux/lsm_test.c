/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/str.h"
#include "core/linux/lsm.h"

static void what_asks_for_nothing_passes_anywhere(void **state)
{
	(void)state;
	assert_int_equal(lsm_check(NULL, NULL, NULL), 0);
	assert_int_equal(lsm_check("", "", NULL), 0);
	assert_int_equal(lsm_check("unconfined", NULL, NULL), 0);
	assert_int_equal(lsm_set_exec_labels(NULL, "", NULL), 0);
}

static void a_profile_without_apparmor_is_refused(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (lsm_has_apparmor())
		skip();
	assert_int_equal(lsm_check("docker-default", NULL, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "process.apparmorProfile is \"docker-default\", but AppArmor "
				     "isn't enabled");
}

static void a_profile_that_is_not_there_fails_and_is_named(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(lsm_set_exec_labels("no-such-profile-for-kedge", NULL, &err), -1);
	assert_non_null(strstr(err.msg, "AppArmor profile \"no-such-profile-for-kedge\": "));
}

static void a_label_without_selinux_is_refused(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (lsm_has_selinux())
		skip();
	assert_int_equal(lsm_check(NULL, "system_u:system_r:container_t:s0", &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_asks_for_nothing_passes_anywhere),
		cmocka_unit_test(a_profile_without_apparmor_is_refused),
		cmocka_unit_test(a_profile_that_is_not_there_fails_and_is_named),
		cmocka_unit_test(a_label_without_selinux_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
