/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "oci/config_test.h"
#include "oci/json_read.h"

static struct json_doc doc;
static struct arena arena;
static struct err err;

static int begin(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	arena = (struct arena){ 0 };
	doc = (struct json_doc){ .name = "t.json", .arena = &arena };
	return 0;
}

static int end(void **state)
{
	(void)state;
	json_doc_done(&doc);
	arena_done(&arena);
	return 0;
}

static struct json_node parse(const char *text)
{
	char *quoted = config_test_text(&arena, text);

	if (json_doc_parse(&doc, quoted, strlen(quoted), &err))
		fail_msg("%s", err.msg);
	return json_doc_root(&doc);
}

static void refused(const char *text, size_t bytes, enum err_kind kind, const char *message)
{
	assert_int_equal(json_doc_parse(&doc, text, bytes, &err), -1);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.kind, kind);
	json_doc_done(&doc);
	doc = (struct json_doc){ .name = "t.json", .arena = &arena };
}

#define REFUSED(text, kind, message) refused(text, sizeof(text) - 1, kind, message)

static void text_that_is_no_json_is_refused_with_line_and_column(void **state)
{
	(void)state;
	REFUSED("", ERR_INVALID, "t.json: is empty");
	REFUSED("{\n\t\"a\": 1,\n\t\"b\" 2\n}", ERR_INVALID,
		"t.json: line 3, column 6: not valid JSON: \"':' expected near '2'\"");
	REFUSED("{\"a\": [1, 2", ERR_INVALID,
		"t.json: line 1, column 11: the document ends too early");
	REFUSED("{\"a\": \"b", ERR_INVALID,
		"t.json: line 1, column 8: the document ends too early");
	REFUSED("{} {}", ERR_INVALID,
		"t.json: line 1, column 4: more text after the document's end");
	REFUSED("\x7f"
		"ELF\x02\x01",
		ERR_INVALID,
		"t.json: line 1, column 1: not valid JSON: \"'[' or '{' expected near '\\x7f'\"");
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
	(void)state;
	REFUSED("{\"a\": \"\xff\"}", ERR_INVALID, "t.json: line 1, column 7: not valid UTF-8");
	REFUSED("{\"\xc3\": 1}", ERR_INVALID, "t.json: line 1, column 2: not valid UTF-8");
	REFUSED("{\"a\": \"\xed\xa0\x80\"}", ERR_INVALID,
		"t.json: line 1, column 7: not valid UTF-8");
	REFUSED("\xef\xbb\xbf{}", ERR_INVALID, "t.json: begins with a byte order mark");
}

