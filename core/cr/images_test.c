/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/images.h"
#include "proto/mnt.pb-c.h"

/* What criu 4.1.1 wrote for a container of runc with two binds, keys "vol" and "/shared". */
#define IMAGES "core/cr/testdata/images"

static const char *const files[] = { "inventory.img", "pstree.img", "ids-1.img",
				     "mountpoints-13.img", "stats-dump" };

/* A copy of the images in a directory of its own, to be broken. */
struct copy {
	char path[64];
	int fd;
};

static void write_file(int dirfd, const char *name, const void *p, size_t bytes)
{
	auto_fd int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, p, bytes, NULL), 0);
}

static struct copy make_copy(void)
{
	struct copy c = { .path = "/tmp/kedge-images-XXXXXX" };
	auto_fd int from = open(IMAGES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(from >= 0);
	assert_non_null(mkdtemp(c.path));
	c.fd = open(c.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(buf_done) struct buf b = { 0 };

		assert_int_equal(fd_read_file(from, files[i], 1 << 20, &b, NULL), 0);
		write_file(c.fd, files[i], b.p, b.n);
	}
	return c;
}

static void copy_done(struct copy *c)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlinkat(c->fd, files[i], 0);
	close(c->fd);
	rmdir(c->path);
}

static const struct image_mount *find(const struct image_mounts *m, const char *mountpoint)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].mountpoint, mountpoint))
			return &m->v[i];
	fail_msg("no mount at %s", mountpoint);
	return NULL;
}

