/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "shim/task/standin.h"

/* DIR/a, DIR/b and DIR/c, with what a test puts there. */
static char dir[32];

static int new_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kedge-standin-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (char c = 'a'; c <= 'c'; c++) {
		auto_free char *sub = xasprintf("%s/%c", dir, c);

		assert_int_equal(mkdir(sub, 0700), 0);
	}
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return fd_remove_tree(AT_FDCWD, dir, NULL);
}

static char *shim_in(char sub)
{
	return xasprintf("%s/%c/" STANDIN_NAME, dir, sub);
}

static void put_shim(char sub, mode_t mode)
{
	auto_free char *path = shim_in(sub);

	assert_int_equal(fd_replace_text(AT_FDCWD, path, "", mode, NULL), 0);
}

static void put_kedge(char sub)
{
	auto_free char *path = shim_in(sub);

	assert_int_equal(symlink("/proc/self/exe", path), 0);
}

/* What is found in PATH=a:b:c by the shim in `self`; 0 for none. */
static char found_by(char self, const char *last_dir)
{
	auto_free char *path = xasprintf("%s/a:%s/b::%s/c", dir, dir, dir);
	auto_free char *own = shim_in(self);
	auto_free char *found = standin_find_stock(path, own, last_dir);

	return found ? found[strlen(dir) + 1] : 0;
}

static void the_stock_shim_is_the_first_behind_us(void **state)
{
	(void)state;
	put_kedge('a');
	put_shim('b', 0700);
	put_shim('c', 0700);
	assert_int_equal(found_by('a', NULL), 'b');
	assert_int_equal(found_by('b', NULL), 'c');
}

static void what_lies_before_us_is_never_called(void **state)
{
	(void)state;
	put_shim('a', 0700); /* a copy of kedge, for all we know */
	put_kedge('b');
	assert_int_equal(found_by('b', NULL), 0);
}

static void links_to_kedge_and_what_cant_be_executed_are_passed_over(void **state)
{
	(void)state;
	put_kedge('a');
	put_kedge('b');
	assert_int_equal(found_by('a', NULL), 0);
	put_shim('c', 0600);
	assert_int_equal(found_by('a', NULL), 0);
	put_shim('c', 0700);
	assert_int_equal(found_by('a', NULL), 'c');
}

static void called_from_elsewhere_all_of_the_path_counts(void **state)
{
	auto_free char *path = xasprintf("%s/a", dir);
	auto_free char *found = NULL;

	(void)state;
	put_shim('a', 0700);
	found = standin_find_stock(path, "/elsewhere/" STANDIN_NAME, NULL);
	assert_non_null(found);
}

static void the_directory_of_containerd_is_the_last_resort(void **state)
{
	auto_free char *last = xasprintf("%s/c", dir);
	auto_free char *path = xasprintf("%s/a:%s/b", dir, dir);
	auto_free char *own = shim_in('a');
	auto_free char *found = NULL;

	(void)state;
	put_shim('c', 0700);
	found = standin_find_stock(path, own, last);
	assert_non_null(found);
	assert_int_equal(found[strlen(dir) + 1], 'c');
}

static void kedge_is_known_by_name_or_as_the_same_file(void **state)
{
	(void)state;
	assert_true(standin_is_kedge("kedge"));
	assert_true(standin_is_kedge("/opt/bin/kedge"));
	assert_true(standin_is_kedge("/proc/self/exe"));
	assert_false(standin_is_kedge(NULL));
	assert_false(standin_is_kedge("runc"));
	assert_false(standin_is_kedge("/usr/bin/kedge-runc"));
	assert_false(standin_is_kedge("/bin/sh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_stock_shim_is_the_first_behind_us, new_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(what_lies_before_us_is_never_called, new_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(
			links_to_kedge_and_what_cant_be_executed_are_passed_over, new_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(called_from_elsewhere_all_of_the_path_counts,
						new_dir, remove_dir),
		cmocka_unit_test_setup_teardown(the_directory_of_containerd_is_the_last_resort,
						new_dir, remove_dir),
		cmocka_unit_test(kedge_is_known_by_name_or_as_the_same_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
