/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/systemd_property.h"

struct bytes {
	const char *p;
	size_t n;
};
#define BYTES(text)                      \
	{                                \
		(text), sizeof(text) - 1 \
	}

/* `value` is all behind the name: signature, padding, value. */
static void assert_property(const char *name, const char *text, const char *expected_name,
			    struct bytes value)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	struct dbus_reader r;
	struct err err = { 0 };
	const char *got;

	if (dbus_property_of_text(&w, name, text, &err))
		fail_msg("%s", err.msg);
	assert_null(w.bad);
	r = (struct dbus_reader){ .p = (const uint8_t *)w.bytes.p, .bytes = w.bytes.n };
	assert_int_equal(dbus_get_string(&r, &got), 0);
	assert_string_equal(got, expected_name);
	assert_int_equal(r.bytes - r.at, value.n);
	assert_memory_equal(r.p + r.at, value.p, value.n);
}

static void refuse(const char *name, const char *text, const char *rule)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	auto_free char *message =
		xasprintf("annotation org.systemd.property.%s=%s: %s", name, text, rule);
	struct err err = { 0 };

	assert_int_equal(dbus_property_of_text(&w, name, text, &err), -1);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_non_null(strstr(err.hint, "uint64 5"));
	assert_int_equal(w.bytes.n, 0);
}

