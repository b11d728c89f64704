/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/plan/cgroup_values.h"

static void shares_map_to_weights_by_minimum_default_and_maximum(void **state)
{
	(void)state;
	assert_int_equal(cgroup_cpu_weight(0), 0);
	assert_int_equal(cgroup_cpu_weight(1), 1);
	assert_int_equal(cgroup_cpu_weight(2), 1);
	assert_int_equal(cgroup_cpu_weight(1024), 100);
	assert_int_equal(cgroup_cpu_weight(262144), 10000);
	assert_int_equal(cgroup_cpu_weight(UINT64_MAX), 10000);
}

static void shares_between_follow_runcs_curve(void **state)
{
	/* ceil(10^((l^2 + 125 l) / 612 - 7 / 34)), l = log2(shares), in double precision */
	static const struct {
		uint64_t shares, weight;
	} cases[] = { { 3, 2 },	       { 10, 4 },	 { 100, 17 },	{ 256, 35 },
		      { 512, 59 },     { 2048, 174 },	 { 4096, 303 }, { 10000, 627 },
		      { 65536, 3023 }, { 262143, 10000 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(cgroup_cpu_weight(cases[i].shares), cases[i].weight);
}

static void more_shares_never_weigh_less(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (uint64_t shares = 1; shares < 262200; shares += 7) {
		uint64_t weight = cgroup_cpu_weight(shares);

		assert_true(weight >= last && weight >= 1 && weight <= 10000);
		last = weight;
	}
}

static void blkio_weights_are_stretched_linearly(void **state)
{
	(void)state;
	assert_int_equal(cgroup_io_weight(0), 0);
	assert_int_equal(cgroup_io_weight(1), 1);
	assert_int_equal(cgroup_io_weight(10), 1);
	assert_int_equal(cgroup_io_weight(500), 4950);
	assert_int_equal(cgroup_io_weight(1000), 10000);
	assert_int_equal(cgroup_io_weight(2000), 10000);
}

static void a_negative_limit_is_max(void **state)
{
	char out[CGROUP_VALUE_BYTES];

	(void)state;
	cgroup_limit_text(-1, out);
	assert_string_equal(out, "max");
	cgroup_limit_text(0, out);
	assert_string_equal(out, "0");
	cgroup_limit_text(INT64_MAX, out);
	assert_string_equal(out, "9223372036854775807");
}

static void swap_is_the_sum_without_memory(void **state)
{
	static const struct {
		int64_t memory, sum;
		const char *out;
	} cases[] = {
		{ 100, 300, "200" }, { 100, 100, "0" }, { 100, -1, "max" },
		{ 100, 0, "" },	     { -1, 0, "max" },	{ -1, 300, "300" },
		{ -1, -1, "max" },   { 0, -1, "max" },	{ 0, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[CGROUP_VALUE_BYTES] = "?";
		struct err err = { 0 };

		assert_int_equal(cgroup_swap_max(cases[i].memory, cases[i].sum, out, &err), 0);
		assert_string_equal(out, cases[i].out);
	}
}

static void swap_that_cant_be_told_is_refused_and_leaves_the_text(void **state)
{
	static const int64_t cases[][2] = { { 0, 300 }, { 300, 100 }, { -5, 100 }, { 100, -5 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[CGROUP_VALUE_BYTES] = "?";
		struct err err = { 0 };

		assert_int_equal(cgroup_swap_max(cases[i][0], cases[i][1], out, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_string_equal(out, "?");
	}
}

static void cpu_max_is_quota_and_period(void **state)
{
	static const struct {
		int64_t quota;
		uint64_t period;
		const char *current, *out;
	} cases[] = {
		{ 50000, 100000, NULL, "50000 100000" },
		{ 50000, 0, NULL, "50000" },
		{ -1, 0, NULL, "max" },
		{ -1, 20000, NULL, "max 20000" },
		{ 0, 0, NULL, "" },
		{ 0, 20000, NULL, "max 20000" },
		{ 0, 20000, "", "max 20000" },
		{ 0, 20000, "50000 100000", "50000 20000" },
		{ 0, 20000, "max 100000", "max 20000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[CGROUP_VALUE_BYTES] = "?";

		cgroup_cpu_max(cases[i].quota, cases[i].period, cases[i].current, out);
		assert_string_equal(out, cases[i].out);
	}
}

static void of_quota_and_period_the_one_not_asked_for_stays(void **state)
{
	static const struct {
		const char *current;
		int64_t quota;
		uint64_t period;
		int64_t whole_quota;
		uint64_t whole_period;
	} cases[] = {
		{ "20000 100000", 0, 50000, 20000, 50000 },
		{ "max 100000", 0, 50000, -1, 50000 },
		{ "20000 50000", 30000, 0, 30000, 50000 },
		{ "20000 50000", -1, 0, -1, 50000 },
		{ "20000 100000", 30000, 0, 30000, 0 },
		{ "20000 50000", 30000, 70000, 30000, 70000 },
		{ "20000 50000", 0, 0, 0, 0 },
		{ "", 0, 50000, 0, 50000 },
		{ "20000", 30000, 0, 30000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t quota = cases[i].quota;
		uint64_t period = cases[i].period;

		cgroup_cpu_complete(cases[i].current, &quota, &period);
		assert_int_equal(quota, cases[i].whole_quota);
		assert_int_equal(period, cases[i].whole_period);
	}
}

static void page_sizes_are_named_as_the_kernel_does(void **state)
{
	static const char *const cases[][2] = {
		{ "2MB", "2MB" },	{ "1GB", "1GB" },	{ "64KB", "64KB" },
		{ "2048KB", "2MB" },	{ "1048576KB", "1GB" }, { "16384MB", "16GB" },
		{ "2097152KB", "2GB" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[CGROUP_VALUE_BYTES];
		struct err err = { 0 };

		assert_int_equal(cgroup_hugepage_name(cases[i][0], out, &err), 0);
		assert_string_equal(out, cases[i][1]);
	}
}

static void a_page_size_that_is_no_size_is_refused(void **state)
{
	static const char *const cases[] = { "",    "MB",     "2",    "2M",   "02MB",
					     "2mb", "2MB/..", "2MB ", "../x", "99999999999KB" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[CGROUP_VALUE_BYTES];
		struct err err = { 0 };

		assert_int_equal(cgroup_hugepage_name(cases[i], out, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void a_path_never_leads_above_its_beginning(void **state)
{
	static const char *const cases[][2] = {
		{ "/kedge/a", "/kedge/a" },
		{ "//kedge///a/", "/kedge/a" },
		{ "/../../etc", "/etc" },
		{ "/a/../../b/./c", "/b/c" },
		{ "a", "a" },
		{ "../../a", "a" },
		{ "./a/b/../c", "a/c" },
		{ "/..a/...", "/..a/..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		auto_free char *out = cgroup_path_clean(cases[i][0], &err);

		assert_non_null(out);
		assert_string_equal(out, cases[i][1]);
	}
}

static void a_path_to_nothing_is_refused(void **state)
{
	static const char *const cases[] = { "", "/", ".", "..", "/a/..", "a/../..", "/./" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		assert_null(cgroup_path_clean(cases[i], &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void a_unified_key_is_controller_dot_parameter(void **state)
{
	static const char *const bad[] = { "memory", "memory.", ".high", "../x.y", "a/b.c", "" };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cgroup_unified_check("memory.high", &err), 0);
	assert_int_equal(cgroup_unified_check("hugetlb.2MB.max", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(cgroup_unified_check(bad[i], &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_map_to_weights_by_minimum_default_and_maximum),
		cmocka_unit_test(shares_between_follow_runcs_curve),
		cmocka_unit_test(more_shares_never_weigh_less),
		cmocka_unit_test(blkio_weights_are_stretched_linearly),
		cmocka_unit_test(a_negative_limit_is_max),
		cmocka_unit_test(swap_is_the_sum_without_memory),
		cmocka_unit_test(swap_that_cant_be_told_is_refused_and_leaves_the_text),
		cmocka_unit_test(cpu_max_is_quota_and_period),
		cmocka_unit_test(of_quota_and_period_the_one_not_asked_for_stays),
		cmocka_unit_test(page_sizes_are_named_as_the_kernel_does),
		cmocka_unit_test(a_page_size_that_is_no_size_is_refused),
		cmocka_unit_test(a_path_never_leads_above_its_beginning),
		cmocka_unit_test(a_path_to_nothing_is_refused),
		cmocka_unit_test(a_unified_key_is_controller_dot_parameter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
