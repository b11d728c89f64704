/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shim/task/frame.h"

static const uint8_t two[] = { 0,   0, 0, 3, 0, 0, 0, 1, 1, 0, 'a', 'b',
			       'c', 0, 0, 0, 0, 0, 0, 1, 2, 2, 7 };
static const uint8_t too_long[] = { 0, 0x40, 0, 1, 0, 0, 0, 5, 1, 0 };

static void expect_two(struct frame_reader *reader, size_t piece)
{
	struct frame f;
	int n = 0;

	for (size_t at = 0; at < sizeof(two); at += piece) {
		size_t left = sizeof(two) - at;

		frame_add(reader, two + at, piece < left ? piece : left);
		while (frame_next(reader, &f) == FRAME_WHOLE) {
			assert_int_equal(f.stream, n ? 258 : 1);
			assert_int_equal(f.bytes, n ? 0 : 3);
			assert_int_equal(f.type, n ? 2 : FRAME_REQUEST);
			assert_int_equal(f.flags, n ? 7 : 0);
			if (!n)
				assert_memory_equal(f.data, "abc", 3);
			n++;
		}
	}
	assert_int_equal(n, 2);
}

static void pieces_of_any_size_give_the_same_frames(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof(two); piece++) {
		AUTO(frame_done) struct frame_reader reader = { 0 };

		expect_two(&reader, piece);
	}
}

static void half_a_header_is_no_frame(void **state)
{
	AUTO(frame_done) struct frame_reader reader = { 0 };
	struct frame f;

	(void)state;
	frame_add(&reader, two, 9);
	assert_int_equal(frame_next(&reader, &f), FRAME_NONE);
	frame_add(&reader, two + 9, 3);
	assert_int_equal(frame_next(&reader, &f), FRAME_NONE);
	frame_add(&reader, two + 12, 1);
	assert_int_equal(frame_next(&reader, &f), FRAME_WHOLE);
}

/* 4 MiB and a byte: told at once, skipped as it comes, and what follows is read again. */
static void a_frame_that_is_too_long_is_skipped(void **state)
{
	AUTO(frame_done) struct frame_reader reader = { 0 };
	static uint8_t zeros[4096];
	struct frame f;

	(void)state;
	frame_add(&reader, too_long, sizeof(too_long));
	assert_int_equal(frame_next(&reader, &f), FRAME_TOO_LONG);
	assert_int_equal(f.stream, 5);
	assert_null(f.data);
	for (int i = 0; i < 1024; i++) {
		frame_add(&reader, zeros, sizeof(zeros));
		assert_int_equal(frame_next(&reader, &f), FRAME_NONE);
		assert_int_equal(reader.in.n, 0);
	}
	frame_add(&reader, zeros, 1);
	expect_two(&reader, 7);
}

static void the_longest_frame_is_taken(void **state)
{
	AUTO(frame_done) struct frame_reader reader = { 0 };
	static uint8_t data[FRAME_MAX_BYTES];
	AUTO(buf_done) struct buf out = { 0 };
	struct frame f = { .bytes = sizeof(data), .stream = 9, .type = 1, .data = data };

	(void)state;
	data[sizeof(data) - 1] = 42;
	frame_write(&f, &out);
	frame_add(&reader, out.p, out.n);
	assert_int_equal(frame_next(&reader, &f), FRAME_WHOLE);
	assert_int_equal(f.bytes, FRAME_MAX_BYTES);
	assert_int_equal(f.data[FRAME_MAX_BYTES - 1], 42);
	assert_int_equal(frame_next(&reader, &f), FRAME_NONE);
	assert_null(reader.in.p);
}

static void what_is_written_is_read_back(void **state)
{
	AUTO(frame_done) struct frame_reader reader = { 0 };
	AUTO(buf_done) struct buf out = { 0 };
	struct frame f = { .bytes = 3, .stream = 1, .type = 1, .data = (const uint8_t *)"abc" };

	(void)state;
	frame_write(&f, &out);
	f = (struct frame){ .stream = 258, .type = 2, .flags = 7, .data = (const uint8_t *)"" };
	frame_write(&f, &out);
	assert_int_equal(out.n, 23);
	assert_memory_equal(out.p, two, 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_give_the_same_frames),
		cmocka_unit_test(half_a_header_is_no_frame),
		cmocka_unit_test(a_frame_that_is_too_long_is_skipped),
		cmocka_unit_test(the_longest_frame_is_taken),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
