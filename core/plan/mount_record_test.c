/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/mount_index.h"
#include "core/plan/mount_record.h"

#define ROOT "100 90 254:0 /srv/b/rootfs / rw - ext4 /dev/vda rw\n"

static void parse(struct mount_record *r, const char *text)
{
	struct err err = { 0 };

	if (mount_record_parse(text, strlen(text), r, &err))
		fail_msg("%s", err.msg);
}

static void refuse(const char *text, const char *message)
{
	struct mount_record r = { 0 };
	struct err err = { 0 };

	assert_int_equal(mount_record_parse(text, strlen(text), &r, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, message);
	assert_null(r.v);
	assert_null(r.table.v);
}

static void each_line_is_read(void **state)
{
	AUTO(mount_record_done) struct mount_record r = { 0 };

	(void)state;
	parse(&r, "kedge-mounts 1\n"
		  "destination 0 /data\n"
		  "destination 2 /with\\040space\\134\\012\n"
		  "source 0 254:0 1234 /srv/a\\011b\n"
		  "id 110 4294967307\n"
		  "mountinfo\n" ROOT "110 100 254:0 /srv/a /data rw - ext4 /dev/vda rw\n");
	assert_int_equal(r.n, 3);
	assert_string_equal(r.v[0].destination, "/data");
	assert_string_equal(r.v[0].source, "/srv/a\tb");
	assert_int_equal(r.v[0].major, 254);
	assert_int_equal(r.v[0].minor, 0);
	assert_int_equal(r.v[0].inode, 1234);
	assert_int_equal(r.v[0].id, 110);
	assert_true(r.v[0].unique_id == 4294967307ULL);
	assert_null(r.v[1].destination);
	assert_string_equal(r.v[2].destination, "/with space\\\n");
	assert_int_equal(r.v[2].id, 0);
	assert_int_equal(r.table.n, 2);
	assert_int_equal(r.unique_ids[0], 0);
}

static void two_entries_on_one_path_are_matched_bottom_first(void **state)
{
	AUTO(mount_record_done) struct mount_record r = { 0 };

	(void)state;
	parse(&r, "kedge-mounts 1\n"
		  "destination 0 /data\n"
		  "destination 1 /data\n"
		  "mountinfo\n" ROOT "110 100 254:0 /srv/a /data rw - ext4 /dev/vda rw\n"
		  "111 110 254:0 /srv/b /data rw - ext4 /dev/vda rw\n");
	assert_int_equal(r.v[0].id, 110);
	assert_int_equal(r.v[1].id, 111);
}

static void what_a_recursive_bind_brought_there_first_is_not_the_entrys(void **state)
{
	AUTO(mount_record_done) struct mount_record r = { 0 };

	(void)state;
	parse(&r, "kedge-mounts 1\n"
		  "destination 0 /data\n"
		  "destination 1 /data/in\n"
		  "source 0 254:0 5 /srv/a\n"
		  "source 1 254:0 6 /srv/b\n"
		  "mountinfo\n" ROOT "110 100 254:0 /srv/a /data rw - ext4 /dev/vda rw\n"
		  "111 110 0:50 / /data/in rw - tmpfs t rw\n"
		  "112 111 254:0 /srv/b /data/in rw - ext4 /dev/vda rw\n"
		  "113 112 0:6 /null /data/in rw - devtmpfs d rw\n");
	assert_int_equal(r.v[0].id, 110);
	assert_int_equal(r.v[1].id, 112);
}

static void an_entry_with_other_device_numbers_gets_the_lowest(void **state)
{
	AUTO(mount_record_done) struct mount_record r = { 0 };

	(void)state;
	parse(&r, "kedge-mounts 1\n"
		  "destination 0 /data\n"
		  "source 0 0:99 5 /srv/a\n"
		  "mountinfo\n" ROOT "110 100 0:40 /srv/a /data rw - btrfs /dev/vda rw\n");
	assert_int_equal(r.v[0].id, 110);
}

static void the_root_is_no_entrys(void **state)
{
	AUTO(mount_record_done) struct mount_record r = { 0 };

	(void)state;
	parse(&r, "kedge-mounts 1\ndestination 0 /\nmountinfo\n" ROOT);
	assert_int_equal(r.v[0].id, 0);
}

static void what_is_no_record_is_refused_with_its_line(void **state)
{
	(void)state;
	refuse("", "mount record: it is empty or has a NUL in it");
	refuse("kedge-mounts 2\n", "mount record line 1: it isn't \"kedge-mounts 1\"");
	refuse("kedge-mounts 1\n",
	       "mount record line 2: it begins with no word that belongs there");
	refuse("kedge-mounts 1\ndestination 0 /a",
	       "mount record line 2: it ends before the mountinfo");
	refuse("kedge-mounts 1\ndestination 65536 /a\nmountinfo\n",
	       "mount record line 2: a number is missing or too big");
	refuse("kedge-mounts 1\ndestination 1\nmountinfo\n",
	       "mount record line 2: a path is missing");
	refuse("kedge-mounts 1\nsource 1 254 7 /a\nmountinfo\n",
	       "mount record line 2: a device is missing");
	refuse("kedge-mounts 1\nsource 1 254:0 -7 /a\nmountinfo\n",
	       "mount record line 2: a number is missing or too big");
	refuse("kedge-mounts 1\nmountinfo\nx\n",
	       "mount record: mountinfo line 1: mount id: \"x\" is not a number");
}

static void paths_survive_being_written_and_read(void **state)
{
	static const char odd[] = "/a b\t\n\\#\\040\xff";
	AUTO(arena_done) struct arena arena = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	mount_path_encode(&b, odd);
	assert_null(strpbrk(b.p, " \t\n#"));
	assert_string_equal(mount_path_decode(&arena, b.p), odd);
}

static void the_index_finds_what_the_table_has(void **state)
{
	static const char text[] = ROOT "5 100 0:1 / /z rw - tmpfs t rw\n"
					"4 5 0:2 / /z rw - tmpfs t rw\n"
					"7 100 0:3 / /a rw - tmpfs t rw\n";
	AUTO(mount_table_done) struct mount_table t = { 0 };
	AUTO(mount_index_done) struct mount_index index = { 0 };
	struct mount_index empty = { 0 };
	size_t n;

	(void)state;
	assert_int_equal(mount_table_parse(text, strlen(text), &t, NULL), 0);
	mount_index_build(&t, &index);
	assert_ptr_equal(mount_index_id(&index, 4), &t.v[2]);
	assert_null(mount_index_id(&index, 6));
	assert_ptr_equal(mount_index_at(&index, "/z", &n)[0], &t.v[1]);
	assert_int_equal(n, 2);
	assert_null(mount_index_at(&index, "/b", &n));
	assert_int_equal(n, 0);
	assert_ptr_equal(mount_index_topmost(&index, "/z"), &t.v[2]);
	assert_ptr_equal(mount_index_topmost(&index, "/a"), &t.v[3]);
	assert_null(mount_index_topmost(&index, "/zz"));
	assert_null(mount_index_id(&empty, 4));
	assert_null(mount_index_topmost(&empty, "/"));
}

static void what_a_restore_says_of_a_mount_counts_more_than_its_place(void **state)
{
	AUTO(mount_record_done) struct mount_record r = { 0 };

	(void)state;
	parse(&r, "kedge-mounts 1\n"
		  "destination 0 /a\n"
		  "destination 1 /b\n"
		  "destination 2 /c\n"
		  "id 111 4294967308\n"
		  "mount 0 0\n"
		  "mount 1 111\n"
		  "submount 1 112 /in\\040side\n"
		  "mountinfo\n" ROOT "110 100 254:0 /srv/x /b rw - ext4 /dev/vda rw\n"
		  "111 100 254:0 /srv/b /c rw - ext4 /dev/vda rw\n"
		  "112 100 0:50 / /new rw - tmpfs t rw\n");
	assert_true(r.v[0].is_unmounted);
	assert_int_equal(r.v[0].id, 0);
	assert_int_equal(r.v[1].id, 111);
	assert_false(r.v[1].is_unmounted);
	assert_true(r.v[1].unique_id == 4294967308ULL);
	/* /c has nothing but the mount that is another entry's */
	assert_int_equal(r.v[2].id, 0);
	assert_int_equal(r.n_submounts, 1);
	assert_int_equal(r.submounts[0].id, 112);
	assert_int_equal(r.submounts[0].entry, 1);
	assert_string_equal(r.submounts[0].below, "in side");
	refuse("kedge-mounts 1\nsubmount 1 112\nmountinfo\n",
	       "mount record line 2: a path is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_read),
		cmocka_unit_test(two_entries_on_one_path_are_matched_bottom_first),
		cmocka_unit_test(what_a_recursive_bind_brought_there_first_is_not_the_entrys),
		cmocka_unit_test(an_entry_with_other_device_numbers_gets_the_lowest),
		cmocka_unit_test(the_root_is_no_entrys),
		cmocka_unit_test(what_is_no_record_is_refused_with_its_line),
		cmocka_unit_test(paths_survive_being_written_and_read),
		cmocka_unit_test(the_index_finds_what_the_table_has),
		cmocka_unit_test(what_a_restore_says_of_a_mount_counts_more_than_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