/* The name "Foo" takes 8 bytes, so that values lie as they would at 0. */
static void numbers_have_the_type_that_stands_before_them(void **state)
{
	static const struct {
		const char *text;
		struct bytes value;
	} rows[] = {
		{ "5", BYTES("\1i\0\0\5\0\0\0") },
		{ "-5", BYTES("\1i\0\0\xfb\xff\xff\xff") },
		{ " +2147483647 ", BYTES("\1i\0\0\xff\xff\xff\x7f") },
		{ "-2147483648", BYTES("\1i\0\0\0\0\0\x80") },
		{ "0x1F", BYTES("\1i\0\0\x1f\0\0\0") },
		{ "017", BYTES("\1i\0\0\x0f\0\0\0") },
		{ "byte 255", BYTES("\1y\0\xff") },
		{ "int16 -2", BYTES("\1n\0\0\xfe\xff") },
		{ "uint16\t65535", BYTES("\1q\0\0\xff\xff") },
		{ "int32 7", BYTES("\1i\0\0\x07\0\0\0") },
		{ "uint32 4294967295", BYTES("\1u\0\0\xff\xff\xff\xff") },
		{ "int64 -9223372036854775808", BYTES("\1x\0\0\0\0\0\0\0\0\0\0\0\0\0\x80") },
		{ "uint64 18446744073709551615",
		  BYTES("\1t\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ "@t 258", BYTES("\1t\0\0\0\0\0\0\2\1\0\0\0\0\0\0") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_property("Foo", rows[i].text, "Foo", rows[i].value);
}

static void texts_truths_and_arrays_are_themselves(void **state)
{
	static const struct {
		const char *text;
		struct bytes value;
	} rows[] = {
		{ "true", BYTES("\1b\0\0\1\0\0\0") },
		{ "boolean false", BYTES("\1b\0\0\0\0\0\0") },
		{ "'inactive-or-failed'", BYTES("\1s\0\0\x12\0\0\0inactive-or-failed\0") },
		{ "\"a 'b'\"", BYTES("\1s\0\0\5\0\0\0a 'b'\0") },
		{ "string ''", BYTES("\1s\0\0\0\0\0\0\0") },
		{ "'\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\q\\\n'",
		  BYTES("\1s\0\0\x0a\0\0\0\a\b\f\n\r\t\v\\'q\0") },
		{ "'\\u0041\\u00e9\\u20aC\\U0001f600'",
		  BYTES("\1s\0\0\x0a\0\0\0A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\0") },
		{ "['a.service', \"b\" ]",
		  BYTES("\2as\0\x16\0\0\0\x09\0\0\0a.service\0\0\0\1\0\0\0b\0") },
		{ "@as []", BYTES("\2as\0\0\0\0\0") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_property("Foo", rows[i].text, "Foo", rows[i].value);
}

/* "TimeoutStopUSec" and the signature end at 23. */
static void seconds_become_microseconds(void **state)
{
	static const struct {
		const char *text;
		struct bytes value;
	} rows[] = {
		{ "456", BYTES("\1t\0\0\x00\x02\x2e\x1b\0\0\0\0") },
		{ "byte 2", BYTES("\1t\0\0\x80\x84\x1e\0\0\0\0\0") },
		{ "uint64 2", BYTES("\1t\0\0\x80\x84\x1e\0\0\0\0\0") },
		{ "int16 -0", BYTES("\1t\0\0\0\0\0\0\0\0\0\0") },
		{ "2.0000010", BYTES("\1t\0\0\x81\x84\x1e\0\0\0\0\0") },
		{ "double 0.5", BYTES("\1t\0\0\x20\xa1\x07\0\0\0\0\0") },
		{ "0.9999999999999", BYTES("\1t\0\0\x3f\x42\x0f\0\0\0\0\0") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_property("TimeoutStopSec", rows[i].text, "TimeoutStopUSec", rows[i].value);
}

static void only_the_word_sec_means_seconds(void **state)
{
	(void)state;
	assert_property("FOOSec", "5", "FOOSec", (struct bytes)BYTES("\1i\0\0\0\5\0\0\0"));
	assert_property("Sec", "5", "Sec", (struct bytes)BYTES("\1i\0\0\5\0\0\0"));
	assert_property("FooUSec", "uint64 5", "FooUSec",
			(struct bytes)BYTES("\1t\0\0\5\0\0\0\0\0\0\0"));
}

static void a_time_has_to_be_one(void **state)
{
	(void)state;
	refuse("StopSec", "false", "it is a number of seconds");
	refuse("StopSec", "'infinity'", "it is a number of seconds");
	refuse("StopSec", "-1", "no time is that long");
	refuse("StopSec", "-0.1", "no time is that long");
	refuse("StopSec", "uint64 18446744073710", "no time is that long");
	refuse("StopSec", "1.5e3", "something follows the value");
	refuse("StopUSec", "1.5", "only a number of seconds may have a fraction");
	refuse("StopUSec", "double 1", "only a number of seconds may have a fraction");
}

static void a_number_has_to_fit_its_type(void **state)
{
	static const char *const texts[] = {
		"2147483648",
		"-2147483649",
		"byte 256",
		"byte -1",
		"int16 32768",
		"uint16 65536",
		"uint32 -1",
		"int64 9223372036854775808",
		"uint64 18446744073709551616",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		refuse("Foo", texts[i], "the number is out of its type's range");
}

static void what_is_no_value_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "it is no value" },
		{ "invalid-value", "it is no value" },
		{ "infinity", "it is no value" },
		{ "uint64", "it is no value" },
		{ "uint64 uint64 5", "it is no value" },
		{ "@", "it is no value" },
		{ "@z 5", "it is no value" },
		{ "-", "it is no value" },
		{ "{'a': 1}", "it is no value" },
		{ "5 6", "something follows the value" },
		{ "5x", "something follows the value" },
		{ "'a' 'b'", "something follows the value" },
		{ "uint64 'a'", "the value isn't of the type that stands before it" },
		{ "string 5", "the value isn't of the type that stands before it" },
		{ "int32 true", "the value isn't of the type that stands before it" },
		{ "string ['a']", "the value isn't of the type that stands before it" },
		{ "'abc", "a text has no end" },
		{ "'abc\\", "a text has no end" },
		{ "'abc\\'", "a text has no end" },
		{ "'\xff'", "a text is not UTF-8" },
		{ "'\\u12'", "\\u wants 4 hexadecimal digits, \\U 8" },
		{ "'\\u0000'", "no character has that number" },
		{ "'\\ud800'", "no character has that number" },
		{ "'\\U00110000'", "no character has that number" },
		{ "[]", "an array without elements needs its type: @as []" },
		{ "['a' 'b']", "an array has no end" },
		{ "['a',", "a text is missing its quotes" },
		{ "['a'", "an array has no end" },
		{ "[5]", "a text is missing its quotes" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		refuse("Foo", rows[i][0], rows[i][1]);
}

static void a_name_is_three_letters_or_more(void **state)
{
	static const char *const names[] = { "", "Xo", "Number1", "A name",
					     "\xd0\x9a\xd0\xb8\xd1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		refuse(names[i], "1", "a property's name is three letters or more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_type_that_stands_before_them),
		cmocka_unit_test(texts_truths_and_arrays_are_themselves),
		cmocka_unit_test(seconds_become_microseconds),
		cmocka_unit_test(only_the_word_sec_means_seconds),
		cmocka_unit_test(a_time_has_to_be_one),
		cmocka_unit_test(a_number_has_to_fit_its_type),
		cmocka_unit_test(what_is_no_value_is_refused),
		cmocka_unit_test(a_name_is_three_letters_or_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
