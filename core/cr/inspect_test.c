/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/inspect.h"
#include "proto/core.pb-c.h"
#include "proto/mnt.pb-c.h"

/* What criu 4.1.1 wrote for a container of runc with two binds; see images_test.c. */
#define IMAGES "core/cr/testdata/images"

static const char *const files[] = { "inventory.img", "pstree.img", "ids-1.img",
				     "mountpoints-13.img", "stats-dump" };

struct dir {
	char path[64];
	int fd;
};

static void write_file(int dirfd, const char *name, const void *p, size_t bytes)
{
	auto_fd int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, p, bytes, NULL), 0);
}

static void write_core(int dirfd, const char *comm)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, 0x55053847 };
	Criu__Image__TaskCore task = CRIU__IMAGE__TASK_CORE__INIT;
	Criu__Image__CoreEntry core = CRIU__IMAGE__CORE_ENTRY__INIT;
	AUTO(buf_done) struct buf b = { 0 };
	uint8_t bytes[512];
	size_t n;

	task.state = 3;
	task.comm = (char *)comm;
	core.task = &task;
	n = criu__image__core_entry__pack(&core, bytes);
	image_file_put_magics(&b, magics);
	image_file_put_length(&b, n);
	buf_add(&b, bytes, n);
	write_file(dirfd, "core-1.img", b.p, b.n);
}

