/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"

/* --- pointers ------------------------------------------------------------------------------------ */

static void taking_a_pointer_leaves_null_behind(void **state)
{
	char *p = xstrdup("a"), *was = p;
	char *q = take_ptr(&p);

	(void)state;
	assert_null(p);
	assert_ptr_equal(q, was);
	free(q);
}

static void only_what_is_filled_is_copied(void **state)
{
	auto_free char *copy = xstrdup_filled("a");

	(void)state;
	assert_string_equal(copy, "a");
	assert_null(xstrdup_filled(""));
}

static void count_call(int *calls)
{
	(*calls)++;
}

static void call_count(int **calls)
{
	count_call(*calls);
}

static void auto_calls_when_the_scope_ends(void **state)
{
	int calls = 0;

	(void)state;
	{
		AUTO(call_count) int *at = &calls;

		assert_ptr_equal(at, &calls);
		assert_int_equal(calls, 0);
	}
	assert_int_equal(calls, 1);
}

static void nothing_is_allocated_as_something(void **state)
{
	auto_free void *a = xmalloc(0);
	auto_free void *b = xcalloc(0, 8);
	auto_free void *c = xrealloc(NULL, 0, 8);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
}

static void overflow(void)
{
	volatile size_t n = SIZE_MAX / 2;

	xrealloc(NULL, n, 4);
}

static void overflow_an_array(void)
{
	struct arena arena = { 0 };
	volatile size_t n = SIZE_MAX / 4;

	arena_array(&arena, n, 8);
}

/* Whether `run` doesn't come back: abort(), or the sanitizer's own way. What it says is dropped. */
static bool ends(void (*run)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status != 0;
}

static void a_size_that_overflows_ends_the_process(void **state)
{
	(void)state;
	assert_true(ends(overflow));
	assert_true(ends(overflow_an_array));
}

/* --- arena --------------------------------------------------------------------------------------- */

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
	struct arena arena = { 0 };
	unsigned char *before = NULL;

	(void)state;
	for (size_t bytes = 1; bytes < 300; bytes++) {
		unsigned char *p = arena_alloc(&arena, bytes);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, bytes);
		if (before)
			assert_int_equal(before[bytes - 2], 0xff);
		before = p;
	}
	arena_done(&arena);
}

static void an_arena_takes_more_than_a_block_at_once(void **state)
{
	struct arena arena = { 0 };
	char *small = arena_strdup(&arena, "small");
	char *big = arena_alloc(&arena, 100000);

	(void)state;
	memset(big, 'x', 100000);
	assert_string_equal(small, "small");
	assert_int_equal(((char *)arena_array(&arena, 1000, 64))[63999], 0);
	arena_done(&arena);
}

static void arena_strings_are_copies(void **state)
{
	struct arena arena = { 0 };
	char text[] = "text";
	char *copy = arena_strdup(&arena, text);

	(void)state;
	text[0] = 'T';
	assert_string_equal(copy, "text");
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_printf(&arena, "%s-%d", text, 7), "Text-7");
	assert_string_equal(arena_printf(&arena, "%s", ""), "");
	assert_string_equal(copy, "text");
	arena_done(&arena);
	assert_null(arena.head);
	arena_done(&arena);
}

/* --- vectors and buffers ------------------------------------------------------------------------- */

static void a_vector_ends_in_null(void **state)
{
	struct strv sv = { 0 };

	(void)state;
	strv_add(&sv, "a");
	assert_null(sv.v[1]);
	strv_addf(&sv, "%s=%d", "b", 2);
	assert_int_equal(sv.n, 2);
	assert_string_equal(sv.v[0], "a");
	assert_string_equal(sv.v[1], "b=2");
	assert_null(sv.v[2]);
	assert_true(strv_has(&sv, "b=2"));
	assert_false(strv_has(&sv, "b"));
	strv_done(&sv);
	assert_null(sv.v);
	assert_int_equal(sv.n, 0);
	assert_false(strv_has(&sv, "a"));
}

static void a_buffer_ends_in_nul_and_may_hold_one(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_str(&b, "c");
	buf_addf(&b, "%03d", 7);
	assert_int_equal(b.n, 7);
	assert_memory_equal(b.p, "a\0bc007", 8);
	buf_done(&b);
	assert_null(b.p);
	assert_int_equal(b.n + b.cap, 0);
}

static void adding_nothing_gives_an_empty_string(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_add(&b, NULL, 0);
	assert_string_equal(b.p, "");
	buf_done(&b);
}

static void a_buffer_grows_byte_by_byte(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_add(&b, "0123456789" + i % 10, 1);
	assert_int_equal(b.n, 10000);
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.p[i], '0' + (int)(i % 10));
	assert_int_equal(b.p[b.n], '\0');
	buf_done(&b);
}

static void expect_json(const char *text, const char *json)
{
	struct buf b = { 0 };

	buf_json(&b, text);
	assert_string_equal(b.n ? b.p : "", json);
	buf_done(&b);
}

static void text_becomes_the_inside_of_a_json_string(void **state)
{
	(void)state;
	expect_json("", "");
	expect_json("plain/text", "plain/text");
	expect_json("say \"a\\b\"", "say \\\"a\\\\b\\\"");
	expect_json("a\nb\tc\x1b[31m", "a\\nb\\u0009c\\u001b[31m");
	expect_json("é€😀", "é€😀");
	/* C1 controls and overrides of direction reach no terminal by JSON either */
	expect_json("\x7f\xc2\x9b\xe2\x80\xae", "\\u007f\\u009b\\u202e");
	expect_json("a\xff", "a\\ufffd");
	expect_json("\xc3", "\\ufffd");
	expect_json("\xe2\x82\"", "\\ufffd\\ufffd\\\"");
}

