/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/dbus_message.h"

#define BYTES(text) (text), sizeof(text) - 1

static void assert_bytes(const struct buf *b, const char *expected, size_t n)
{
	assert_int_equal(b->n, n);
	assert_memory_equal(b->p, expected, n);
}

/* --- writing -------------------------------------------------------------------------------------- */

static void basic_types_are_little_endian_and_aligned(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };

	(void)state;
	dbus_put_byte(&w, 0xfe);
	dbus_put_u16(&w, 0x1234);
	dbus_put_u64(&w, 0x0102030405060708);
	dbus_put_bool(&w, true);
	dbus_put_byte(&w, 1);
	dbus_put_u32(&w, 0xfffffffe);
	assert_bytes(&w.bytes, BYTES("\xfe\0\x34\x12\0\0\0\0"
				     "\x08\x07\x06\x05\x04\x03\x02\x01"
				     "\x01\0\0\0\x01\0\0\0\xfe\xff\xff\xff"));
	assert_null(w.bad);
}

static void texts_have_a_length_and_a_nul(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };

	(void)state;
	dbus_put_signature(&w, "a(sv)");
	dbus_put_string(&w, "foo");
	dbus_put_string(&w, "");
	dbus_put_path(&w, "/");
	assert_bytes(&w.bytes, BYTES("\5a(sv)\0\0"
				     "\3\0\0\0foo\0"
				     "\0\0\0\0\0\0\0\0"
				     "\1\0\0\0/\0"));
	assert_null(w.bad);
}

/* "Arrays": the length counts neither itself nor the padding before the first element. */
static void an_arrays_length_leaves_out_the_first_padding(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer padded = { 0 }, unpadded = { 0 };
	size_t array;

	(void)state;
	array = dbus_open_array(&padded, 8);
	dbus_put_u64(&padded, 5);
	dbus_close_array(&padded, array);
	assert_bytes(&padded.bytes, BYTES("\x08\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0"));

	dbus_put_byte(&unpadded, 1);
	array = dbus_open_array(&unpadded, 8);
	dbus_put_u64(&unpadded, 5);
	dbus_close_array(&unpadded, array);
	assert_bytes(&unpadded.bytes, BYTES("\x01\0\0\0\x08\0\0\0\x05\0\0\0\0\0\0\0"));
}

static void an_empty_array_is_padded_for_the_element_it_lacks(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };

	(void)state;
	dbus_close_array(&w, dbus_open_array(&w, 8));
	dbus_close_array(&w, dbus_open_array(&w, 1));
	assert_bytes(&w.bytes, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0"));
}

static void a_nested_array_counts_in_the_outer_one(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	AUTO(strv_done) struct strv names = { 0 };
	size_t array = dbus_open_array(&w, 8);

	(void)state;
	strv_add(&names, "x");
	strv_add(&names, "yz");
	dbus_property_strings(&w, "After", &names);
	dbus_close_array(&w, array);
	assert_bytes(&w.bytes, BYTES("\x23\0\0\0\0\0\0\0"
				     "\5\0\0\0After\0\2as\0\0\0"
				     "\x0f\0\0\0\1\0\0\0x\0\0\0"
				     "\2\0\0\0yz\0"));
}

static void properties_are_names_with_variants(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	size_t array = dbus_open_array(&w, 8);

	(void)state;
	dbus_property_bool(&w, "Delegate", true);
	dbus_property_string(&w, "Slice", "a.slice");
	dbus_property_u64(&w, "TasksMax", 7);
	dbus_close_array(&w, array);
	assert_bytes(&w.bytes, BYTES("\x50\0\0\0\0\0\0\0"
				     "\x08\0\0\0Delegate\0\1b\0\1\0\0\0\0\0\0\0"
				     "\5\0\0\0Slice\0\1s\0\0\0\0\x07\0\0\0a.slice\0"
				     "\0\0\0\0"
				     "\x08\0\0\0TasksMax\0\1t\0\x07\0\0\0\0\0\0\0"));
}

static void properties_may_be_arrays(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer pids = { 0 }, cpus = { 0 };

	(void)state;
	dbus_property_u32s(&pids, "PIDs", (const uint32_t[]){ 258 }, 1);
	assert_bytes(&pids.bytes, BYTES("\4\0\0\0PIDs\0\2au\0\0\0\0\4\0\0\0\2\1\0\0"));
	dbus_property_bytes(&cpus, "AllowedCPUs", "\x05\x80", 2);
	assert_bytes(&cpus.bytes, BYTES("\x0b\0\0\0AllowedCPUs\0\2ay\0\2\0\0\0\x05\x80"));
}

