/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <fcntl.h>

#include "core/base/fd.h"
#include "core/linux/small_tar.h"

/* Two empty directories. */
struct place {
	char path[64];
	int from, to;
};

static int set_up(void **state)
{
	struct place *p = xmalloc(sizeof(*p));

	strcpy(p->path, "/tmp/kedge-tar-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->from = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(p->from, "to", 0700), 0);
	assert_int_equal(mkdirat(p->from, "from", 0755), 0);
	p->to = openat(p->from, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(p->from);
	p->from = -1;
	*state = p;
	return 0;
}

static int open_from(struct place *p)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/from", p->path);
	p->from = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->from;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	fd_close(&p->from);
	fd_close(&p->to);
	fd_remove_tree(AT_FDCWD, p->path, NULL);
	free(p);
	return 0;
}

static void directories_links_and_fifos_come_back_as_they_were(void **state)
{
	AUTO(buf_done) struct buf archive = { 0 };
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	struct place *p = *state;
	char link[16] = "";
	struct stat st;

	open_from(p);
	assert_int_equal(mkdirat(p->from, "d", 0711), 0);
	assert_int_equal(mkdirat(p->from, "d/e", 0500), 0);
	assert_int_equal(mkfifoat(p->from, "d/f", 0600), 0);
	assert_int_equal(fchmodat(p->from, "d/f", 0620, 0), 0);
	assert_int_equal(symlinkat("/nowhere", p->from, "l"), 0);
	assert_int_equal(utimensat(p->from, "d", times, 0), 0);
	assert_true(small_tar_pack(p->from, &archive));
	assert_int_equal(archive.n % 10240, 0);
	assert_true(small_tar_is_known(&archive));
	assert_int_equal(small_tar_unpack(&archive, p->to, NULL), 0);
	assert_int_equal(fstat(p->to, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(fstatat(p->to, "d", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	assert_int_equal(st.st_mtime, 2000);
	assert_int_equal(fstatat(p->to, "d/e", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0500);
	assert_int_equal(fstatat(p->to, "d/f", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFIFO | 0620);
	assert_int_equal(readlinkat(p->to, "l", link, sizeof(link) - 1), 8);
	assert_string_equal(link, "/nowhere");
}

static void a_file_a_hard_link_or_a_long_name_is_for_the_real_tar(void **state)
{
	AUTO(buf_done) struct buf archive = { 0 };
	struct place *p = *state;
	char name[101];

	open_from(p);
	assert_true(small_tar_pack(p->from, &archive));
	close(openat(p->from, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_false(small_tar_pack(p->from, &archive));
	unlinkat(p->from, "file", 0);
	assert_int_equal(mkfifoat(p->from, "f", 0600), 0);
	assert_int_equal(linkat(p->from, "f", p->from, "g", 0), 0);
	assert_false(small_tar_pack(p->from, &archive));
	unlinkat(p->from, "f", 0);
	unlinkat(p->from, "g", 0);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(mkdirat(p->from, name, 0700), 0);
	assert_false(small_tar_pack(p->from, &archive));
}

/* Put `name` where a header has its name, and make its sum right. */
static void rename_entry(struct buf *archive, size_t entry, const char *name)
{
	char *h = archive->p + entry * 512;
	unsigned int sum = 0;
	char text[8];

	memset(h, 0, 100);
	strcpy(h, name);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(h + 148, text, 7);
}

static void names_that_lead_out_of_the_tree_are_not_known(void **state)
{
	static const char *const bad[] = { "../x", "/x", "./../x", "./a/../../x", "x",
					   "./..", "",	 ".//x",   "./a/./x" };
	AUTO(buf_done) struct buf archive = { 0 };
	struct place *p = *state;

	open_from(p);
	assert_int_equal(mkfifoat(p->from, "f", 0600), 0);
	assert_true(small_tar_pack(p->from, &archive));
	rename_entry(&archive, 1, "./ok");
	assert_true(small_tar_is_known(&archive));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		rename_entry(&archive, 1, bad[i]);
		assert_false(small_tar_is_known(&archive));
	}
}

static void nothing_is_made_or_changed_through_a_symlink(void **state)
{
	AUTO(buf_done) struct buf archive = { 0 };
	struct place *p = *state;
	struct stat st;

	open_from(p);
	assert_int_equal(mkdirat(p->from, "d", 0711), 0);
	assert_int_equal(mkfifoat(p->from, "d/f", 0600), 0);
	assert_true(small_tar_pack(p->from, &archive));
	/* where "d" is to be made is a link to a directory beside the tree */
	assert_int_equal(symlinkat("../from", p->to, "d"), 0);
	unlinkat(p->from, "d/f", 0);
	assert_int_equal(small_tar_unpack(&archive, p->to, NULL), -1);
	assert_int_equal(fstatat(p->from, "f", &st, 0), -1);
	assert_int_equal(fstat(p->from, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
}

static void a_damaged_header_is_not_known(void **state)
{
	AUTO(buf_done) struct buf archive = { 0 };
	struct place *p = *state;

	open_from(p);
	assert_true(small_tar_pack(p->from, &archive));
	for (size_t i = 0; i < 263; i++) {
		if (i == 155) /* the space behind the sum, which tar ignores */
			continue;
		archive.p[i] ^= 1;
		assert_false(small_tar_is_known(&archive));
		archive.p[i] ^= 1;
	}
	assert_true(small_tar_is_known(&archive));
	archive.n = 512;
	assert_false(small_tar_is_known(&archive));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(directories_links_and_fifos_come_back_as_they_were,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_file_a_hard_link_or_a_long_name_is_for_the_real_tar, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_that_lead_out_of_the_tree_are_not_known,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_made_or_changed_through_a_symlink,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_header_is_not_known, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
