/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/sidecar.h"

static void refuse(const char *text, enum err_kind kind, const char *message)
{
	struct checkpoint_info info = { 0 };
	struct err err = { 0 };

	assert_int_equal(sidecar_parse_info(text, strlen(text), &info, &err), -1);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.kind, kind);
	assert_int_equal(info.version, 0);
}

static void all_that_is_written_is_read_again(void **state)
{
	struct checkpoint_mount mounts[] = {
		{ .id = 100, .mountpoint = "/", .mount_index = SIZE_MAX },
		{ .id = 110,
		  .parent = 100,
		  .mountpoint = "/a\nb\\c\xff\xc3\xa4\"",
		  .key = "k0001",
		  .origin = EXTERNAL_SUBMOUNT,
		  .kind = EXTERNAL_KIND_SOCKET,
		  .mount_index = 3,
		  .destination = "/d",
		  .written = "/l/d",
		  .type = "bind",
		  .options = "rbind,ro",
		  .config_source = "/s",
		  .below = "x/y",
		  .source = "/s/x/y",
		  .source_state = CHECKPOINT_SOURCE_REPLACED,
		  .major = 254,
		  .minor = 7,
		  .inode = UINT64_MAX,
		  .fstype = "ext4",
		  .root = "/r",
		  .fs_source = "/dev/vda",
		  .flags = 4097,
		  .propagation = EXTERNAL_SLAVE_SHARED,
		  .shared = 4,
		  .master = 5,
		  .is_idmapped = true,
		  .is_unbindable = true,
		  .is_deleted = true,
		  .is_moved = true },
	};
	struct checkpoint_unmounted unmounted[] = { { 9, "/gone", "/link" } };
	struct checkpoint_info info = { .version = CHECKPOINT_INFO_VERSION,
					.engine = "kedge 0.1.0",
					.criu = "4.1.1",
					.kernel = "6.18",
					.host = "h",
					.boot_id = "b",
					.id = "web",
					.created = "2026-11-25T12:00:00Z",
					.v = mounts,
					.n = 2,
					.unmounted = unmounted,
					.n_unmounted = 1 };
	AUTO(checkpoint_info_done) struct checkpoint_info read = { 0 };
	AUTO(buf_done) struct buf one = { 0 };
	AUTO(buf_done) struct buf two = { 0 };
	struct err err = { 0 };
	const struct checkpoint_mount *m;

	(void)state;
	sidecar_format_info(&info, &one);
	assert_true(str_is_utf8(one.p, one.n));
	assert_int_equal(sidecar_parse_info(one.p, one.n, &read, &err), 0);
	sidecar_format_info(&read, &two);
	assert_string_equal(one.p, two.p);
	assert_int_equal(read.n, 2);
	m = &read.v[1];
	assert_string_equal(m->mountpoint, mounts[1].mountpoint);
	assert_true(m->inode == UINT64_MAX);
	assert_int_equal(m->mount_index, 3);
	assert_int_equal(m->kind, EXTERNAL_KIND_SOCKET);
	assert_int_equal(m->source_state, CHECKPOINT_SOURCE_REPLACED);
	assert_true(read.v[0].mount_index == SIZE_MAX);
	assert_null(read.v[0].key);
	assert_string_equal(read.unmounted[0].destination, "/gone");
	assert_string_equal(read.unmounted[0].written, "/link");
}