static void a_call_has_header_and_body(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	AUTO(buf_done) struct buf out = { 0 };
	struct dbus_call call = { .destination = "a.b",
				  .path = "/o",
				  .interface = "i.f",
				  .member = "Do",
				  .signature = "s",
				  .body = &body };

	(void)state;
	dbus_put_string(&body, "x");
	assert_int_equal(dbus_method_call(&call, 0x0201, &out, NULL), 0);
	assert_bytes(&out, BYTES("l\1\0\1\6\0\0\0\1\2\0\0\x47\0\0\0"
				 "\1\1o\0\2\0\0\0/o\0\0\0\0\0\0"
				 "\2\1s\0\3\0\0\0i.f\0\0\0\0\0"
				 "\3\1s\0\2\0\0\0Do\0\0\0\0\0\0"
				 "\6\1s\0\3\0\0\0a.b\0\0\0\0\0"
				 "\x08\1g\0\1s\0\0"
				 "\1\0\0\0x\0"));
}

/* What every client sends first; others' bytes, with the fields in our order. */
static void a_call_without_arguments_ends_with_its_header(void **state)
{
	AUTO(buf_done) struct buf out = { 0 };
	struct dbus_call call = { .destination = "org.freedesktop.DBus",
				  .path = "/org/freedesktop/DBus",
				  .interface = "org.freedesktop.DBus",
				  .member = "Hello" };

	(void)state;
	assert_int_equal(dbus_method_call(&call, 1, &out, NULL), 0);
	assert_bytes(&out, BYTES("l\1\0\1\0\0\0\0\1\0\0\0\x6d\0\0\0"
				 "\1\1o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0"
				 "\2\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0"
				 "\3\1s\0\5\0\0\0Hello\0\0\0"
				 "\6\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0"));
}

static void refuse_body(struct dbus_writer *body, enum err_kind kind, const char *message)
{
	AUTO(buf_done) struct buf out = { 0 };
	struct dbus_call call = { .path = "/", .member = "Do", .signature = "s", .body = body };
	struct err err = { 0 };

	assert_int_equal(dbus_method_call(&call, 1, &out, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.msg, message);
	assert_int_equal(out.n, 0);
	dbus_writer_done(body);
}

static void what_a_bus_hangs_up_on_is_not_sent(void **state)
{
	static const char *const paths[] = { "", "a", "//", "/a/", "/a-b", "/a//b", "/a.b" };
	struct dbus_writer w = { 0 };
	auto_free char *huge = xmalloc(DBUS_MAX_BYTES + 1);

	(void)state;
	dbus_put_string(&w, "\xff");
	dbus_put_string(&w, "fine");
	refuse_body(&w, ERR_INVALID, "D-Bus call Do has text that is not UTF-8");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		dbus_put_path(&w, paths[i]);
		refuse_body(&w, ERR_INVALID,
			    "D-Bus call Do has an object path that D-Bus doesn't allow");
	}
	memset(huge, 'a', DBUS_MAX_BYTES);
	huge[DBUS_MAX_BYTES] = '\0';
	dbus_put_string(&w, huge);
	refuse_body(&w, ERR_INVALID, "D-Bus call Do has a string of more than a MiB");
	dbus_put_string(&w, huge + DBUS_MAX_BYTES / 2);
	dbus_put_string(&w, huge + DBUS_MAX_BYTES / 2);
	refuse_body(&w, ERR_LIMIT, "D-Bus call Do has more than 1048576 bytes");
	dbus_put_signature(&w, huge + DBUS_MAX_BYTES - 256);
	refuse_body(&w, ERR_INVALID, "D-Bus call Do has a signature of more than 255 types");
	dbus_put_signature(&w, huge + DBUS_MAX_BYTES - 255);
	assert_null(w.bad);
	dbus_writer_done(&w);
}

/* --- reading -------------------------------------------------------------------------------------- */

/* JobRemoved(uoss), with fields that nobody needs: 42, which doesn't exist, and the number of fds. */
static const char signal_bytes[] = "l\4\1\1\x35\0\0\0\x09\0\0\0\x8a\0\0\0"
				   "\1\1o\0\x19\0\0\0/org/freedesktop/systemd1\0\0\0\0\0\0\0"
				   "\x08\1g\0\4uoss\0\0\0\0\0\0\0"
				   "\2\1s\0\3\0\0\0i.f\0\0\0\0\0"
				   "\x2a\5a(sv)\0\x0a\0\0\0\0\0\0\0"
				   "\1\0\0\0s\0\1y\0\x05\0\0\0\0\0\0"
				   "\x09\1u\0\0\0\0\0"
				   "\3\1s\0\x01\0\0\0J\0\0\0\0\0\0\0"
				   "\x07\1s\0\1\0\0\0S\0\0\0\0\0\0\0"
				   "\x0c\0\0\0\x14\0\0\0/job/12345678901/job\0\0\0\0"
				   "\x07\0\0\0a.scope\0"
				   "\4\0\0\0done\0";

