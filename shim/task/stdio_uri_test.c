/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/task/stdio_uri.h"

static void expect(const char *text, enum stdio_kind kind, const char *path)
{
	AUTO(stdio_uri_done) struct stdio_uri uri = { 0 };

	assert_int_equal(stdio_uri_parse(text, &uri, NULL), 0);
	assert_int_equal(uri.kind, kind);
	assert_string_equal(uri.path, path);
	assert_int_equal(uri.args.n, 0);
}

static void a_path_is_taken_as_it_is(void **state)
{
	(void)state;
	expect("/run/a%20b?c", STDIO_FIFO, "/run/a%20b?c");
	expect("fifo:///run/a", STDIO_FIFO, "/run/a");
}

static void a_file_is_unescaped(void **state)
{
	(void)state;
	expect("file:///var/log/a%20b%2Bc+d", STDIO_FILE, "/var/log/a b+c+d");
	expect("file:/var/log/a", STDIO_FILE, "/var/log/a");
	expect("file:///a#part", STDIO_FILE, "/a");
}

static void a_programs_query_is_its_arguments(void **state)
{
	static const char *const want[] = { "-c", "cat <&3", "lone", "", "empty", "" };
	AUTO(stdio_uri_done) struct stdio_uri uri = { 0 };

	(void)state;
	assert_int_equal(stdio_uri_parse("binary:///bin/sh?-c=cat+%3C%263&&lone&empty=&-c=again#x",
					 &uri, NULL),
			 0);
	assert_int_equal(uri.kind, STDIO_BINARY);
	assert_string_equal(uri.path, "/bin/sh");
	assert_int_equal(uri.args.n, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(uri.args.v[i], want[i]);
}

static void everything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"run/a",
		"npipe:///a",
		"files:///a",
		"file",
		"file://a/b",
		"file:a",
		"file:///a%",
		"file:///a%2",
		"file:///a%zz",
		"file:///a%00",
		"binary:///a?%0",
		"binary:///a?k=%xx",
		"ttrpc+unix:///a",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct stdio_uri uri = { 0 };
		struct err err = { 0 };

		assert_int_equal(stdio_uri_parse(bad[i], &uri, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_null(uri.path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_taken_as_it_is),
		cmocka_unit_test(a_file_is_unescaped),
		cmocka_unit_test(a_programs_query_is_its_arguments),
		cmocka_unit_test(everything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
