/* SPDX-License-Identifier: Apache-2.0 */
/* Files in /tmp that stand in for a cgroup's; for v1's kernel the test writes to the eventfd. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "core/base/fd.h"
#include "shim/task/oom.h"
#include "shim/task/loop_test.h"

struct fixture {
	struct loop loop;
	struct oom oom;
	char dir[32];
	unsigned int times;
};

static void count(struct oom *oom)
{
	struct fixture *f = (void *)((char *)oom - offsetof(struct fixture, oom));

	f->times++;
}

static void run(struct fixture *f)
{
	loop_test_run(&f->loop, 5);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_int_equal(loop_init(&f->loop, NULL), 0);
	f->oom.source.fd = -1;
	f->oom.happened = count;
	snprintf(f->dir, sizeof(f->dir), "/tmp/kedge-oom-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	oom_done(&f->oom);
	loop_done(&f->loop);
	fd_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f);
	return 0;
}

/* Write to the file as the kernel does: it stays the same file. */
static void put(struct fixture *f, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", f->dir, name);
	auto_fd int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static int watch(struct fixture *f, const char *controllers)
{
	struct cgroup_dir d = { (char *)controllers, f->dir, (char *)"/tmp" };
	struct cgroup cg = { .v = &d, .n = 1 };

	return oom_watch(&f->oom, &f->loop, &cg, NULL);
}

static void v2_tells_what_was_killed_since_and_nothing_else(void **state)
{
	struct fixture *f = *state;

	put(f, "memory.events", "max 0\noom 0\noom_kill 3\n");
	assert_int_equal(watch(f, ""), 0);
	run(f);
	assert_int_equal(f->times, 0);
	put(f, "memory.events", "max 7\noom 0\noom_kill 3\n");
	run(f);
	assert_int_equal(f->times, 0);
	put(f, "memory.events", "max 7\noom 1\noom_kill 4\n");
	run(f);
	assert_int_equal(f->times, 1);
	run(f);
	assert_int_equal(f->times, 1);
}

static void a_look_before_the_loop_comes_to_it_is_told_once(void **state)
{
	struct fixture *f = *state;

	put(f, "memory.events", "oom_kill 0\n");
	assert_int_equal(watch(f, ""), 0);
	put(f, "memory.events", "oom_kill 1\n");
	oom_check(&f->oom);
	assert_int_equal(f->times, 1);
	run(f);
	assert_int_equal(f->times, 1);
}

/* The eventfd, whose number is the first that was written to cgroup.event_control. */
static int eventfd_of(struct fixture *f)
{
	auto_free char *path = xasprintf("%s/cgroup.event_control", f->dir);
	AUTO(buf_done) struct buf text = { 0 };

	assert_int_equal(fd_read_file(AT_FDCWD, path, 64, &text, NULL), 0);
	return atoi(text.p);
}

static void v1_tells_what_comes_over_the_eventfd(void **state)
{
	struct fixture *f = *state;

	put(f, "memory.oom_control", "oom_kill 0\n");
	put(f, "cgroup.event_control", "");
	assert_int_equal(watch(f, "memory"), 0);
	run(f);
	assert_int_equal(f->times, 0);
	assert_int_equal(eventfd_write(eventfd_of(f), 1), 0);
	run(f);
	assert_int_equal(f->times, 1);
	oom_check(&f->oom);
	assert_int_equal(f->times, 1);
}

static void v1_tells_nothing_when_the_cgroup_is_removed(void **state)
{
	struct fixture *f = *state;
	auto_free char *path = xasprintf("%s/memory.oom_control", f->dir);

	put(f, "memory.oom_control", "oom_kill 0\n");
	put(f, "cgroup.event_control", "");
	assert_int_equal(watch(f, "memory"), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(eventfd_write(eventfd_of(f), 1), 0);
	run(f);
	assert_int_equal(f->times, 0);
}

static void without_a_memory_controller_nothing_is_watched(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(watch(f, ""), 0);
	assert_int_equal(f->oom.source.fd, -1);
	assert_int_equal(watch(f, "pids"), 0);
	assert_int_equal(f->oom.source.fd, -1);
	oom_check(&f->oom);
	assert_int_equal(f->times, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(v2_tells_what_was_killed_since_and_nothing_else,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_look_before_the_loop_comes_to_it_is_told_once,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(v1_tells_what_comes_over_the_eventfd, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(v1_tells_nothing_when_the_cgroup_is_removed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(without_a_memory_controller_nothing_is_watched,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
