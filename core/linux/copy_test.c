/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/copy.h"

/* Each test gets two directories side by side, "from" and an empty "to". */
struct place {
	char dir[32];
	int from, to;
};

static int make_dir(const char *parent, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", parent, name);
	int fd;

	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/kedge-copy-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->from = make_dir(p->dir, "from");
	p->to = make_dir(p->dir, "to");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	close(p->from);
	close(p->to);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p);
	return 0;
}

static void put_file(int dir, const char *name, const char *text, mode_t mode)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static struct stat stat_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void content_mode_and_times_are_copied(void **state)
{
	const struct place *p = *state;
	const struct timespec times[2] = { { .tv_sec = 11 }, { .tv_sec = 22, .tv_nsec = 33 } };
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };

	assert_int_equal(mkdirat(p->from, "a", 0700), 0);
	assert_int_equal(mkdirat(p->from, "a/b", 0500), 0);
	assert_int_equal(fchmodat(p->from, "a/b", 0700, 0), 0);
	put_file(p->from, "a/b/file", "hello", 06751);
	assert_int_equal(fchmodat(p->from, "a/b", 01755, 0), 0);
	assert_int_equal(utimensat(p->from, "a/b/file", times, 0), 0);
	assert_int_equal(copy_tree(p->from, p->to, &err), 0);
	assert_int_equal(fd_read_file(p->to, "a/b/file", 100, &text, &err), 0);
	assert_string_equal(text.p, "hello");
	assert_int_equal(stat_of(p->to, "a/b/file").st_mode, S_IFREG | 06751);
	assert_int_equal(stat_of(p->to, "a/b/file").st_mtim.tv_sec, 22);
	assert_int_equal(stat_of(p->to, "a/b/file").st_mtim.tv_nsec, 33);
	assert_int_equal(stat_of(p->to, "a/b").st_mode, S_IFDIR | 01755);
	assert_int_equal(stat_of(p->to, "a").st_mode, S_IFDIR | 0700);
}

static void links_and_fifos_stay_what_they_are(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };
	char target[32] = "";

	assert_int_equal(symlinkat("/nowhere/at all", p->from, "link"), 0);
	assert_int_equal(mknodat(p->from, "fifo", S_IFIFO | 0640, 0), 0);
	assert_int_equal(fchmodat(p->from, "fifo", 0640, 0), 0);
	assert_int_equal(copy_tree(p->from, p->to, &err), 0);
	assert_int_equal(readlinkat(p->to, "link", target, sizeof(target) - 1), 15);
	assert_string_equal(target, "/nowhere/at all");
	assert_int_equal(stat_of(p->to, "fifo").st_mode, S_IFIFO | 0640);
}

static void what_is_in_the_way_is_an_error_that_names_it(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	assert_int_equal(mkdirat(p->from, "d", 0755), 0);
	put_file(p->from, "d/file", "new", 0644);
	assert_int_equal(symlinkat("from", p->to, "d"), 0);
	assert_int_equal(copy_tree(p->from, p->to, &err), -1);
	assert_string_equal(err.msg, "create d: File exists");
}

/* A chain of directories "d", each in the one before: made to `depth`, and taken down again. */
static void make_chain(int dir, int depth)
{
	auto_fd int next = -1;

	if (!depth)
		return;
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	next = openat(dir, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
	make_chain(next, depth - 1);
}

static void remove_chain(int dir)
{
	auto_fd int next = openat(dir, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (next < 0)
		return;
	remove_chain(next);
	assert_int_equal(unlinkat(dir, "d", AT_REMOVEDIR), 0);
}

static void a_bottomless_tree_is_refused(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	make_chain(p->from, 258);
	assert_int_equal(copy_tree(p->from, p->to, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	remove_chain(p->from); /* too deep for fd_remove_tree() as well */
	remove_chain(p->to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(content_mode_and_times_are_copied, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(links_and_fifos_stay_what_they_are, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_in_the_way_is_an_error_that_names_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bottomless_tree_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