static void a_nul_in_a_string_or_a_key_is_refused(void **state)
{
	(void)state;
	REFUSED("{\"a\": \"b\\u0000c\"}", ERR_INVALID,
		"t.json: line 1, column 16: a string holds a NUL (\\u0000)");
	REFUSED("{\"a\\u0000\": 1}", ERR_INVALID,
		"t.json: line 1, column 10: a key holds a NUL (\\u0000)");
	assert_int_equal(json_doc_parse(&doc, "{\"a\": \"\0\"}", 10, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
}

static void deep_nesting_is_refused(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_str(&b, "[");
	refused(b.p, b.n, ERR_LIMIT, "t.json: line 1, column 2049: nested deeper than 2048 levels");
}

static void a_number_out_of_range_is_refused(void **state)
{
	(void)state;
	REFUSED("{\"a\": 18446744073709551616}", ERR_LIMIT,
		"t.json: line 1, column 26: a number is out of range");
	REFUSED("{\"a\": -9223372036854775809}", ERR_LIMIT,
		"t.json: line 1, column 26: a number is out of range");
	REFUSED("{\"a\": 1e999}", ERR_LIMIT, "t.json: line 1, column 11: a number is out of range");
}

static void of_a_repeated_key_the_last_wins(void **state)
{
	struct json_node root = parse("{'a': 1, 'b': 2, 'a': 3}");
	struct json_node a = json_member(&root, "a");
	uint64_t v = 0;

	(void)state;
	json_read_u64(&a, &v);
	assert_int_equal(v, 3);
}

static void null_is_absent(void **state)
{
	struct json_node root = parse("{'a': null}");

	(void)state;
	assert_null(json_member(&root, "a").v);
	assert_null(json_member(&root, "b").v);
}

static void numbers_up_to_two_to_the_64_are_exact(void **state)
{
	struct json_node root = parse("{'a': 18446744073709551615, 'b': [9223372036854775808],"
				      "'c': '18446744073709551615', 'd': -1, 'e': 1.5,"
				      "'f\\\\': 9223372036854775807}");
	struct json_node a = json_member(&root, "a"), b = json_member(&root, "b");
	struct json_node b0 = json_element(&b, 0), c = json_member(&root, "c");
	uint64_t u = 0;
	char *s = NULL;

	(void)state;
	json_read_u64(&a, &u);
	assert_true(u == UINT64_MAX);
	json_read_u64(&b0, &u);
	assert_true(u == UINT64_C(1) << 63);
	json_read_string(&c, &s);
	assert_string_equal(s, "18446744073709551615");
	assert_int_equal(json_doc_verdict(&doc, &err), 0);
}

static void a_big_number_is_a_number_in_every_finding(void **state)
{
	struct json_node root = parse("{'a': 18446744073709551615}");
	struct json_node a = json_member(&root, "a");
	struct spec_pairs pairs = { 0 };
	int64_t i;
	char *s;
	bool b;

	(void)state;
	json_read_i64(&a, &i);
	json_read_string(&a, &s);
	json_read_bool(&a, &b);
	json_read_pairs(&a, &pairs);
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_string_equal(err.msg,
			    "t.json: /a: must be a whole number from -9223372036854775808 to "
			    "9223372036854775807, is 18446744073709551615; "
			    "/a: must be a string, is a number; "
			    "/a: must be true or false, is a number; "
			    "/a: must be an object, is a number");
}

static void a_whole_number_has_no_fraction_and_a_range(void **state)
{
	struct json_node root = parse("{'a': 1.5, 'b': -1, 'c': 4294967296, 'd': '7', 'e': 2.0}");
	static const char *const keys[] = { "a", "b", "c", "d", "e" };
	uint32_t v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct json_node at = json_member(&root, keys[i]);

		json_read_u32(&at, &v);
	}
	assert_int_equal(v, 42);
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_string_equal(err.msg,
			    "t.json: /a: must be a whole number from 0 to 4294967295, is 1.5; "
			    "/b: must be a whole number from 0 to 4294967295, is -1; "
			    "/c: must be a whole number from 0 to 4294967295, is 4294967296; "
			    "/d: must be a whole number from 0 to 4294967295, is a string; "
			    "/e: must be a whole number from 0 to 4294967295, is 2");
}

static void a_finding_names_the_json_pointer(void **state)
{
	struct json_node root = parse("{'a/b~c': [0, {'d\\n': 1}]}");
	struct json_node list = json_member(&root, "a/b~c");
	struct json_node one = json_element(&list, 1), leaf = json_member(&one, "d\n");

	(void)state;
	json_find(&leaf, "is odd");
	json_find(&root, "is odder");
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_string_equal(err.msg, "t.json: /a~1b~0c/1/d\\x0a: is odd; the document: is odder");
	assert_int_equal(err.kind, ERR_INVALID);
	assert_true(strlen(err.hint) > 0);
}

static void unsupported_is_the_kind_when_nothing_is_invalid(void **state)
{
	struct json_node root = parse("{}");

	(void)state;
	json_find_unsupported(&root, "asks for too much");
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	json_find(&root, "is wrong");
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
}

static void beyond_twenty_findings_are_counted(void **state)
{
	struct json_node root =
		parse("[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22]");
	struct spec_strings list = { 0 };

	(void)state;
	json_read_strings(&root, &list);
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_non_null(strstr(err.msg, "/19: must be a string, is a number; and 3 more"));
	assert_null(strstr(err.msg, "/20:"));
}

static void findings_that_overflow_the_message_are_counted(void **state)
{
	struct json_node root = parse("{}");

	(void)state;
	for (int i = 0; i < 8; i++)
		json_find(&root, "%0500d", i);
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_true(strlen(err.msg) < sizeof(err.msg) - 1);
	assert_string_equal(err.msg + strlen(err.msg) - strlen("4; and 3 more"), "4; and 3 more");
}

static void a_quoted_text_is_printable_and_short(void **state)
{
	char out[JSON_QUOTE_BYTES];
	char text[400];

	(void)state;
	assert_string_equal(json_quote(out, "a\x1b[2J\n"), "\"a\\x1b[2J\\x0a\"");
	for (size_t offset = 0; offset < 3; offset++) {
		memset(text, 'x', offset);
		for (size_t i = offset; i + 2 < sizeof(text) - 1; i += 2)
			memcpy(text + i, "\xc3\xa4\0", 3);
		json_quote(out, text);
		assert_true(strlen(out) < sizeof(out));
		assert_true(str_is_utf8(out, strlen(out)));
		assert_non_null(strstr(out, "…\""));
	}
}

static void a_list_is_terminated_for_execve(void **state)
{
	struct json_node root = parse("['a', '', 'c']");
	struct spec_strings list = { 0 };

	(void)state;
	json_read_strings(&root, &list);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.v[1], "");
	assert_string_equal(list.v[2], "c");
	assert_null(list.v[3]);
}

static void pairs_keep_their_order_and_empty_values(void **state)
{
	struct json_node root = parse("{'z': '1', 'a': '', 'n': null, 'k': 3, '': 'x'}");
	struct spec_pairs pairs = { 0 };

	(void)state;
	json_read_pairs(&root, &pairs);
	assert_int_equal(pairs.n, 4);
	assert_string_equal(pairs.v[0].key, "z");
	assert_string_equal(pairs.v[1].value, "");
	assert_int_equal(json_doc_verdict(&doc, &err), -1);
	assert_string_equal(err.msg, "t.json: /k: must be a string, is a number; "
				     "/: a key must not be empty");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_that_is_no_json_is_refused_with_line_and_column),
		TEST(bytes_that_are_no_utf8_are_refused),
		TEST(a_nul_in_a_string_or_a_key_is_refused),
		TEST(deep_nesting_is_refused),
		TEST(a_number_out_of_range_is_refused),
		TEST(of_a_repeated_key_the_last_wins),
		TEST(null_is_absent),
		TEST(numbers_up_to_two_to_the_64_are_exact),
		TEST(a_big_number_is_a_number_in_every_finding),
		TEST(a_whole_number_has_no_fraction_and_a_range),
		TEST(a_finding_names_the_json_pointer),
		TEST(unsupported_is_the_kind_when_nothing_is_invalid),
		TEST(beyond_twenty_findings_are_counted),
		TEST(findings_that_overflow_the_message_are_counted),
		TEST(a_quoted_text_is_printable_and_short),
		TEST(a_list_is_terminated_for_execve),
		TEST(pairs_keep_their_order_and_empty_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
