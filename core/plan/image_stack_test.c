/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/plan/image_stack.h"

/* Each external one as "N/RANK;". */
static void expect(const struct image_mount *mounts, size_t n, const char *text)
{
	AUTO(arena_done) struct arena arena = { 0 };
	AUTO(buf_done) struct buf b = { 0 };
	const struct image_stack *stacks = image_stacks_build(mounts, n, &arena);

	for (size_t i = 0; i < n; i++)
		if (mounts[i].key && stacks[i].rank == SIZE_MAX)
			buf_addf(&b, "%zu/?;", stacks[i].n);
		else if (mounts[i].key)
			buf_addf(&b, "%zu/%zu;", stacks[i].n, stacks[i].rank);
	assert_string_equal(b.p ? b.p : "", text);
}

static void those_on_one_path_are_ranked_from_below_without_what_is_not_external(void **state)
{
	const struct image_mount mounts[] = {
		{ .id = 5, .parent = 4, .mountpoint = "/d", .key = "/d" },
		{ .id = 4, .parent = 2, .mountpoint = "/d" },
		{ .id = 3, .parent = 1, .mountpoint = "/e", .key = "/e" },
		{ .id = 2, .parent = 1, .mountpoint = "/d", .key = "/d" },
		{ .id = 1, .mountpoint = "/" },
	};

	(void)state;
	expect(mounts, ARRAY_LEN(mounts), "2/1;1/0;2/0;");
}

static void those_on_different_mounts_are_no_stack(void **state)
{
	const struct image_mount mounts[] = {
		{ .id = 3, .parent = 8, .mountpoint = "/d", .key = "/d" },
		{ .id = 2, .parent = 9, .mountpoint = "/d", .key = "/d" },
	};

	(void)state;
	expect(mounts, ARRAY_LEN(mounts), "2/?;2/?;");
}

static void those_that_lie_on_each_other_are_no_stack(void **state)
{
	const struct image_mount mounts[] = {
		{ .id = 3, .parent = 2, .mountpoint = "/d", .key = "/d" },
		{ .id = 2, .parent = 3, .mountpoint = "/d", .key = "/d" },
	};

	(void)state;
	expect(mounts, ARRAY_LEN(mounts), "2/?;2/?;");
	expect(mounts, 0, "");
}

static void more_than_anybody_stacks_are_no_stack(void **state)
{
	struct image_mount mounts[129];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(mounts); i++)
		mounts[i] = (struct image_mount){ .id = i + 1, .parent = i, .mountpoint = "/d" };
	mounts[128].key = mounts[128].mountpoint;
	expect(mounts, 129, "1/?;");
	mounts[127].key = mounts[127].mountpoint;
	expect(mounts, 128, "1/0;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			those_on_one_path_are_ranked_from_below_without_what_is_not_external),
		cmocka_unit_test(those_on_different_mounts_are_no_stack),
		cmocka_unit_test(those_that_lie_on_each_other_are_no_stack),
		cmocka_unit_test(more_than_anybody_stacks_are_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
