/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/cr/packed.h"

static void what_containerd_makes_is_told_from_a_users_directory(void **state)
{
	(void)state;
	assert_true(packed_is_temporary("/tmp/ctrd-checkpoint1234"));
	assert_true(packed_is_temporary("/run/user/0/ctrd-checkpoint0"));
	assert_false(packed_is_temporary("/tmp/ctrd-checkpoint"));
	assert_false(packed_is_temporary("/tmp/ctrd-checkpoint1234x"));
	assert_false(packed_is_temporary("/tmp/ctrd-checkpoint1234/checkpoint"));
	assert_false(packed_is_temporary("/srv/my-ctrd-checkpoint1234"));
	assert_false(packed_is_temporary("ctrd-checkpoint1234"));
	assert_false(packed_is_temporary(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_containerd_makes_is_told_from_a_users_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
