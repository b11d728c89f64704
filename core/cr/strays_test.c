/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/str.h"
#include "core/cr/strays.h"

static void the_first_process_and_what_it_forked_descend(void **state)
{
	static const struct stray_task tasks[] = { { 10, 4 }, { 11, 10 }, { 12, 11 }, { 9, 12 } };
	static const struct stray_task sorted[] = { { 9, 12 }, { 10, 4 }, { 11, 10 }, { 12, 11 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
		assert_true(strays_descends(sorted, ARRAY_LEN(sorted), tasks[i].pid, 10));
}

static void a_process_with_its_parent_outside_is_a_stray_with_all_its_children(void **state)
{
	static const struct stray_task tasks[] = { { 10, 4 }, { 20, 5 }, { 21, 20 }, { 30, 0 } };

	(void)state;
	assert_false(strays_descends(tasks, ARRAY_LEN(tasks), 20, 10));
	assert_false(strays_descends(tasks, ARRAY_LEN(tasks), 21, 10));
	assert_false(strays_descends(tasks, ARRAY_LEN(tasks), 30, 10));
}

static void a_circle_of_parents_has_an_end(void **state)
{
	static const struct stray_task tasks[] = { { 20, 21 }, { 21, 20 } };

	(void)state;
	assert_false(strays_descends(tasks, ARRAY_LEN(tasks), 20, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_process_and_what_it_forked_descend),
		cmocka_unit_test(
			a_process_with_its_parent_outside_is_a_stray_with_all_its_children),
		cmocka_unit_test(a_circle_of_parents_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
