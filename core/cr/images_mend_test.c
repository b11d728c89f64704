/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images.h"
#include "core/cr/images_mend.h"
#include "proto/mnt.pb-c.h"

static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };

/* A directory with mountpoints-1.img and, if it was given entries, mountpoints-2.img. */
struct images {
	char path[64];
	int fd;
	struct buf files[2];
	struct mount_table container;
};

static void setup(struct images *im)
{
	*im = (struct images){ .path = "/tmp/kedge-mend-XXXXXX" };
	assert_non_null(mkdtemp(im->path));
	im->fd = open(im->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	image_file_put_magics(&im->files[0], magics);
	image_file_put_magics(&im->files[1], magics);
}

static void images_done(struct images *im)
{
	unlinkat(im->fd, "mountpoints-1.img", 0);
	unlinkat(im->fd, "mountpoints-2.img", 0);
	rmdir(im->path);
	close(im->fd);
	buf_done(&im->files[0]);
	buf_done(&im->files[1]);
	mount_table_done(&im->container);
}

/* An entry with one unknown field (number 99, varint 5) that has to survive. */
static void add(struct images *im, int file, const Criu__Image__MntEntry *given)
{
	static const uint8_t unknown[] = { 0x98, 0x06, 0x05 };
	Criu__Image__MntEntry e = *given;
	uint8_t bytes[512];
	size_t n;

	e.base = (ProtobufCMessage)PROTOBUF_C_MESSAGE_INIT(&criu__image__mnt_entry__descriptor);
	e.root = e.source = e.options = (char *)"/";
	e.mountpoint = e.mountpoint ? e.mountpoint : (char *)"/";
	e.has_shared_id = e.shared_id != 0;
	e.has_master_id = e.master_id != 0;
	e.has_deleted = e.deleted;
	n = criu__image__mnt_entry__pack(&e, bytes);
	memcpy(bytes + n, unknown, sizeof(unknown));
	image_file_put_length(&im->files[file], n + sizeof(unknown));
	buf_add(&im->files[file], bytes, n);
	buf_add(&im->files[file], unknown, sizeof(unknown));
}

#define ADD(im, file, ...) add(im, file, &(const Criu__Image__MntEntry){ __VA_ARGS__ })

static void write_all(struct images *im)
{
	assert_int_equal(fd_replace_file(im->fd, "mountpoints-1.img", &im->files[0], 0600, NULL),
			 0);
	if (im->files[1].n > 8)
		assert_int_equal(
			fd_replace_file(im->fd, "mountpoints-2.img", &im->files[1], 0600, NULL), 0);
}

static void read_back(struct images *im, const char *name, struct buf *raw,
		      struct image_mounts *out)
{
	struct err err = { 0 };

	assert_int_equal(fd_read_file(im->fd, name, 1 << 20, raw, &err), 0);
	if (images_parse_mounts(name, raw->p, raw->n, out, &err))
		fail_msg("%s", err.msg);
}

static void mend(struct images *im)
{
	struct err err = { 0 };

	write_all(im);
	if (images_mend(im->fd, &im->container, &err))
		fail_msg("%s", err.msg);
}

static void what_needs_no_mending_is_not_written(void **state)
{
	AUTO(images_done) struct images im;
	struct stat before, after;

	(void)state;
	setup(&im);
	ADD(&im, 0, .mnt_id = 1, .shared_id = 4);
	ADD(&im, 0, .mnt_id = 2, .master_id = 4);
	ADD(&im, 0, .mnt_id = 3, .deleted = true); /* CRIU makes the source of an internal one */
	write_all(&im);
	assert_int_equal(fstatat(im.fd, "mountpoints-1.img", &before, 0), 0);
	assert_int_equal(images_mend(im.fd, &im.container, NULL), 0);
	assert_int_equal(fstatat(im.fd, "mountpoints-1.img", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void a_deleted_external_source_is_forgotten(void **state)
{
	AUTO(images_done) struct images im;
	AUTO(images_mounts_done) struct image_mounts m = { 0 };
	AUTO(buf_done) struct buf raw = { 0 };

	(void)state;
	setup(&im);
	ADD(&im, 0, .mnt_id = 1, .deleted = true, .ext_key = (char *)"k");
	mend(&im);
	read_back(&im, "mountpoints-1.img", &raw, &m);
	assert_false(m.v[0].is_deleted);
	assert_string_equal(m.v[0].key, "k");
	/* the unknown field is still at the entry's end */
	assert_memory_equal(raw.p + raw.n - 3, "\x98\x06\x05", 3);
}

static void a_newline_in_a_mountpoint_becomes_one_again(void **state)
{
	static const char text[] = "7 1 0:1 / /a\\012b rw - tmpfs t rw\n"
				   "8 1 0:1 / /c\\134012d rw - tmpfs t rw\n";
	AUTO(images_done) struct images im;
	AUTO(images_mounts_done) struct image_mounts m = { 0 };
	AUTO(buf_done) struct buf raw = { 0 };

	(void)state;
	setup(&im);
	assert_int_equal(mount_table_parse(text, strlen(text), &im.container, NULL), 0);
	ADD(&im, 0, .mnt_id = 7, .mountpoint = (char *)"/a\\012b");
	ADD(&im, 0, .mnt_id = 8, .mountpoint = (char *)"/c\\012d"); /* really a backslash */
	ADD(&im, 0, .mnt_id = 1);
	mend(&im);
	read_back(&im, "mountpoints-1.img", &raw, &m);
	assert_string_equal(m.v[0].mountpoint, "/a\nb");
	assert_string_equal(m.v[1].mountpoint, "/c\\012d");
}

static void slaves_of_one_unseen_master_get_a_master_each(void **state)
{
	AUTO(images_done) struct images im;
	AUTO(images_mounts_done) struct image_mounts m = { 0 };
	AUTO(buf_done) struct buf raw = { 0 };

	(void)state;
	setup(&im);
	ADD(&im, 0, .mnt_id = 1, .master_id = 2);
	ADD(&im, 0, .mnt_id = 2, .master_id = 2);
	ADD(&im, 0, .mnt_id = 3, .shared_id = 9);
	ADD(&im, 0, .mnt_id = 4, .master_id = 9); /* its master is there */
	mend(&im);
	read_back(&im, "mountpoints-1.img", &raw, &m);
	assert_int_equal(m.v[0].master, 10);
	assert_int_equal(m.v[1].master, 11);
	assert_int_equal(m.v[2].shared, 9);
	assert_int_equal(m.v[3].master, 9);
}

static void peers_keep_one_master_also_across_namespaces(void **state)
{
	AUTO(images_done) struct images im;
	AUTO(images_mounts_done) struct image_mounts a = { 0 };
	AUTO(images_mounts_done) struct image_mounts b = { 0 };
	AUTO(buf_done) struct buf raw_a = { 0 };
	AUTO(buf_done) struct buf raw_b = { 0 };

	(void)state;
	setup(&im);
	ADD(&im, 0, .mnt_id = 1, .shared_id = 5, .master_id = 2);
	ADD(&im, 0, .mnt_id = 2, .master_id = 2);
	ADD(&im, 1, .mnt_id = 3, .shared_id = 5, .master_id = 2);
	mend(&im);
	read_back(&im, "mountpoints-1.img", &raw_a, &a);
	read_back(&im, "mountpoints-2.img", &raw_b, &b);
	assert_true(a.v[0].master > 5);
	assert_int_equal(a.v[0].master, b.v[0].master);
	assert_true(a.v[1].master > 5 && a.v[1].master != a.v[0].master);
	assert_int_equal(a.v[0].shared, 5);
}

static void a_broken_image_is_an_error_and_stays(void **state)
{
	AUTO(images_done) struct images im;
	struct err err = { 0 };

	(void)state;
	setup(&im);
	image_file_put_length(&im.files[0], 100);
	write_all(&im);
	assert_int_equal(images_mend(im.fd, &im.container, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "mountpoints-1.img: offset 8: the next entry has 100 bytes, "
				     "the file only 0 more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_needs_no_mending_is_not_written),
		cmocka_unit_test(a_deleted_external_source_is_forgotten),
		cmocka_unit_test(a_newline_in_a_mountpoint_becomes_one_again),
		cmocka_unit_test(slaves_of_one_unseen_master_get_a_master_each),
		cmocka_unit_test(peers_keep_one_master_also_across_namespaces),
		cmocka_unit_test(a_broken_image_is_an_error_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
