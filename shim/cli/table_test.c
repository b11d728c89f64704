/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "shim/cli/table.h"

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	AUTO(table_done) struct table t = { .columns = 3 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	table_row(&t, (const char *const[]){ "A", "WIDE", "LAST" });
	table_row(&t, (const char *const[]){ "longer", NULL, "x y" });
	table_row(&t, (const char *const[]){ "é", "ab", NULL });
	table_print(&t, 1, &b);
	assert_string_equal(b.p, " A       WIDE  LAST\n"
				 " longer        x y\n"
				 " é       ab\n");
}

static void no_cell_can_break_the_line_or_steer_the_terminal(void **state)
{
	AUTO(table_done) struct table t = { .columns = 2 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	table_row(&t, (const char *const[]){ "a\nb", "\x1b[31m" });
	table_row(&t, (const char *const[]){ "c", "\xc2\x9b"
						  "0m\xff" });
	table_print(&t, 0, &b);
	assert_string_equal(b.p, "a\\x0ab  \\x1b[31m\n"
				 "c       \\u{9b}0m\\xff\n");
}

static void a_very_long_cell_moves_only_its_own_row(void **state)
{
	AUTO(table_done) struct table t = { .columns = 2 };
	AUTO(buf_done) struct buf b = { 0 };
	char text[301], wanted[512];

	(void)state;
	memset(text, 'x', 300);
	text[300] = '\0';
	table_row(&t, (const char *const[]){ text, "1" });
	table_row(&t, (const char *const[]){ "a", "2" });
	table_print(&t, 0, &b);
	snprintf(wanted, sizeof(wanted), "%s  1\na%*s2\n", text, 101, "");
	assert_string_equal(b.p, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(no_cell_can_break_the_line_or_steer_the_terminal),
		cmocka_unit_test(a_very_long_cell_moves_only_its_own_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
