/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/task/overlay.h"

static bool shorten(const char *lower, struct overlay_short *out)
{
	char *options[] = { (char *)"index=off", (char *)"workdir=/s/9/work", (char *)lower,
			    (char *)"upperdir=/s/9/fs" };

	return overlay_shorten(options, ARRAY_LEN(options), out);
}

static void layers_become_relative_to_what_they_are_all_in(void **state)
{
	AUTO(overlay_short_done) struct overlay_short s = { 0 };

	(void)state;
	assert_true(shorten("lowerdir=/s/12/fs:/s/1/fs:/s/123/fs", &s));
	assert_string_equal(s.dir, "/s/");
	assert_int_equal(s.options.n, 4);
	assert_string_equal(s.options.v[0], "index=off");
	assert_string_equal(s.options.v[1], "workdir=/s/9/work");
	assert_string_equal(s.options.v[2], "lowerdir=12/fs:1/fs:123/fs");
	assert_string_equal(s.options.v[3], "upperdir=/s/9/fs");
}

static void a_layer_above_the_first_moves_the_directory_up(void **state)
{
	AUTO(overlay_short_done) struct overlay_short s = { 0 };

	(void)state;
	assert_true(shorten("lowerdir=/a/b/c/d:/a/b", &s));
	assert_string_equal(s.dir, "/a/");
	assert_string_equal(s.options.v[2], "lowerdir=b/c/d:b");
}

static void equal_beginnings_of_a_name_are_no_directory(void **state)
{
	AUTO(overlay_short_done) struct overlay_short s = { 0 };

	(void)state;
	assert_true(shorten("lowerdir=/x/layer1:/x/layer2", &s));
	assert_string_equal(s.dir, "/x/");
	assert_string_equal(s.options.v[2], "lowerdir=layer1:layer2");
}

static void what_gains_nothing_or_would_need_care_stays_as_it_is(void **state)
{
	static const char *const left[] = {
		"lowerdir=/s/1/fs",
		"lowerdir=/a/1:/b/2",
		"lowerdir=/s/a\\:b/fs:/s/2/fs",
		"lowerdir=/s/1/fs::/s/2/fs",
		"lowerdir=a/1:/a/2",
		"lowerdir=",
		"ro",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		struct overlay_short s = { 0 };

		assert_false(shorten(left[i], &s));
		assert_null(s.dir);
		assert_int_equal(s.options.n, 0);
	}
}

static void a_page_is_the_limit(void **state)
{
	char at_most[4096] = { 0 }, *options[] = { at_most, (char *)"" };

	(void)state;
	for (size_t i = 0; i < sizeof(at_most) - 1; i++)
		at_most[i] = 'x';
	assert_false(overlay_is_long(options, 1));
	assert_true(overlay_is_long(options, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_become_relative_to_what_they_are_all_in),
		cmocka_unit_test(a_layer_above_the_first_moves_the_directory_up),
		cmocka_unit_test(equal_beginnings_of_a_name_are_no_directory),
		cmocka_unit_test(what_gains_nothing_or_would_need_care_stays_as_it_is),
		cmocka_unit_test(a_page_is_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
