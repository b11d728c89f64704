/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "core/plan/mount_added.h"

static const struct mount_expect_row plain = {
	.has_identity = true, .major = 8, .minor = 1, .root = "/a", .flags = MS_RDONLY | MS_RELATIME
};
static const struct mount_row same = {
	.major = 8, .minor = 1, .root = "/a", .fstype = "ext4", .flags = MS_RDONLY | MS_RELATIME
};

static void differs(const struct mount_expect_row *want, const struct mount_row *actual,
		    const char *text)
{
	struct err err = { 0 };

	assert_int_equal(mount_added_check(want, actual, &err), -1);
	assert_string_equal(err.msg, text);
}

static void what_is_as_planned_is_accepted(void **state)
{
	struct mount_expect_row want = plain;
	struct mount_row row = same;

	(void)state;
	assert_int_equal(mount_added_check(&want, &row, NULL), 0);
	want.propagation = EXTERNAL_SLAVE;
	want.group = row.master = 5;
	assert_int_equal(mount_added_check(&want, &row, NULL), 0);
	want.propagation = EXTERNAL_SHARED;
	want.group = row.shared = 6;
	assert_int_equal(mount_added_check(&want, &row, NULL), 0);
	want.propagation = EXTERNAL_SLAVE_SHARED;
	want.group = 0;
	assert_int_equal(mount_added_check(&want, &row, NULL), 0);
}

static void another_file_other_flags_and_another_map_of_ids_are_found(void **state)
{
	struct mount_expect_row want = plain;
	struct mount_row row = same;

	(void)state;
	row.root = "/b";
	differs(&want, &row, "what is mounted there is /b of device 8:1 (ext4), not its source");
	row.root = "/a";
	want.fstype = "tmpfs";
	differs(&want, &row, "what is mounted there is /a of device 8:1 (ext4), not its source");
	want.fstype = NULL;
	row.flags = MS_NOSUID | MS_RELATIME;
	differs(&want, &row, "it is rw,nosuid,relatime, but was to be ro,relatime");
	row.flags = want.flags;
	want.is_idmapped = true;
	differs(&want, &row, "it is ro,relatime, but was to be ro,relatime,idmapped");
}

static void another_propagation_is_found(void **state)
{
	struct mount_expect_row want = plain;
	struct mount_row row = same;

	(void)state;
	row.shared = 7;
	differs(&want, &row, "it is own (group 7, master 0), but was to be private");
	want.propagation = EXTERNAL_SHARED;
	want.group = 6;
	differs(&want, &row, "it is own (group 7, master 0), but was to be shared");
	want.propagation = EXTERNAL_SLAVE;
	row.shared = 0;
	row.master = 7;
	differs(&want, &row, "it is slave (group 0, master 7), but was to be slave");
	row.master = 6;
	assert_int_equal(mount_added_check(&want, &row, NULL), 0);
	want.propagation = EXTERNAL_SLAVE_SHARED;
	differs(&want, &row, "it is slave (group 0, master 6), but was to be slave,shared");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_as_planned_is_accepted),
		cmocka_unit_test(another_file_other_flags_and_another_map_of_ids_are_found),
		cmocka_unit_test(another_propagation_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
