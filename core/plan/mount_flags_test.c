/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/mount.h>

#include "core/plan/mount_flags.h"

static void expect(unsigned long flags, bool is_idmapped, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	mount_flags_text(flags, is_idmapped, &b);
	assert_string_equal(b.p, text);
}

static void flags_are_the_words_of_mount_8(void **state)
{
	(void)state;
	expect(0, false, "rw");
	expect(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, false,
	       "ro,nosuid,nodev,noexec,relatime");
	expect(MS_NOATIME | MS_NODIRATIME | MS_NOSYMFOLLOW, true,
	       "rw,noatime,nodiratime,nosymfollow,idmapped");
}

static void what_is_no_flag_of_a_mount_is_left_out(void **state)
{
	(void)state;
	expect(MS_BIND | MS_REC | MS_SHARED | 1UL << 40, false, "rw");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_are_the_words_of_mount_8),
		cmocka_unit_test(what_is_no_flag_of_a_mount_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