static void copy_images(int dirfd)
{
	auto_fd int from = open(IMAGES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(from >= 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(buf_done) struct buf b = { 0 };

		assert_int_equal(fd_read_file(from, files[i], 1 << 20, &b, NULL), 0);
		write_file(dirfd, files[i], b.p, b.n);
	}
	write_core(dirfd, "sh");
}

static struct dir make_dir(void)
{
	struct dir d = { .path = "/tmp/kedge-inspect-XXXXXX" };

	assert_non_null(mkdtemp(d.path));
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	copy_images(d.fd);
	return d;
}

static void dir_done(struct dir *d)
{
	close(d->fd);
	fd_remove_tree(AT_FDCWD, d->path, NULL);
}

static void look(const struct dir *d, struct inspection *in)
{
	struct err err = { 0 };

	if (inspect_images(d->path, NULL, in, &err))
		fail_msg("%s", err.msg);
}

static void expect_problem(const struct inspection *in, const char *text)
{
	for (size_t i = 0; i < in->problems.n; i++)
		if (strstr(in->problems.v[i], text))
			return;
	fail_msg("no problem has \"%s\", the first of %zu is: %s", text, in->problems.n,
		 in->problems.n ? in->problems.v[0] : "-");
}

static void a_whole_directory_is_shown_without_a_problem(void **state)
{
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection in = { 0 };

	(void)state;
	write_file(d.fd, "pages-1.img", "12345", 5);
	write_file(d.fd, "dump.log", "(00.000031) Version: 4.1.1 (gitid 0)\n", 37);
	look(&d, &in);
	assert_int_equal(in.problems.n, 0);
	assert_true(in.has_inventory && in.has_stats && !in.is_archive && !in.is_pre_dump);
	assert_int_equal(in.tasks.n, 1);
	assert_int_equal(in.tasks.v[0].pid, 1);
	assert_string_equal(in.tasks.v[0].name, "sh");
	assert_string_equal(in.tasks.v[0].state, "stopped");
	assert_int_equal(in.n_ns, 1);
	assert_int_equal(in.ns[0].id, 13);
	assert_true(in.ns[0].is_root);
	assert_true(inspect_externals(&in.ns[0].mounts) >= 2);
	assert_int_equal(in.sizes.memory, 5);
	assert_string_equal(in.criu, "4.1.1");
	assert_string_equal(in.engine, "unknown");
}

static void of_a_damaged_image_the_rest_is_shown_and_the_place_named(void **state)
{
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection whole = { 0 };
	AUTO(inspection_done) struct inspection in = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	look(&d, &whole);
	assert_int_equal(fd_read_file(d.fd, "mountpoints-13.img", 1 << 20, &b, NULL), 0);
	write_file(d.fd, "mountpoints-13.img", b.p, b.n - 5);
	unlinkat(d.fd, "core-1.img", 0);
	write_file(d.fd, "stats-dump", "nonsense", 8);
	look(&d, &in);
	assert_int_equal(in.ns[0].mounts.n, whole.ns[0].mounts.n - 1);
	assert_int_equal(in.tasks.n, 1);
	assert_null(in.tasks.v[0].name);
	expect_problem(&in, "mountpoints-13.img: offset ");
	expect_problem(&in, "core-1.img is not in ");
	expect_problem(&in, "stats-dump: offset 0: magic");
}

static void an_entry_that_is_no_mount_costs_only_itself(void **state)
{
	static const char garbage[] = "\x04\0\0\0\xff\xff\xff\xff";
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection whole = { 0 };
	AUTO(inspection_done) struct inspection in = { 0 };
	AUTO(buf_done) struct buf old = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	look(&d, &whole);
	assert_int_equal(fd_read_file(d.fd, "mountpoints-13.img", 1 << 20, &old, NULL), 0);
	buf_add(&b, old.p, 8);
	buf_add(&b, garbage, 8);
	buf_add(&b, old.p + 8, old.n - 8);
	write_file(d.fd, "mountpoints-13.img", b.p, b.n);
	look(&d, &in);
	assert_int_equal(in.ns[0].mounts.n, whole.ns[0].mounts.n);
	assert_int_equal(in.problems.n, 1);
	expect_problem(&in, "mountpoints-13.img: offset 12: not a mount entry");
}

static void no_symlink_and_no_fifo_is_opened(void **state)
{
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection in = { 0 };

	(void)state;
	unlinkat(d.fd, "stats-dump", 0);
	unlinkat(d.fd, "core-1.img", 0);
	assert_int_equal(symlinkat("/etc/passwd", d.fd, "dump.log"), 0);
	assert_int_equal(symlinkat("/etc/passwd", d.fd, "core-1.img"), 0);
	assert_int_equal(symlinkat("../elsewhere", d.fd, "parent"), 0);
	assert_int_equal(mkfifoat(d.fd, "stats-dump", 0600), 0);
	assert_int_equal(mkfifoat(d.fd, "mountpoints-14.img", 0600), 0);
	look(&d, &in);
	assert_string_equal(in.parent, "../elsewhere");
	assert_null(in.criu);
	assert_int_equal(in.n_ns, 1);
	expect_problem(&in, "core-1.img is not in");
	expect_problem(&in, "stats-dump is not a regular file");
}

static void an_archive_has_its_images_in_checkpoint(void **state)
{
	AUTO(dir_done) struct dir d = { .path = "/tmp/kedge-inspect-XXXXXX" };
	AUTO(inspection_done) struct inspection in = { 0 };
	auto_fd int images = -1;

	(void)state;
	assert_non_null(mkdtemp(d.path));
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(d.fd, "checkpoint", 0700), 0);
	images = openat(d.fd, "checkpoint", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	copy_images(images);
	assert_int_equal(renameat(images, "stats-dump", d.fd, "stats-dump"), 0);
	look(&d, &in);
	assert_true(in.is_archive && in.has_stats);
	assert_int_equal(in.problems.n, 0);
	assert_int_equal(in.tasks.n, 1);
}

static void what_is_no_directory_or_has_no_images_is_an_error(void **state)
{
	AUTO(dir_done) struct dir d = { .path = "/tmp/kedge-inspect-XXXXXX" };
	AUTO(inspection_done) struct inspection in = { 0 };
	AUTO(inspection_done) struct inspection none = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(inspect_images("/nonexistent", NULL, &none, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(mkdtemp(d.path));
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	look(&d, &in);
	expect_problem(&in, "inventory.img is not in /tmp/kedge-inspect-");
}

static void a_task_has_no_core_larger_than_any_real_one(void **state)
{
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection in = { 0 };

	(void)state;
	unlinkat(d.fd, "core-1.img", 0);
	write_file(d.fd, "core-1.img", "", 0);
	{
		auto_fd int fd = openat(d.fd, "core-1.img", O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, 2 << 20), 0);
	}
	look(&d, &in);
	expect_problem(&in, "core-1.img has 2097152 bytes");
}

static void add_mount(struct buf *b, unsigned int id, const char *mountpoint, const char *key)
{
	Criu__Image__MntEntry m = CRIU__IMAGE__MNT_ENTRY__INIT;
	uint8_t bytes[512];
	size_t n;

	m.mnt_id = id;
	m.parent_mnt_id = 1;
	m.mountpoint = (char *)mountpoint;
	m.root = (char *)(key ? "/null" : "/");
	m.source = m.options = (char *)"";
	m.ext_key = (char *)key;
	n = criu__image__mnt_entry__pack(&m, bytes);
	image_file_put_length(b, n);
	buf_add(b, bytes, n);
}

/* Who made an image in which the masked /proc/keys has this key? */
static void expect_engine(const char *key, const char *descriptors, const char *engine)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection in = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	image_file_put_magics(&b, magics);
	add_mount(&b, 5, "/proc/keys", key);
	add_mount(&b, 2, "/", NULL);
	write_file(d.fd, "mountpoints-13.img", b.p, b.n);
	if (descriptors)
		write_file(d.fd, "descriptors.json", descriptors, strlen(descriptors));
	look(&d, &in);
	assert_int_equal(in.problems.n, 0);
	assert_string_equal(in.engine, engine);
}

static void runc_and_crun_are_told_by_the_keys_of_masked_files(void **state)
{
	static const char descriptors[] = "[\"/dev/null\",\"\",\"pipe:[1]\"]";

	(void)state;
	expect_engine("/dev/null", descriptors, "runc");
	expect_engine("/proc/keys", descriptors, "crun");
	expect_engine(NULL, descriptors, "runc or crun");
	expect_engine("/dev/null", NULL, "unknown");
}

/* Found by images_fuzz: it went round for ever there. */
static void a_bad_entry_before_a_cut_one_ends(void **state)
{
	static const char bytes[] = "\x19\x43\x56\x54\x28\x39\x56\x55\x02\0\0\0\x05\x10\x5b";
	AUTO(dir_done) struct dir d = make_dir();
	AUTO(inspection_done) struct inspection in = { 0 };

	(void)state;
	write_file(d.fd, "mountpoints-13.img", bytes, sizeof(bytes) - 1);
	look(&d, &in);
	assert_int_equal(in.problems.n, 2);
	expect_problem(&in, "mountpoints-13.img: offset 14: the file ends too early");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_directory_is_shown_without_a_problem),
		cmocka_unit_test(of_a_damaged_image_the_rest_is_shown_and_the_place_named),
		cmocka_unit_test(an_entry_that_is_no_mount_costs_only_itself),
		cmocka_unit_test(no_symlink_and_no_fifo_is_opened),
		cmocka_unit_test(an_archive_has_its_images_in_checkpoint),
		cmocka_unit_test(what_is_no_directory_or_has_no_images_is_an_error),
		cmocka_unit_test(a_task_has_no_core_larger_than_any_real_one),
		cmocka_unit_test(a_bad_entry_before_a_cut_one_ends),
		cmocka_unit_test(runc_and_crun_are_told_by_the_keys_of_masked_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
