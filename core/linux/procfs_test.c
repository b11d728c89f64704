/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/linux/procfs.h"

/* Without root the handle is /proc itself, with root a mount of our own; both behave alike. */

static int open_handle(bool with_sys)
{
	struct err err = { 0 };
	int fd = procfs_open(with_sys, &err);

	if (fd < 0)
		fail_msg("%s", err.msg);
	return fd;
}

static int refusal(const char *path)
{
	auto_fd int fd = open_handle(true);
	struct err err = { 0 };

	assert_int_equal(procfs_write(fd, path, "x", &err), -1);
	return err.sys;
}

static void a_handle_is_a_procfs_and_closes_on_exec(void **state)
{
	auto_fd int fd = open_handle(false);
	struct statfs sfs;

	(void)state;
	assert_int_equal(fstatfs(fd, &sfs), 0);
	assert_int_equal(sfs.f_type, PROC_SUPER_MAGIC);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void a_handle_with_sys_has_sys(void **state)
{
	auto_fd int fd = open_handle(true);

	(void)state;
	assert_int_equal(faccessat(fd, "sys/kernel/ostype", R_OK, 0), 0);
}

static void a_write_reaches_our_own_process(void **state)
{
	auto_fd int fd = open_handle(false);
	struct err err = { 0 };
	char before[16], after[16];

	(void)state;
	prctl(PR_GET_NAME, before);
	if (procfs_write(fd, "thread-self/comm", "by procfs", &err))
		fail_msg("%s", err.msg);
	prctl(PR_GET_NAME, after);
	assert_string_equal(after, "by procfs");
	assert_int_equal(procfs_write(fd, "self/comm", before, NULL), 0);
}

static void a_path_never_leaves_the_handle(void **state)
{
	(void)state;
	assert_int_equal(refusal("../etc/hostname"), EXDEV);
	assert_int_equal(refusal("/etc/hostname"), EXDEV);
	assert_int_equal(refusal("self/root/etc/hostname"), ELOOP);
	assert_int_equal(refusal("self/cwd/x"), ELOOP);
	assert_int_equal(refusal("self/fd/0"), ELOOP);
}

static void a_missing_file_is_not_made(void **state)
{
	auto_fd int fd = open_handle(true);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(procfs_write(fd, "sys/kernel/kedge", "1", &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "open /proc/sys/kernel/kedge: No such file or directory");
}

static void what_the_kernel_refuses_is_named(void **state)
{
	auto_fd int fd = open_handle(false);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(procfs_write(fd, "self/oom_score_adj", "many", &err), -1);
	assert_string_equal(err.msg,
			    "write \"many\" to /proc/self/oom_score_adj: Invalid argument");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handle_is_a_procfs_and_closes_on_exec),
		cmocka_unit_test(a_handle_with_sys_has_sys),
		cmocka_unit_test(a_write_reaches_our_own_process),
		cmocka_unit_test(a_path_never_leaves_the_handle),
		cmocka_unit_test(a_missing_file_is_not_made),
		cmocka_unit_test(what_the_kernel_refuses_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
