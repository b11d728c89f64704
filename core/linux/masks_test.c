/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/masks.h"

static bool is_null(const char *path, int flags)
{
	auto_fd int fd = open(path, flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return masks_is_null(fd);
}

/* CVE-2025-31133: a symlink or another device in its place must be seen. */
static void only_the_null_device_is_a_null_device(void **state)
{
	(void)state;
	assert_true(is_null("/dev/null", O_PATH | O_NOFOLLOW));
	assert_true(is_null("/dev/null", O_RDONLY));
	assert_false(is_null("/dev/zero", O_PATH | O_NOFOLLOW));
	assert_false(is_null("/proc/self/exe", O_PATH | O_NOFOLLOW));
	assert_false(is_null("/", O_PATH));
	assert_false(masks_is_null(-1));
}

static void paths_that_do_not_exist_are_skipped(void **state)
{
	char *paths[] = { (char *)"/nowhere", (char *)"/dev/null/below" };
	struct spec_strings list = { .v = paths, .n = 2 };
	struct mount_fd_bind null = { .fd = -1 };
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(masks_hide(root, &null, &list, NULL, &err), 0);
	assert_int_equal(masks_protect(root, &list, &err), 0);
	assert_string_equal(err.msg, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_null_device_is_a_null_device),
		cmocka_unit_test(paths_that_do_not_exist_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