/* --- text ---------------------------------------------------------------------------------------- */

static void expect_visible(const char *text, const char *shown, size_t columns)
{
	AUTO(buf_done) struct buf b = { 0 };

	assert_int_equal(buf_visible(&b, text), columns);
	assert_string_equal(b.p ? b.p : "", shown);
}

static void what_a_terminal_would_obey_becomes_visible(void **state)
{
	(void)state;
	expect_visible("", "", 0);
	expect_visible("/plain text é", "/plain text é", 13);
	expect_visible("\x1b]0;x\x07\n", "\\x1b]0;x\\x07\\x0a", 16);
	expect_visible("a\xff\xc3", "a\\xff\\xc3", 9);
	expect_visible("\xc2\x9b", "\\u{9b}", 6);
	expect_visible("\xe2\x80\xae", "\\u{202e}", 8);
}

static void utf8_is_told_from_what_only_looks_like_it(void **state)
{
	static const struct {
		const char *text;
		bool is_utf8;
	} rows[] = {
		{ "", true },
		{ "a", true },
		{ "\x7f", true },
		{ "\xc2\x80", true },
		{ "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true },
		{ "\xee\x80\x80", true },
		{ "\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\x80", false },     /* a tail alone */
		{ "\xc0\xaf", false }, /* an overlong slash */
		{ "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false },     /* overlong in three */
		{ "\xf0\x8f\xbf\xbf", false }, /* overlong in four */
		{ "\xed\xa0\x80", false },     /* a surrogate */
		{ "\xed\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false }, /* beyond U+10FFFF */
		{ "\xf5\x80\x80\x80", false },
		{ "\xfe", false },
		{ "\xc2", false }, /* cut off */
		{ "\xe2\x82", false },
		{ "\xf0\x9f\x98", false },
		{ "\xc2"
		  "a",
		  false },
		{ "ok\xe2\x82\xac\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_is_utf8(rows[i].text, strlen(rows[i].text)) != rows[i].is_utf8)
			fail_msg("row %zu", i);
	assert_true(str_is_utf8("a\0b", 3));
	assert_true(str_is_utf8("a\xff", 1));
	assert_false(str_is_utf8("é", 1));
}

static void missing_strings_equal_each_other_only(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", NULL));
	assert_false(str_eq(NULL, ""));
	assert_false(str_eq("a", "ab"));
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("ab", "abc"));
}

static void a_string_has_an_end_and_a_last_part(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	assert_true(str_ends("a.img", ".img"));
	assert_false(str_ends(".img", ".img"));
	assert_false(str_ends("a.img.new", ".img"));
	assert_string_equal(str_last_part("/a/b"), "b");
	assert_string_equal(str_last_part("b"), "b");
	assert_string_equal(str_last_part("/a/"), "");
	buf_quoted(&b, "a\"b");
	assert_string_equal(b.p, "\"a\\\"b\"");
}

static void only_plain_decimal_is_a_number(void **state)
{
	static const char *const bad[] = { "",	 " 1",	"1 ", "+1",  "-1",  "0x1",
					   "1a", "1.0", "٣",  "1\n", "1e2", "1\x80" };
	unsigned long long v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(str_to_u64(bad[i], ULLONG_MAX, &v), -1);
	assert_int_equal(v, 42);
	assert_int_equal(str_to_u64("0", 0, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(str_to_u64("0000123", 123, &v), 0);
	assert_int_equal(v, 123);
}

static void a_number_stays_within_its_maximum(void **state)
{
	unsigned long long v = 42;

	(void)state;
	assert_int_equal(str_to_u64("6", 5, &v), -1);
	assert_int_equal(str_to_u64("9", 5, &v), -1);
	assert_int_equal(str_to_u64("4294967295", 4294967294ULL, &v), -1);
	assert_int_equal(str_to_u64("18446744073709551616", ULLONG_MAX, &v), -1);
	assert_int_equal(str_to_u64("99999999999999999999999", ULLONG_MAX, &v), -1);
	assert_int_equal(v, 42);
	assert_int_equal(str_to_u64("5", 5, &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(str_to_u64("18446744073709551615", ULLONG_MAX, &v), 0);
	assert_true(v == ULLONG_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taking_a_pointer_leaves_null_behind),
		cmocka_unit_test(only_what_is_filled_is_copied),
		cmocka_unit_test(auto_calls_when_the_scope_ends),
		cmocka_unit_test(nothing_is_allocated_as_something),
		cmocka_unit_test(a_size_that_overflows_ends_the_process),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(an_arena_takes_more_than_a_block_at_once),
		cmocka_unit_test(arena_strings_are_copies),
		cmocka_unit_test(a_vector_ends_in_null),
		cmocka_unit_test(a_buffer_ends_in_nul_and_may_hold_one),
		cmocka_unit_test(adding_nothing_gives_an_empty_string),
		cmocka_unit_test(a_buffer_grows_byte_by_byte),
		cmocka_unit_test(text_becomes_the_inside_of_a_json_string),
		cmocka_unit_test(what_a_terminal_would_obey_becomes_visible),
		cmocka_unit_test(utf8_is_told_from_what_only_looks_like_it),
		cmocka_unit_test(missing_strings_equal_each_other_only),
		cmocka_unit_test(a_string_has_an_end_and_a_last_part),
		cmocka_unit_test(only_plain_decimal_is_a_number),
		cmocka_unit_test(a_number_stays_within_its_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
