/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/remap.h"

struct fixture {
	struct strv words;
	struct remap remap;
	struct arena arena;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	strv_done(&f->words);
	remap_done(&f->remap);
	arena_done(&f->arena);
}

static void expect(struct fixture *f, const char *path, const char *mapped)
{
	assert_string_equal(remap_path(&f->remap, &f->arena, path), mapped);
}

static void a_prefix_is_whole_components(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	strv_add(&f.words, "/srv/a/=/mnt//b");
	assert_int_equal(remap_parse(&f.words, &f.remap, &f.err), 0);
	expect(&f, "/srv/a", "/mnt/b");
	expect(&f, "/srv/a/x/y", "/mnt/b/x/y");
	expect(&f, "/srv/ab", "/srv/ab");
	expect(&f, "/srv", "/srv");
}

static void the_longest_prefix_counts_and_its_result_is_not_mapped_again(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	strv_add(&f.words, "/a=/b");
	strv_add(&f.words, "/a/long=/c");
	strv_add(&f.words, "/b=/d");
	assert_int_equal(remap_parse(&f.words, &f.remap, &f.err), 0);
	expect(&f, "/a/long/x", "/c/x");
	expect(&f, "/a/lon", "/b/lon");
}

static void the_root_maps_everything_and_can_be_mapped_to(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	strv_add(&f.words, "/=/host");
	strv_add(&f.words, "/up=/");
	assert_int_equal(remap_parse(&f.words, &f.remap, &f.err), 0);
	expect(&f, "/x", "/host/x");
	expect(&f, "/up/x", "/x");
	expect(&f, "/up", "/");
}

static void a_path_with_an_equals_sign_can_be_mapped(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	strv_add(&f.words, "/a=b/c=/x=y");
	assert_int_equal(remap_parse(&f.words, &f.remap, &f.err), 0);
	expect(&f, "/a=b/c/d", "/x=y/d");
}

static void what_is_no_map_is_refused_as_it_was_typed(void **state)
{
	static const char *const words[] = { "", "/a", "/a=b", "a=/b", "/a/../b=/c", "/a=/c/.." };
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		strv_add(&f.words, words[i]);
	strv_add(&f.words, "/twice=/x");
	strv_add(&f.words, "/twice=/y");
	assert_int_equal(remap_parse(&f.words, &f.remap, &f.err), -1);
	assert_int_equal(f.err.kind, ERR_INVALID);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_non_null(strstr(f.err.msg, words[i]));
	assert_non_null(strstr(f.err.msg, "/twice is mapped to both /x and /y"));
	assert_int_equal(f.remap.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_is_whole_components),
		cmocka_unit_test(the_longest_prefix_counts_and_its_result_is_not_mapped_again),
		cmocka_unit_test(the_root_maps_everything_and_can_be_mapped_to),
		cmocka_unit_test(a_path_with_an_equals_sign_can_be_mapped),
		cmocka_unit_test(what_is_no_map_is_refused_as_it_was_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