static void parse_fails(const char *bytes, size_t n, const char *message)
{
	struct dbus_header h = { .serial = 77 };
	struct err err = { 0 };

	assert_int_equal(dbus_message_parse(bytes, n, &h, &err), -1);
	if (message)
		assert_string_equal(err.msg, message);
	assert_int_equal(h.serial, 77);
}

static struct buf signal_message(void)
{
	struct buf b = { 0 };

	buf_add(&b, signal_bytes, sizeof(signal_bytes) - 1);
	return b;
}

static void a_signal_is_read(void **state)
{
	AUTO(buf_done) struct buf b = signal_message();
	struct dbus_header h;
	struct dbus_reader r;
	const char *text;
	uint32_t n;
	struct err err = { 0 };

	(void)state;
	if (dbus_message_parse(b.p, b.n, &h, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(h.type, DBUS_SIGNAL);
	assert_int_equal(h.serial, 9);
	assert_int_equal(h.reply_serial, 0);
	assert_string_equal(h.path, "/org/freedesktop/systemd1");
	assert_string_equal(h.interface, "i.f");
	assert_string_equal(h.member, "J");
	assert_string_equal(h.sender, "S");
	assert_null(h.destination);
	assert_null(h.error_name);
	assert_string_equal(h.signature, "uoss");
	r = dbus_body(&h);
	assert_int_equal(dbus_get_u32(&r, &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(dbus_get_string(&r, &text), 0);
	assert_string_equal(text, "/job/12345678901/job");
	assert_int_equal(dbus_skip(&r, "s"), 0);
	assert_int_equal(dbus_get_string(&r, &text), 0);
	assert_string_equal(text, "done");
	assert_int_equal(dbus_get_string(&r, &text), -1);
	assert_string_equal(text, "done");
}

static void what_we_write_can_be_read(void **state)
{
	AUTO(dbus_writer_done) struct dbus_writer body = { 0 };
	AUTO(buf_done) struct buf out = { 0 };
	struct dbus_call call = {
		.path = "/o", .member = "Do", .signature = "a(sv)s", .body = &body
	};
	struct dbus_header h;
	struct dbus_reader r;
	const char *text;
	size_t array = dbus_open_array(&body, 8), bytes;

	(void)state;
	dbus_property_u64(&body, "x", 1);
	dbus_close_array(&body, array);
	dbus_put_string(&body, "end");
	assert_int_equal(dbus_method_call(&call, 5, &out, NULL), 0);
	assert_int_equal(dbus_message_bytes(out.p, &bytes, NULL), 0);
	assert_int_equal(bytes, out.n);
	assert_int_equal(dbus_message_parse(out.p, out.n, &h, NULL), 0);
	assert_string_equal(h.member, "Do");
	assert_null(h.interface);
	r = dbus_body(&h);
	assert_int_equal(dbus_skip(&r, "a(sv)"), 0);
	assert_int_equal(dbus_get_string(&r, &text), 0);
	assert_string_equal(text, "end");
}

static void a_message_that_is_cut_or_stretched_is_refused(void **state)
{
	AUTO(buf_done) struct buf b = signal_message();

	(void)state;
	for (size_t n = 0; n < b.n; n++)
		parse_fails(b.p, n, n < 16 ? "a message that is not D-Bus's: it is cut off" : NULL);
	buf_add(&b, "", 1);
	parse_fails(b.p, b.n, "a message that is not D-Bus's: its length is not what it says");
}

static void a_start_that_is_wrong_is_refused(void **state)
{
	static const struct {
		size_t at;
		char byte;
		const char *message;
	} rows[] = {
		{ 0, 'B', "it is big endian, which kedge doesn't read" },
		{ 0, 'L', "its first byte is not l" },
		{ 1, 0, "its type is 0" },
		{ 3, 2, "its version is not 1" },
		{ 8, 0, "its serial is 0" },
		{ 16, 2, "a header field is broken" }, /* an interface that is an object path */
		{ 16, 60, "a header field is missing" },
		{ 23, 1, "a header field is broken" },	 /* a path of 16 MiB */
		{ 49, 'x', "a header field is broken" }, /* behind it there is no NUL */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(buf_done) struct buf b = signal_message();
		auto_free char *message =
			xasprintf("a message that is not D-Bus's: %s", rows[i].message);

		b.p[rows[i].at] = rows[i].byte;
		parse_fails(b.p, b.n, message);
	}
}

static void a_message_that_is_too_long_is_refused_by_its_start(void **state)
{
	struct err err = { 0 };
	size_t bytes = 1;

	(void)state;
	assert_int_equal(dbus_message_bytes("l\4\0\1\0\0\x10\0\1\0\0\0\0\0\0\0", &bytes, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(
		dbus_message_bytes("l\4\0\1\0\0\0\0\1\0\0\0\xff\xff\xff\xff", &bytes, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(bytes, 1);
	assert_int_equal(dbus_message_bytes("l\4\0\1\x07\0\0\0\1\0\0\0\1\0\0\0", &bytes, &err), 0);
	assert_int_equal(bytes, 16 + 8 + 7);
}

static void a_variant_holds_what_was_asked_for_or_nothing(void **state)
{
	struct dbus_reader r = { .p = (const uint8_t *)"\1s\0\0\1\0\0\0x", .bytes = 10 };
	const char *text;

	(void)state;
	assert_int_equal(dbus_get_variant(&r, "u"), -1);
	assert_int_equal(r.at, 0);
	assert_int_equal(dbus_get_variant(&r, "s"), 0);
	assert_int_equal(dbus_get_string(&r, &text), 0);
	assert_string_equal(text, "x");
}

static void skip_fails(const char *signature, const char *bytes, size_t n)
{
	struct dbus_reader r = { .p = (const uint8_t *)bytes, .bytes = n };

	assert_int_equal(dbus_skip(&r, signature), -1);
	assert_int_equal(r.at, 0);
}

static void values_that_are_broken_are_not_skipped(void **state)
{
	AUTO(buf_done) struct buf deep = { 0 };

	(void)state;
	skip_fails("u", BYTES("\1\0\0"));
	skip_fails("s", BYTES("\2\0\0\0a\0\0"));  /* a NUL inside */
	skip_fails("s", BYTES("\1\0\0\0\xff\0")); /* not UTF-8 */
	skip_fails("s", BYTES("\xff\xff\xff\xff\0"));
	skip_fails("au", BYTES("\4\0\0\0\1\0\0"));
	skip_fails("at", BYTES("\0\0\0\0"));  /* without its padding */
	skip_fails("v", BYTES("\0\0"));	      /* a variant of nothing */
	skip_fails("v", BYTES("\2yy\0\1\1")); /* of two values */
	skip_fails("v", BYTES("\1r\0\1"));
	skip_fails("v", BYTES("\1(\0\0\0\0\0\0\1"));
	skip_fails("(a)", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
	for (int i = 0; i < 20; i++)
		buf_add(&deep, "\1v", 3);
	buf_add(&deep, "\1y\0\7", 4);
	skip_fails("v", deep.p, deep.n);
}

static void values_of_every_type_are_skipped(void **state)
{
	struct dbus_reader r = { 0 };
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	uint32_t last;

	(void)state;
	dbus_put_byte(&w, 1);
	dbus_put_u16(&w, 2);
	dbus_put_u64(&w, 3);
	dbus_put_path(&w, "/a");
	dbus_begin_struct(&w);
	dbus_put_signature(&w, "(yv)");
	dbus_begin_struct(&w);
	dbus_put_byte(&w, 4);
	dbus_put_signature(&w, "g");
	dbus_put_signature(&w, "a{sv}");
	dbus_close_array(&w, dbus_open_array(&w, 8));
	dbus_put_u32(&w, 99);
	r = (struct dbus_reader){ .p = (const uint8_t *)w.bytes.p, .bytes = w.bytes.n };
	assert_int_equal(dbus_skip(&r, "yqto(v)a{sv}"), 0);
	assert_int_equal(dbus_get_u32(&r, &last), 0);
	assert_int_equal(last, 99);
	assert_int_equal(r.at, r.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_types_are_little_endian_and_aligned),
		cmocka_unit_test(texts_have_a_length_and_a_nul),
		cmocka_unit_test(an_arrays_length_leaves_out_the_first_padding),
		cmocka_unit_test(an_empty_array_is_padded_for_the_element_it_lacks),
		cmocka_unit_test(a_nested_array_counts_in_the_outer_one),
		cmocka_unit_test(properties_are_names_with_variants),
		cmocka_unit_test(properties_may_be_arrays),
		cmocka_unit_test(a_call_has_header_and_body),
		cmocka_unit_test(a_call_without_arguments_ends_with_its_header),
		cmocka_unit_test(what_a_bus_hangs_up_on_is_not_sent),
		cmocka_unit_test(a_signal_is_read),
		cmocka_unit_test(what_we_write_can_be_read),
		cmocka_unit_test(a_message_that_is_cut_or_stretched_is_refused),
		cmocka_unit_test(a_start_that_is_wrong_is_refused),
		cmocka_unit_test(a_message_that_is_too_long_is_refused_by_its_start),
		cmocka_unit_test(a_variant_holds_what_was_asked_for_or_nothing),
		cmocka_unit_test(values_that_are_broken_are_not_skipped),
		cmocka_unit_test(values_of_every_type_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
