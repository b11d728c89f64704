/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/namespaces.h"

/* A spec's strings are char *, these are never written to. */
#define PATH(s) ((char[]){ s })

/* Making a user namespace may be forbidden where the tests run. */
#define FORBIDDEN 77

static int in_child(int (*trial)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(trial());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == FORBIDDEN << 8)
		skip();
	return status;
}

static void only_new_ones_are_cloned_and_the_cgroup_one_comes_later(void **state)
{
	const struct spec spec = { .ns = {
					   [SPEC_NS_PID] = { .present = true },
					   [SPEC_NS_MOUNT] = { .present = true },
					   [SPEC_NS_CGROUP] = { .present = true },
					   [SPEC_NS_NET] = { .present = true, .path = PATH("/x") },
				   } };

	(void)state;
	assert_int_equal(namespaces_clone_flags(&spec), CLONE_NEWPID | CLONE_NEWNS);
	assert_int_equal(namespaces_all_flags(&spec),
			 CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWNET);
}

static void every_kind_has_its_flag(void **state)
{
	static const int flags[SPEC_NS_KINDS] = {
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,    CLONE_NEWIPC,
		CLONE_NEWUTS,  CLONE_NEWNS,  CLONE_NEWCGROUP, 0x80,
	};

	(void)state;
	for (int i = 0; i < SPEC_NS_KINDS; i++) {
		struct spec spec = { .ns = { [SPEC_NS_USER] = { .present = false } } };

		spec.ns[i].present = true;
		assert_int_equal(namespaces_all_flags(&spec), flags[i]);
	}
}

static void those_with_a_path_are_opened(void **state)
{
	const struct spec spec = { .ns = { [SPEC_NS_NET] = { .present = true,
							     .path = PATH("/proc/self/ns/net") },
					   [SPEC_NS_PID] = { .present = true } } };
	int fds[SPEC_NS_KINDS];
	struct stat got, want;

	(void)state;
	assert_int_equal(namespaces_open(&spec, fds, NULL), 0);
	assert_int_equal(fds[SPEC_NS_PID], -1);
	assert_int_equal(fds[SPEC_NS_USER], -1);
	assert_int_equal(fstat(fds[SPEC_NS_NET], &got), 0);
	assert_int_equal(stat("/proc/self/ns/net", &want), 0);
	assert_int_equal(got.st_ino, want.st_ino);
	assert_true(fcntl(fds[SPEC_NS_NET], F_GETFD) & FD_CLOEXEC);
	namespaces_close(fds);
	assert_int_equal(fds[SPEC_NS_NET], -1);
}

static void expect_refusal(char *path, enum err_kind kind, const char *message)
{
	struct spec spec = { .ns = { [SPEC_NS_PID] = { .present = true,
						       .path = PATH("/proc/self/ns/pid") },
				     [SPEC_NS_NET] = { .present = true, .path = path } } };
	int fds[SPEC_NS_KINDS];
	struct err err = { 0 };

	assert_int_equal(namespaces_open(&spec, fds, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.msg, message);
	for (int i = 0; i < SPEC_NS_KINDS; i++)
		assert_int_equal(fds[i], -1);
}

static void a_path_to_another_kind_is_refused(void **state)
{
	(void)state;
	expect_refusal(PATH("/proc/self/ns/uts"), ERR_INVALID,
		       "network namespace /proc/self/ns/uts: it is a uts namespace");
}

static void a_path_to_no_namespace_is_refused(void **state)
{
	(void)state;
	expect_refusal(PATH("/dev/null"), ERR_INVALID,
		       "network namespace /dev/null: it isn't a namespace");
	expect_refusal(PATH("/proc/self/ns/none"), ERR_NOT_FOUND,
		       "open network namespace /proc/self/ns/none: No such file or directory");
}

static void a_pipe_in_a_namespaces_place_does_not_block(void **state)
{
	char path[] = "/tmp/namespaces_test.XXXXXX";
	auto_fd int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(10);
	{
		auto_free char *message =
			xasprintf("network namespace %s: it isn't a namespace", path);

		expect_refusal(path, ERR_INVALID, message);
	}
	alarm(0);
	assert_int_equal(unlink(path), 0);
}

static int join_our_own(void)
{
	const struct spec spec = {
		.ns = { [SPEC_NS_USER] = { .present = true, .path = PATH("/proc/self/ns/user") } }
	};
	int fds[SPEC_NS_KINDS];

	return namespaces_open(&spec, fds, NULL) || namespaces_join(fds, NULL);
}

static void our_own_user_namespace_counts_as_entered(void **state)
{
	(void)state;
	assert_int_equal(in_child(join_our_own), 0);
}

static int set_clocks(void)
{
	const struct spec spec = { .monotonic = { .set = true, .secs = 86400, .nanosecs = 7 },
				   .boottime = { .set = true, .secs = -1 } };
	AUTO(buf_done) struct buf b = { 0 };

	if (unshare(CLONE_NEWUSER | 0x80))
		return FORBIDDEN;
	if (namespaces_write_time_offsets(&spec, NULL))
		return 1;
	if (fd_read_file(AT_FDCWD, "/proc/self/timens_offsets", 4096, &b, NULL))
		return 2;
	return !strstr(b.p, "86400         7\n") || !strstr(b.p, "-1         0\n");
}

static void clocks_are_set(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_clocks), 0);
}

