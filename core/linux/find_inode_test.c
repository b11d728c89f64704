/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/find_inode.h"

/* A directory with a/b/c/d/e, each a directory with a file f in it, and a link to its a. */
static int make_tree(char *path)
{
	int top, fd;

	assert_non_null(mkdtemp(path));
	top = fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(symlinkat("a", top, "0"), 0);
	for (const char *name = "abcde"; *name; name++) {
		const char dir[] = { *name, '\0' };
		int below;

		assert_return_code(mknodat(fd, "f", S_IFREG | 0600, 0), 0);
		assert_return_code(mkdirat(fd, dir, 0700), 0);
		below = openat(fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_return_code(below, 0);
		if (fd != top)
			close(fd);
		fd = below;
	}
	close(fd);
	return top;
}

static uint32_t inode_of(int dir_fd, const char *path)
{
	struct stat st;

	assert_return_code(fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return (uint32_t)st.st_ino;
}

static void a_file_is_found_by_its_inode_a_few_levels_deep(void **state)
{
	char path[] = "/tmp/kedge-find-XXXXXX";
	auto_fd int fd = make_tree(path);
	auto_free char *here = find_inode(fd, inode_of(fd, "f"));
	auto_free char *deep = find_inode(fd, inode_of(fd, "a/b/c/f"));
	auto_free char *deeper = find_inode(fd, inode_of(fd, "a/b/c/d/f"));

	(void)state;
	assert_string_equal(here, "f");
	assert_string_equal(deep, "a/b/c/f");
	assert_null(deeper);
	fd_remove_tree(AT_FDCWD, path, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_found_by_its_inode_a_few_levels_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
