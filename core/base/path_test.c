/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

/* Each test gets a directory with a root in it, and beside the root a victim to be left alone. */
struct place {
	char dir[32];
	int dir_fd;
	int root_fd;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/kedge-path-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->dir_fd = open(p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(p->dir_fd, "root", 0755), 0);
	assert_int_equal(mkdirat(p->dir_fd, "victim", 0755), 0);
	p->root_fd = openat(p->dir_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->root_fd >= 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	close(p->root_fd);
	close(p->dir_fd);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p);
	return 0;
}

static void put_file(const struct place *p, const char *name, const char *text)
{
	auto_fd int fd = openat(p->root_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static ino_t inode(int dir_fd, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static bool is_there(int dir_fd, const char *name)
{
	return !faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static bool is_empty(const struct place *p, const char *name)
{
	if (unlinkat(p->dir_fd, name, AT_REMOVEDIR))
		return false;
	assert_int_equal(mkdirat(p->dir_fd, name, 0755), 0);
	return true;
}

static ino_t inode_of_fd(int fd)
{
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void a_path_is_cleaned_by_text_alone(void **state)
{
	static const char *const cases[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "//", "/" },
		{ "/a/", "/a" },
		{ "a", "/a" },
		{ "/a//b", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },
		{ "/..", "/" },
		{ "/../../a", "/a" },
		{ "/a/b/../..", "/" },
		{ "../a", "/a" },
		{ "/.../a..", "/.../a.." },
		{ "/a/..b/.c", "/a/..b/.c" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *got = path_normalize(cases[i][0]);

		assert_string_equal(got, cases[i][1]);
	}
}

static void below_goes_by_whole_components(void **state)
{
	(void)state;
	assert_true(path_is_below("/proc", "/proc"));
	assert_true(path_is_below("/proc/sys", "/proc"));
	assert_false(path_is_below("/procfs", "/proc"));
	assert_false(path_is_below("/pro", "/proc"));
	assert_true(path_is_below("/anything", "/"));
}

/* Both ways of opening, and where each path must lead. */
static void check_open(const struct place *p, const char *path, const char *want)
{
	struct err err = { 0 };
	auto_fd int a = path_open(p->root_fd, path, O_PATH, &err);
	auto_fd int b = path_open_by_walk(p->root_fd, path, O_PATH, false);

	if (want) {
		ino_t ino = inode(p->root_fd, want);

		assert_int_equal(inode_of_fd(a), ino);
		assert_int_equal(inode_of_fd(b), ino);
	} else {
		assert_int_equal(a, -1);
		assert_int_equal(b, -1);
		assert_string_not_equal(err.msg, "");
	}
}

static void links_never_lead_out_of_the_root(void **state)
{
	const struct place *p = *state;

	assert_int_equal(mkdirat(p->root_fd, "a", 0755), 0);
	assert_int_equal(mkdirat(p->root_fd, "a/b", 0755), 0);
	put_file(p, "a/b/file", "x");
	assert_int_equal(symlinkat("/a/b", p->root_fd, "abs"), 0);
	assert_int_equal(symlinkat("../../../../a", p->root_fd, "a/up"), 0);
	assert_int_equal(symlinkat("../../victim", p->root_fd, "a/out"), 0);
	assert_int_equal(symlinkat("loop", p->root_fd, "loop"), 0);
	check_open(p, "/", ".");
	check_open(p, "/..", ".");
	check_open(p, "a/b/file", "a/b/file");
	check_open(p, "/abs/file", "a/b/file");
	check_open(p, "/a/up/b", "a/b");
	check_open(p, "/abs/../b/./file", "a/b/file");
	check_open(p, "/a/out", NULL);
	check_open(p, "/../victim", NULL);
	check_open(p, "/loop", NULL);
	check_open(p, "/a/b/file/x", NULL);
}

static void opening_plainly_refuses_every_link(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	assert_int_equal(mkdirat(p->root_fd, "a", 0755), 0);
	assert_int_equal(symlinkat("a", p->root_fd, "link"), 0);
	assert_int_equal(path_open_plain(p->root_fd, "/link", O_PATH | O_DIRECTORY, &err), -1);
	assert_int_equal(err.sys, ELOOP);
	assert_int_equal(path_open_by_walk(p->root_fd, "/link", O_PATH | O_DIRECTORY, true), -1);
	assert_int_equal(errno, ELOOP);
	{
		auto_fd int fd = path_open_plain(p->root_fd, "/a", O_PATH | O_DIRECTORY, &err);

		assert_int_equal(inode_of_fd(fd), inode(p->root_fd, "a"));
	}
}

static void the_walk_heeds_open_flags(void **state)
{
	const struct place *p = *state;
	char text[8] = "";

	put_file(p, "file", "hello");
	assert_int_equal(symlinkat("file", p->root_fd, "link"), 0);
	{
		auto_fd int fd = path_open_by_walk(p->root_fd, "link", O_RDONLY, false);

		assert_int_equal(read(fd, text, sizeof(text) - 1), 5);
		assert_string_equal(text, "hello");
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	{
		auto_fd int fd = path_open_by_walk(p->root_fd, "link", O_PATH | O_NOFOLLOW, false);

		assert_int_equal(inode_of_fd(fd), inode(p->root_fd, "link"));
	}
	assert_int_equal(path_open_by_walk(p->root_fd, "file", O_PATH | O_DIRECTORY, false), -1);
	assert_int_equal(errno, ENOTDIR);
}

static void directories_are_made_inside_the_root_alone(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	assert_int_equal(symlinkat("/../../victim/x", p->root_fd, "evil"), 0);
	{
		auto_fd int fd = path_make_dir(p->root_fd, "/evil/deep", 0755, NULL, &err);

		assert_int_equal(inode_of_fd(fd), inode(p->root_fd, "victim/x/deep"));
	}
	assert_true(is_empty(p, "victim"));
}

static void a_file_is_made_behind_a_dangling_link(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	assert_int_equal(symlinkat("/run/resolv.conf", p->root_fd, "resolv.conf"), 0);
	{
		auto_fd int fd = path_make_file(p->root_fd, "/resolv.conf", 0644, NULL, &err);

		assert_int_equal(inode_of_fd(fd), inode(p->root_fd, "run/resolv.conf"));
	}
	{
		auto_fd int fd = path_make_file(p->root_fd, "/resolv.conf", 0644, NULL, &err);

		assert_int_equal(inode_of_fd(fd), inode(p->root_fd, "run/resolv.conf"));
	}
}

static void a_file_is_not_made_over_a_directory_nor_the_reverse(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	assert_int_equal(mkdirat(p->root_fd, "dir", 0755), 0);
	put_file(p, "file", "");
	assert_int_equal(path_make_file(p->root_fd, "/dir", 0644, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "create file /dir: a directory is there");
	assert_int_equal(path_make_dir(p->root_fd, "/file", 0755, NULL, &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
	assert_int_equal(path_make_dir(p->root_fd, "/file/x", 0755, NULL, &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
}

static void undo_removes_what_was_made_and_no_more(void **state)
{
	const struct place *p = *state;
	AUTO(path_made_done) struct path_made made = { 0 };
	struct err err = { 0 };

	assert_int_equal(mkdirat(p->root_fd, "old", 0755), 0);
	assert_int_equal(symlinkat("old", p->root_fd, "link"), 0);
	close(path_make_dir(p->root_fd, "/link/a/b", 0755, &made, &err));
	close(path_make_dir(p->root_fd, "/old/a", 0755, &made, &err));
	close(path_make_file(p->root_fd, "/x/y/file", 0644, &made, &err));
	assert_int_equal(made.n, 5);
	assert_string_equal(made.v[0].path, "/old/a");
	path_made_undo(&made);
	assert_int_equal(made.n, 0);
	assert_true(is_there(p->root_fd, "old"));
	assert_false(is_there(p->root_fd, "old/a"));
	assert_false(is_there(p->root_fd, "x"));
}

static void undo_leaves_what_has_been_filled_or_replaced(void **state)
{
	const struct place *p = *state;
	AUTO(path_made_done) struct path_made made = { 0 };
	struct err err = { 0 };

	close(path_make_file(p->root_fd, "/full", 0644, &made, &err));
	close(path_make_dir(p->root_fd, "/dir", 0755, &made, &err));
	close(path_make_file(p->root_fd, "/swapped", 0644, &made, &err));
	assert_int_equal(unlinkat(p->root_fd, "full", 0), 0);
	put_file(p, "full", "content");
	put_file(p, "dir/child", "");
	assert_int_equal(renameat(p->root_fd, "swapped", p->root_fd, "elsewhere"), 0);
	put_file(p, "swapped", "");
	path_made_undo(&made);
	assert_true(is_there(p->root_fd, "full"));
	assert_true(is_there(p->root_fd, "dir/child"));
	assert_true(is_there(p->root_fd, "swapped"));
}

static void the_directories_above_are_made_and_not_the_last(void **state)
{
	const struct place *p = *state;
	auto_free char *path = xasprintf("%s/root/a//b/last", p->dir);
	auto_free char *below_file = xasprintf("%s/root/file/x", p->dir);
	struct err err = { 0 };

	assert_int_equal(path_make_parents(path, 0700, &err), 0);
	assert_int_equal(path_make_parents(path, 0700, &err), 0);
	assert_true(is_there(p->root_fd, "a/b"));
	assert_false(is_there(p->root_fd, "a/b/last"));
	assert_int_equal(path_make_parents("here", 0700, &err), 0);
	put_file(p, "file", "");
	assert_int_equal(path_make_parents(below_file, 0700, &err), 0);
	free(below_file);
	below_file = xasprintf("%s/root/file/x/y", p->dir);
	assert_int_equal(path_make_parents(below_file, 0700, &err), -1);
	assert_non_null(strstr(err.msg, "root/file/x"));
}

static void an_fd_is_found_again_below_its_root(void **state)
{
	const struct place *p = *state;
	auto_free char *dir = NULL, *root = NULL, *odd = NULL;
	struct err err = { 0 };
	char *none = NULL;
	auto_fd int a = path_make_dir(p->root_fd, "/a/b", 0755, NULL, &err);
	auto_fd int b = path_make_dir(p->root_fd, "/x (deleted)", 0755, NULL, &err);
	auto_fd int gone = path_make_dir(p->root_fd, "/gone", 0755, NULL, &err);

	assert_int_equal(path_resolve(p->root_fd, a, &dir, &err), 0);
	assert_string_equal(dir, "/a/b");
	assert_int_equal(path_resolve(p->root_fd, p->root_fd, &root, &err), 0);
	assert_string_equal(root, "/");
	assert_int_equal(path_resolve(p->root_fd, b, &odd, &err), 0);
	assert_string_equal(odd, "/x (deleted)");
	assert_int_equal(path_resolve(p->root_fd, p->dir_fd, &none, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(unlinkat(p->root_fd, "gone", AT_REMOVEDIR), 0);
	assert_int_equal(path_resolve(p->root_fd, gone, &none, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_cleaned_by_text_alone),
		cmocka_unit_test(below_goes_by_whole_components),
		cmocka_unit_test_setup_teardown(links_never_lead_out_of_the_root, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(opening_plainly_refuses_every_link, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_walk_heeds_open_flags, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_are_made_inside_the_root_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_made_behind_a_dangling_link, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_not_made_over_a_directory_nor_the_reverse,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(undo_removes_what_was_made_and_no_more, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(undo_leaves_what_has_been_filled_or_replaced,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_directories_above_are_made_and_not_the_last,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_fd_is_found_again_below_its_root, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
