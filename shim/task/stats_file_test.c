/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "shim/task/stats_file.h"

struct numbers {
	uint64_t a, ab, c;
};

static const struct stats_field fields[] = {
	{ "a", offsetof(struct numbers, a) },
	{ "ab", offsetof(struct numbers, ab) },
	{ "c", offsetof(struct numbers, c) },
};

static void a_number_ends_with_the_line_and_max_is_the_largest(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(stats_parse_number("4096\n", &v));
	assert_int_equal(v, 4096);
	assert_true(stats_parse_number("max\n", &v));
	assert_true(v == UINT64_MAX);
	assert_true(stats_parse_number("18446744073709551615", &v));
	assert_true(v == UINT64_MAX);
	assert_false(stats_parse_number("", &v));
	assert_false(stats_parse_number("-1", &v));
	assert_false(stats_parse_number("12kB", &v));
}

static void pairs_go_to_the_field_of_the_whole_name(void **state)
{
	struct numbers n = { 0 };

	(void)state;
	stats_parse_pairs("ab 2\na 1\nabc 3\nb 4\n\nc\nc x\n", fields, ARRAY_LEN(fields), &n);
	assert_int_equal(n.a, 1);
	assert_int_equal(n.ab, 2);
	assert_int_equal(n.c, 0);
	stats_parse_pairs("c 9", fields, ARRAY_LEN(fields), &n);
	assert_int_equal(n.c, 9);
}

static void names_of_one_field_add_up(void **state)
{
	static const struct stats_field both[] = { { "x_anon", 0 }, { "x_file", 0 } };
	uint64_t sum = 0;

	(void)state;
	stats_parse_pairs("x_anon 3\nx_file 4\n", both, ARRAY_LEN(both), &sum);
	assert_int_equal(sum, 7);
}

static void words_of_a_line_are_read_one_by_one(void **state)
{
	struct numbers n = { 0 };

	(void)state;
	stats_parse_words("a=1 b=7  ab=22 c", fields, ARRAY_LEN(fields), &n);
	assert_int_equal(n.a, 1);
	assert_int_equal(n.ab, 22);
	assert_int_equal(n.c, 0);
}

static void a_text_falls_into_lines_and_these_into_name_and_rest(void **state)
{
	char text[] = "8:0 Read 1\nTotal\nlast 2", *at = text;
	struct stats_line line;

	(void)state;
	assert_true(stats_next_line(&at, &line));
	assert_string_equal(line.name, "8:0");
	assert_string_equal(line.rest, "Read 1");
	assert_true(stats_next_line(&at, &line));
	assert_string_equal(line.name, "Total");
	assert_string_equal(line.rest, "");
	assert_true(stats_next_line(&at, &line));
	assert_string_equal(line.rest, "2");
	assert_false(stats_next_line(&at, &line));
}

static void a_device_is_two_numbers(void **state)
{
	uint64_t major = 0, minor = 0;

	(void)state;
	assert_true(stats_parse_device("259:16", &major, &minor));
	assert_int_equal(major, 259);
	assert_int_equal(minor, 16);
	assert_false(stats_parse_device("Total", &major, &minor));
	assert_false(stats_parse_device("8:x", &major, &minor));
	assert_false(stats_parse_device("sda:1", &major, &minor));
}

static void rdma_has_no_more_than_32_bits(void **state)
{
	struct stats_rdma r = stats_parse_rdma("hca_handle=2 hca_object=max");

	(void)state;
	assert_int_equal(r.handles, 2);
	assert_true(r.objects == UINT32_MAX);
}

static void page_sizes_are_those_of_the_files_and_reservations_are_none(void **state)
{
	static const char *const files[] = { "hugetlb.2MB.current", "hugetlb.2MB.rsvd.current",
					     "hugetlb.1GB.current", "hugetlb.2MB.max",
					     "memory.current",	    "hugetlb.x\xff.current",
					     "hugetlb.4MB2.current" };
	/* those of a container with a writable cgroup */
	static const char *const dirs[] = { "hugetlb.4MB.current", "hugetlb.", "hugetlb..current" };
	char dir[] = "/tmp/kedge-stats-XXXXXX";
	AUTO(strv_done) struct strv sizes = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, files[i]);

		assert_int_equal(fd_replace_text(AT_FDCWD, path, "1\n", 0600, NULL), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, dirs[i]);

		assert_int_equal(mkdir(path, 0700), 0);
	}
	stats_page_sizes(dir, ".current", &sizes);
	assert_int_equal(sizes.n, 2);
	assert_true(strv_has(&sizes, "2MB"));
	assert_true(strv_has(&sizes, "1GB"));
	fd_remove_tree(AT_FDCWD, dir, NULL);
	stats_page_sizes(dir, ".current", &sizes);
	assert_int_equal(sizes.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_ends_with_the_line_and_max_is_the_largest),
		cmocka_unit_test(pairs_go_to_the_field_of_the_whole_name),
		cmocka_unit_test(names_of_one_field_add_up),
		cmocka_unit_test(words_of_a_line_are_read_one_by_one),
		cmocka_unit_test(a_text_falls_into_lines_and_these_into_name_and_rest),
		cmocka_unit_test(a_device_is_two_numbers),
		cmocka_unit_test(rdma_has_no_more_than_32_bits),
		cmocka_unit_test(page_sizes_are_those_of_the_files_and_reservations_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
