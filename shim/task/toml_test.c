/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/str.h"
#include "shim/task/toml.h"

static int note(void *ctx, const struct toml_value *v, struct err *err)
{
	static const char kinds[] = "tbi";

	if (!strcmp(v->key, "refuse"))
		return err_set(err, ERR_INVALID, "not this");
	buf_addf(ctx, "%s/%s %c%s %s\n", v->table, v->key, kinds[v->kind], v->is_item ? "*" : "",
		 v->text);
	return 0;
}

static void expect(const char *toml, const char *wanted)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	buf_str(&b, "");
	if (toml_read(toml, strlen(toml), note, &b, &err))
		fail_msg("%s: %s", toml, err.msg);
	assert_string_equal(b.p, wanted);
}

static void refuse(const char *toml, const char *why)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	assert_int_equal(toml_read(toml, strlen(toml), note, &b, &err), -1);
	assert_string_equal(err.msg, why);
	assert_int_equal(err.kind, ERR_INVALID);
}

static void values_come_with_their_tables(void **state)
{
	(void)state;
	expect("", "");
	expect("a = true\n[x]\nb=1 # one\n\n[ y . \"z z\" ]\r\n'c' = \"d\"\r\n",
	       "/a b true\nx/b i 1\ny.z z/c t d\n");
	expect("x.y.b = -5", "x.y/b i -5\n");
	expect("[t]\nx.b = false", "t.x/b b false\n");
}

static void lists_are_told_item_by_item(void **state)
{
	(void)state;
	expect("a = [ 'b', \"c\", ]", "/a t* b\n/a t* c\n");
	expect("a = [ # over lines\n 'b'\n ,\n 'c' ]\nd = []\ne = 2", "/a t* b\n/a t* c\n/e i 2\n");
}

static void strings_are_taken_as_they_are_meant(void **state)
{
	(void)state;
	expect("a = '\\n#'", "/a t \\n#\n");
	expect("a = \"\\\"\\\\\\u00e9\\U0001F600\"", "/a t \"\\\xc3\xa9\xf0\x9f\x98\x80\n");
	expect("a = \"\"", "/a t \n");
	refuse("a = \"\\x\"", "line 1: no such escape");
	refuse("a = \"\\ud800\"", "line 1: no such character");
	refuse("a = \"\\u0000\"", "line 1: no such character");
	refuse("a = \"\\u12\"", "line 1: \\u and \\U need 4 and 8 digits");
	refuse("a = 'b\nc'", "line 1: the string doesn't end on its line");
	refuse("a = \"\xff\"", "line 1: not UTF-8");
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	(void)state;
	refuse("\n\na = 1 b = 2", "line 3: something is left behind the value");
	refuse("a\n", "line 1: = is expected");
	refuse("= 1", "line 1: a key is expected");
	refuse("a =", "line 1: a string, true, false or a number is expected");
	refuse("[a\n", "line 1: ] is expected");
	refuse("a = [ 1 2 ]", "line 1: the list needs , or ]");
	refuse("a = 1\nrefuse = 1", "line 2: not this");
}

static void what_is_not_supported_is_not_taken_for_something_else(void **state)
{
	(void)state;
	refuse("[[a]]", "line 1: lists of tables are not supported");
	refuse("a = { b = 1 }", "line 1: a string, true, false or a number is expected");
	refuse("a = 1.5", "line 1: something is left behind the value");
	refuse("a = 1979-05-27", "line 1: this kind of value is not supported");
	refuse("a = [[1]]", "line 1: a string, true, false or a number is expected");
	refuse("a = '''b'''", "line 1: something is left behind the value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_with_their_tables),
		cmocka_unit_test(lists_are_told_item_by_item),
		cmocka_unit_test(strings_are_taken_as_they_are_meant),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(what_is_not_supported_is_not_taken_for_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