static void what_cannot_be_a_sidecar_is_refused_with_the_place(void **state)
{
	(void)state;
	refuse("", ERR_INVALID, "kedge.json: line 1: '[' or '{' expected near end of file");
	refuse("[]", ERR_INVALID, "kedge.json: : it isn't an object");
	refuse("{}", ERR_INVALID, "kedge.json: version: it is missing");
	refuse("{\"version\": 2}", ERR_UNSUPPORTED,
	       "kedge.json: it has version 2, this kedge knows version 1");
	refuse("{\"version\": 1, \"mounts\": {}}", ERR_INVALID,
	       "kedge.json: mounts: it isn't a list of at most 65536");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1}]}", ERR_INVALID,
	       "kedge.json: mounts[0].mountpoint: it is missing");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"a\"}]}", ERR_INVALID,
	       "kedge.json: mounts[0].mountpoint: it isn't an absolute path");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": -1, \"mountpoint\": \"/\"}]}", ERR_INVALID,
	       "kedge.json: mounts[0].id: it isn't a number that can be");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 4294967296, \"mountpoint\": \"/\"}]}",
	       ERR_INVALID, "kedge.json: mounts[0].id: it isn't a number that can be");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"/\"}, "
	       "{\"id\": 1, \"mountpoint\": \"/\"}]}",
	       ERR_INVALID, "kedge.json: two mounts have the id 1");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"/\\\\x\"}]}",
	       ERR_INVALID,
	       "kedge.json: mounts[0].mountpoint: a backslash without three octal digits");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"/\\\\000\"}]}",
	       ERR_INVALID,
	       "kedge.json: mounts[0].mountpoint: a backslash without three octal digits");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"/\", "
	       "\"kind\": \"pipe\"}]}",
	       ERR_INVALID, "kedge.json: mounts[0].kind: no such word");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"/\", "
	       "\"inode\": 7}]}",
	       ERR_INVALID, "kedge.json: mounts[0].inode: it isn't a number in a string");
	refuse("{\"version\": 1, \"mounts\": [{\"id\": 1, \"mountpoint\": \"/\", "
	       "\"moved\": 1}]}",
	       ERR_INVALID, "kedge.json: mounts[0].moved: it is neither true nor false");
	refuse("{\"version\": 1, \"unmounted\": [{}]}", ERR_INVALID,
	       "kedge.json: unmounted[0].entry: it is missing");
	refuse("{\"version\": 1, \"version\": 1}", ERR_INVALID,
	       "kedge.json: line 1: duplicate object key near '\"version\"'");
}

static void a_field_of_a_later_kedge_is_passed_over(void **state)
{
	static const char text[] = "{\"version\": 1, \"new\": [1], \"mounts\": "
				   "[{\"id\": 1, \"mountpoint\": \"/\", \"new\": {}}]}";
	AUTO(checkpoint_info_done) struct checkpoint_info info = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(sidecar_parse_info(text, strlen(text), &info, &err), 0);
	assert_int_equal(info.n, 1);
	assert_int_equal(info.v[0].source_state, CHECKPOINT_SOURCE_UNKNOWN);
}

static void the_file_is_private_and_no_link_is_followed(void **state)
{
	char dir[] = "/tmp/kedge-sidecar-XXXXXX";
	struct checkpoint_info info = { .version = CHECKPOINT_INFO_VERSION };
	AUTO(checkpoint_info_done) struct checkpoint_info read = { 0 };
	struct err err = { 0 };
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(sidecar_read_info(fd, &read, &err), 0);
	assert_int_equal(read.version, 0);
	assert_int_equal(sidecar_write_info(fd, &info, &err), 0);
	assert_int_equal(fstatat(fd, "kedge.json", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(sidecar_read_info(fd, &read, &err), 0);
	assert_int_equal(read.version, CHECKPOINT_INFO_VERSION);
	assert_int_equal(renameat(fd, "kedge.json", fd, "other"), 0);
	assert_int_equal(symlinkat("other", fd, "kedge.json"), 0);
	assert_int_equal(sidecar_read_info(fd, &read, &err), -1);
	sidecar_remove_info(fd);
	assert_int_equal(unlinkat(fd, "other", 0), 0);
	close(fd);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_written_is_read_again),
		cmocka_unit_test(what_cannot_be_a_sidecar_is_refused_with_the_place),
		cmocka_unit_test(a_field_of_a_later_kedge_is_passed_over),
		cmocka_unit_test(the_file_is_private_and_no_link_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
