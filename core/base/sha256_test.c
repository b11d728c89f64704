/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/sha256.h"

static void expect(const char *text, const char *hex)
{
	char got[2 * SHA256_BYTES + 1];
	uint8_t digest[SHA256_BYTES];
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, text, strlen(text));
	sha256_end(&h, digest);
	sha256_hex(digest, got);
	assert_string_equal(got, hex);
}

/* NIST's examples for FIPS 180-4. */
static void the_published_vectors_come_out(void **state)
{
	(void)state;
	expect("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	expect("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	       "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void a_million_letters_in_odd_pieces_come_out(void **state)
{
	char got[2 * SHA256_BYTES + 1];
	uint8_t digest[SHA256_BYTES];
	size_t left = 1000000;
	char piece[997];
	struct sha256 h;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	sha256_init(&h);
	for (size_t n = 1; left; n = n % sizeof(piece) + 1) {
		size_t take = n < left ? n : left;

		sha256_add(&h, piece, take);
		left -= take;
	}
	sha256_end(&h, digest);
	sha256_hex(digest, got);
	assert_string_equal(got,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_come_out),
		cmocka_unit_test(a_million_letters_in_odd_pieces_come_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
