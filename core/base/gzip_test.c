/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/gzip.h"

static void bytes_come_back_whatever_their_number(void **state)
{
	static const size_t sizes[] = { 0, 1, 10240, 65535, 65536, 200000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO(buf_done) struct buf packed = { 0 }, out = { 0 };
		auto_free uint8_t *p = xmalloc(sizes[i] + 1);

		for (size_t k = 0; k < sizes[i]; k++)
			p[k] = (uint8_t)(k * 7);
		gzip_store(p, sizes[i], &packed);
		assert_true(gzip_unstore(packed.p, packed.n, &out));
		assert_int_equal(out.n, sizes[i]);
		assert_true(!sizes[i] || !memcmp(out.p, p, sizes[i]));
	}
}

/* printf 123456789 | gzip -1 has the same last 8 bytes */
static void the_trailer_is_gzips(void **state)
{
	static const uint8_t trailer[] = { 0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0 };
	AUTO(buf_done) struct buf packed = { 0 };

	(void)state;
	gzip_store("123456789", 9, &packed);
	assert_memory_equal(packed.p + packed.n - 8, trailer, sizeof(trailer));
}

static void any_other_file_is_not_ours(void **state)
{
	AUTO(buf_done) struct buf packed = { 0 }, out = { 0 };

	(void)state;
	gzip_store("abc", 3, &packed);
	for (size_t i = 0; i < packed.n; i++) {
		assert_false(gzip_unstore(packed.p, i, &out));
		packed.p[i] ^= 0x10;
		assert_false(gzip_unstore(packed.p, packed.n, &out));
		packed.p[i] ^= 0x10;
	}
	assert_int_equal(out.n, 0);
	assert_true(gzip_unstore(packed.p, packed.n, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back_whatever_their_number),
		cmocka_unit_test(the_trailer_is_gzips),
		cmocka_unit_test(any_other_file_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
