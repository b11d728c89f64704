/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shim/cli/tree.h"

static void expect(const struct tree_row *rows, size_t n, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	tree_print(rows, n, 1, &b);
	assert_string_equal(b.p ? b.p : "", text);
}

static void children_stand_below_their_parents(void **state)
{
	static const struct tree_row rows[] = {
		{ 1, 0, "root" },  { 2, 1, "a" },     { 5, 3, "b's" },	  { 3, 1, "b" },
		{ 4, 2, "a's 1" }, { 6, 2, "a's 2" }, { 9, 77, "other" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows),
	       " root\n"
	       " ├─a\n"
	       " │ ├─a's 1\n"
	       " │ └─a's 2\n"
	       " └─b\n"
	       "   └─b's\n"
	       " other\n");
	expect(NULL, 0, "");
}

static void circles_and_repeated_ids_end_and_lose_no_row(void **state)
{
	static const struct tree_row rows[] = {
		{ 1, 1, "own parent" }, { 2, 3, "x" }, { 3, 2, "y" },
		{ 1, 1, "again" },	{ 4, 2, "z" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows),
	       " own parent\n"
	       " └─again\n"
	       " x (its parents go in a circle)\n"
	       " y (its parents go in a circle)\n"
	       " z (its parents go in a circle)\n");
}

static void a_long_chain_is_drawn_without_an_endless_indent(void **state)
{
	enum { N = 50000 };
	struct tree_row *rows = xcalloc(N, sizeof(*rows));
	AUTO(buf_done) struct buf b = { 0 };
	size_t lines = 0;

	(void)state;
	for (unsigned int i = 0; i < N; i++)
		rows[i] = (struct tree_row){ i + 1, i, "m" };
	tree_print(rows, N, 0, &b);
	for (const char *p = b.p; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, N);
	assert_true(b.n < (size_t)N * 100);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_stand_below_their_parents),
		cmocka_unit_test(circles_and_repeated_ids_end_and_lose_no_row),
		cmocka_unit_test(a_long_chain_is_drawn_without_an_endless_indent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