static void the_inventory_leads_to_the_root_tasks_namespaces(void **state)
{
	auto_fd int fd = open(IMAGES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_inventory inventory;
	struct err err = { 0 };

	(void)state;
	if (images_read_inventory(fd, &inventory, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(inventory.root_pid, 1);
	assert_int_equal(inventory.mnt_ns, 13);
	assert_true(inventory.has_pid_ns);
	assert_true(inventory.has_net_ns);
	assert_true(inventory.has_ipc_ns);
	assert_true(inventory.has_uts_ns);
	assert_false(inventory.has_user_ns);
	assert_false(inventory.has_cgroup_ns);
	assert_int_equal(inventory.lsm, 0);
}

static void the_mounts_of_a_real_image_are_read(void **state)
{
	auto_fd int fd = open(IMAGES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(images_mounts_done) struct image_mounts m = { 0 };
	const struct image_mount *root, *data;
	struct err err = { 0 };

	(void)state;
	if (images_read_mounts(fd, &m, &err))
		fail_msg("%s", err.msg);
	root = find(&m, "/");
	data = find(&m, "/data");
	assert_null(root->key);
	assert_string_equal(data->key, "vol");
	assert_int_equal(data->parent, root->id);
	assert_int_equal(data->fstype, 0);
	assert_int_equal(data->flags & MS_RDONLY, MS_RDONLY);
	assert_int_equal(data->major, 254);
	assert_int_equal(find(&m, "/shared")->flags & MS_SHARED, MS_SHARED);
	assert_true(find(&m, "/shared")->shared != 0);
	assert_int_equal(find(&m, "/proc")->fstype, 1);
	assert_null(find(&m, "/proc")->key);
	assert_false(data->is_deleted || data->has_plugin);
}

static void the_statistics_of_a_dump_are_read(void **state)
{
	auto_fd int fd = open(IMAGES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_dump_stats stats;
	struct err err = { 0 };

	(void)state;
	if (images_read_dump_stats(fd, &stats, &err))
		fail_msg("%s", err.msg);
	assert_true(stats.frozen_us > 1000);
	assert_true(stats.pages_written > 0);
}

static void a_missing_file_is_named_with_its_directory(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		AUTO(copy_done) struct copy c = make_copy();
		AUTO(images_mounts_done) struct image_mounts m = { 0 };
		char expected[128];
		struct err err = { 0 };

		unlinkat(c.fd, files[i], 0);
		assert_int_equal(images_read_mounts(c.fd, &m, &err), -1);
		snprintf(expected, sizeof(expected), "%s is not in %s", files[i], c.path);
		assert_string_equal(err.msg, expected);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_non_null(strstr(err.hint, "--image-path"));
	}
}

static void a_broken_magic_is_an_error_wherever_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		AUTO(copy_done) struct copy c = make_copy();
		AUTO(images_mounts_done) struct image_mounts m = { 0 };
		AUTO(buf_done) struct buf b = { 0 };
		struct err err = { 0 };

		assert_int_equal(fd_read_file(c.fd, files[i], 1 << 20, &b, NULL), 0);
		b.p[0] ^= 1;
		write_file(c.fd, files[i], b.p, b.n);
		assert_int_equal(images_read_mounts(c.fd, &m, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_true(str_starts(err.msg, files[i]));
		assert_non_null(strstr(err.msg, "offset 0: magic 0x"));
	}
}

/* Every prefix of every file. */
static void a_truncated_file_never_passes_for_a_whole_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		AUTO(copy_done) struct copy c = make_copy();
		AUTO(buf_done) struct buf b = { 0 };

		assert_int_equal(fd_read_file(c.fd, files[i], 1 << 20, &b, NULL), 0);
		for (size_t n = 0; n < b.n; n++) {
			AUTO(images_mounts_done) struct image_mounts m = { 0 };
			struct err err = { 0 };

			write_file(c.fd, files[i], b.p, n);
			assert_int_equal(images_read_mounts(c.fd, &m, &err), -1);
			assert_int_equal(err.kind, ERR_INVALID);
			assert_true(str_starts(err.msg, files[i]));
		}
	}
}

static void add_u32(struct buf *b, uint32_t v)
{
	const uint8_t le[] = { v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff, v >> 24 };

	buf_add(b, le, sizeof(le));
}

static void begin_mounts(struct buf *b)
{
	add_u32(b, 0x54564319);
	add_u32(b, 0x55563928);
}

static void add_mount(struct buf *b, const char *mountpoint, const char *key)
{
	Criu__Image__MntEntry e = CRIU__IMAGE__MNT_ENTRY__INIT;
	uint8_t bytes[512];
	size_t n;

	e.mnt_id = 7;
	e.root = (char *)"/oldkey";
	e.mountpoint = (char *)mountpoint;
	e.source = e.options = (char *)"";
	e.ext_key = (char *)key;
	e.has_ext_mount = e.ext_mount = !key;
	n = criu__image__mnt_entry__pack(&e, bytes);
	add_u32(b, (uint32_t)n);
	buf_add(b, bytes, n);
}

static int parse(const struct buf *b, struct image_mounts *m, struct err *err)
{
	return images_parse_mounts("m.img", b->p, b->n, m, err);
}

static void a_length_past_the_end_is_told_with_its_place(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct image_mounts m = { 0 };
	struct err err = { 0 };

	(void)state;
	begin_mounts(&b);
	add_u32(&b, 0xffffffff);
	add_u32(&b, 0);
	assert_int_equal(parse(&b, &m, &err), -1);
	assert_string_equal(err.msg, "m.img: offset 8: the next entry has 4294967295 bytes, the "
				     "file only 4 more");
}

static void an_entry_that_is_no_message_is_told_with_its_place(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct image_mounts m = { 0 };
	struct err err = { 0 };

	(void)state;
	begin_mounts(&b);
	add_u32(&b, 3);
	buf_add(&b, "\xff\xff\xff", 3);
	assert_int_equal(parse(&b, &m, &err), -1);
	assert_string_equal(err.msg, "m.img: offset 12: not a mount entry");
	assert_null(m.v);
}

static void an_image_from_before_ext_key_has_its_key_in_the_root(void **state)
{
	AUTO(images_mounts_done) struct image_mounts m = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	begin_mounts(&b);
	add_mount(&b, "/a", NULL);
	add_mount(&b, "/b", "k");
	add_mount(&b, "/", "k");
	assert_int_equal(parse(&b, &m, NULL), 0);
	assert_int_equal(m.n, 3);
	assert_string_equal(m.v[0].key, "/oldkey");
	assert_string_equal(m.v[1].key, "k");
}

static void a_mountpoint_that_leads_elsewhere_is_refused(void **state)
{
	static const char *const bad[] = { "a", "", "/a/../b", "/a/", "//a", "/./a", "/a/.." };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(buf_done) struct buf b = { 0 };
		struct image_mounts m = { 0 };
		struct err err = { 0 };

		begin_mounts(&b);
		add_mount(&b, bad[i], "k");
		assert_int_equal(parse(&b, &m, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_non_null(strstr(err.msg, "is not an absolute path in normal form"));
	}
}

static void what_is_no_regular_file_is_not_read(void **state)
{
	AUTO(copy_done) struct copy c = make_copy();
	struct image_inventory inventory;
	struct err err = { 0 };

	(void)state;
	unlinkat(c.fd, "inventory.img", 0);
	assert_int_equal(mkfifoat(c.fd, "inventory.img", 0600), 0);
	assert_int_equal(images_read_inventory(c.fd, &inventory, &err), -1);
	assert_string_equal(err.msg, "inventory.img is not a regular file");
	unlinkat(c.fd, "inventory.img", 0);
	assert_int_equal(symlinkat("/etc/passwd", c.fd, "inventory.img"), 0);
	assert_int_equal(images_read_inventory(c.fd, &inventory, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_inventory_leads_to_the_root_tasks_namespaces),
		cmocka_unit_test(the_mounts_of_a_real_image_are_read),
		cmocka_unit_test(the_statistics_of_a_dump_are_read),
		cmocka_unit_test(a_missing_file_is_named_with_its_directory),
		cmocka_unit_test(a_broken_magic_is_an_error_wherever_it_is),
		cmocka_unit_test(a_truncated_file_never_passes_for_a_whole_one),
		cmocka_unit_test(a_length_past_the_end_is_told_with_its_place),
		cmocka_unit_test(an_entry_that_is_no_message_is_told_with_its_place),
		cmocka_unit_test(an_image_from_before_ext_key_has_its_key_in_the_root),
		cmocka_unit_test(a_mountpoint_that_leads_elsewhere_is_refused),
		cmocka_unit_test(what_is_no_regular_file_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