static int set_a_clock_too_far(void)
{
	const struct spec spec = { .boottime = { .set = true, .secs = INT64_MAX } };
	struct err err = { 0 };

	if (unshare(CLONE_NEWUSER | 0x80))
		return FORBIDDEN;
	return !namespaces_write_time_offsets(&spec, &err) || err.kind != ERR_INVALID;
}

static void a_clock_out_of_range_is_invalid(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_a_clock_too_far), 0);
}

static void without_offsets_no_clock_is_touched(void **state)
{
	const struct spec spec = { .monotonic = { .set = false } };

	(void)state;
	assert_int_equal(namespaces_write_time_offsets(&spec, NULL), 0);
}

/* The one map that an unprivileged process may write: its own id. */
static int map_own_id(void)
{
	struct spec_id_map own = { .container_id = 5, .host_id = getuid(), .size = 1 };
	const struct spec_id_maps maps = { .v = &own, .n = 1 }, none = { 0 };
	AUTO(buf_done) struct buf b = { 0 };
	unsigned int inside, outside, size;

	if (unshare(CLONE_NEWUSER))
		return FORBIDDEN;
	if (namespaces_write_id_maps(getpid(), &maps, &none, NULL))
		return 1;
	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", 4096, &b, NULL) ||
	    sscanf(b.p, "%u %u %u", &inside, &outside, &size) != 3)
		return 2;
	return inside != 5 || size != 1 || getuid() != 5;
}

static void an_id_map_is_written(void **state)
{
	(void)state;
	assert_int_equal(in_child(map_own_id), 0);
}

static int map_overlapping(void)
{
	struct spec_id_map rows[] = { { .container_id = 0, .host_id = 1000, .size = 10 },
				      { .container_id = 5, .host_id = 2000, .size = 10 } };
	const struct spec_id_maps maps = { .v = rows, .n = 2 };
	struct err err = { 0 };

	if (unshare(CLONE_NEWUSER))
		return FORBIDDEN;
	return !namespaces_write_id_maps(getpid(), &maps, &maps, &err) || !*err.hint ||
	       (err.kind != ERR_INVALID && err.kind != ERR_DENIED);
}

static void a_map_that_overlaps_is_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(map_overlapping), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_new_ones_are_cloned_and_the_cgroup_one_comes_later),
		cmocka_unit_test(every_kind_has_its_flag),
		cmocka_unit_test(those_with_a_path_are_opened),
		cmocka_unit_test(a_path_to_another_kind_is_refused),
		cmocka_unit_test(a_path_to_no_namespace_is_refused),
		cmocka_unit_test(a_pipe_in_a_namespaces_place_does_not_block),
		cmocka_unit_test(our_own_user_namespace_counts_as_entered),
		cmocka_unit_test(clocks_are_set),
		cmocka_unit_test(a_clock_out_of_range_is_invalid),
		cmocka_unit_test(without_offsets_no_clock_is_touched),
		cmocka_unit_test(an_id_map_is_written),
		cmocka_unit_test(a_map_that_overlaps_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
