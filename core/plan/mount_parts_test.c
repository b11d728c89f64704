/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/mount_parts.h"

/* /data is external; /part is "sub" of it. */
struct fixture {
	struct image_mount images[3];
	struct mount_expect_row rows[3];
	struct mount_row found[3];
	const struct mount_row *actual[3];
	struct err err;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){
		.images = { { .major = 8, .minor = 1, .root = "/old" },
			    { .major = 8, .minor = 1, .root = "/old/sub" },
			    { .major = 8, .minor = 9, .root = "/" } },
		.rows = { { .mountpoint = "/data", .is_external = true },
			  { .mountpoint = "/part" },
			  { .mountpoint = "/" } },
		.found = { { .major = 0, .minor = 77, .root = "/new", .fstype = "tmpfs" },
			   { .major = 0, .minor = 77, .root = "/new/sub", .fstype = "tmpfs" },
			   { .major = 8, .minor = 9, .root = "/", .fstype = "ext4" } },
	};
	for (size_t i = 0; i < 3; i++) {
		f->rows[i].image = &f->images[i];
		f->actual[i] = &f->found[i];
	}
}

static int check(struct fixture *f)
{
	const struct mount_expect expect = { .v = f->rows, .n = 3 };
	struct findings findings = { .err = &f->err };

	mount_parts_check(&expect, f->actual, &findings);
	return findings_end(&findings);
}

static void a_part_follows_its_mount_to_another_source(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	assert_int_equal(check(&f), 0);
}

static void another_directory_of_the_same_device_is_found(void **state)
{
	static const char *const roots[] = { "/secret/sub", "/new", "/new/sub/deeper", "/new2/sub",
					     "/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		struct fixture f;

		init(&f);
		f.found[1].root = roots[i];
		assert_int_equal(check(&f), -1);
		assert_non_null(strstr(f.err.msg, "/part: it was to be a part of another mount"));
		assert_non_null(strstr(f.err.msg, roots[i]));
	}
}

static void the_same_path_of_another_device_is_found(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.found[1].minor = 78;
	assert_int_equal(check(&f), -1);
}

static void of_several_mounts_that_have_it_any_will_do(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.images[2] = f.images[0];
	f.rows[2].is_external = true;
	f.found[2] = f.found[0];
	f.found[2].root = "/third";
	f.found[1].root = "/third/sub";
	assert_int_equal(check(&f), 0);
}

static void what_was_not_found_or_has_no_image_is_passed_over(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	f.found[1].root = "/secret";
	f.actual[0] = NULL;
	assert_int_equal(check(&f), 0);
	init(&f);
	f.actual[1] = NULL;
	assert_int_equal(check(&f), 0);
	init(&f);
	f.found[1].root = "/secret";
	f.rows[1].image = NULL;
	assert_int_equal(check(&f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_follows_its_mount_to_another_source),
		cmocka_unit_test(another_directory_of_the_same_device_is_found),
		cmocka_unit_test(the_same_path_of_another_device_is_found),
		cmocka_unit_test(of_several_mounts_that_have_it_any_will_do),
		cmocka_unit_test(what_was_not_found_or_has_no_image_is_passed_over),
	};

	return cmocka_run_group_tests_name("mount_parts", tests, NULL, NULL);
}
