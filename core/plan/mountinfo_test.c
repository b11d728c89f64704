/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "core/plan/mountinfo.h"

static const char three[] =
	"133 48 254:0 /srv/b/rootfs / rw,relatime - ext4 /dev/vda rw,discard\n"
	"134 133 0:63 / /proc rw - proc proc rw\n"
	"154 133 254:0 /srv/shr /shared ro,nosuid,nodev,noexec,noatime,nosymfollow,idmapped "
	"shared:27 master:2 propagate_from:3 unbindable - ext4 /dev/vda rw,discard\n";

static struct mount_table parse(const char *text)
{
	struct mount_table t = { 0 };
	struct err err = { 0 };

	if (mount_table_parse(text, strlen(text), &t, &err))
		fail_msg("%s", err.msg);
	return t;
}

static void refuse(const char *text, const char *message)
{
	struct mount_table t = { 0 };
	struct err err = { 0 };

	assert_int_equal(mount_table_parse(text, strlen(text), &t, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, message);
	assert_null(t.v);
}

static void every_field_of_a_line_is_read(void **state)
{
	AUTO(mount_table_done) struct mount_table t = parse(three);
	const struct mount_row *row = &t.v[2];

	(void)state;
	assert_int_equal(t.n, 3);
	assert_int_equal(row->id, 154);
	assert_int_equal(row->parent, 133);
	assert_int_equal(row->major, 254);
	assert_int_equal(row->minor, 0);
	assert_string_equal(row->root, "/srv/shr");
	assert_string_equal(row->mountpoint, "/shared");
	assert_int_equal(row->flags,
			 MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | 256);
	assert_true(row->is_idmapped);
	assert_int_equal(row->shared, 27);
	assert_int_equal(row->master, 2);
	assert_int_equal(row->propagate_from, 3);
	assert_true(row->is_unbindable);
	assert_string_equal(row->fstype, "ext4");
	assert_string_equal(row->source, "/dev/vda");
	assert_string_equal(row->super_options, "rw,discard");
	assert_false(row->is_deleted);
	assert_int_equal(row->line_bytes, strlen(strstr(three, "154 ")));
}

static void no_atime_word_means_strictatime(void **state)
{
	AUTO(mount_table_done) struct mount_table t = parse(three);

	(void)state;
	assert_int_equal(t.v[0].flags, MS_RELATIME);
	assert_int_equal(t.v[1].flags, MS_STRICTATIME);
}

static void escapes_are_undone_and_criu_leaves_the_newline(void **state)
{
	AUTO(mount_table_done)
	struct mount_table t = parse(
		"1 0 0:1 /a\\040b\\134 /x\\011y\\012z\\043\\9 rw - tmpfs with\\040space rw\n");

	(void)state;
	assert_string_equal(t.v[0].root, "/a b\\");
	assert_string_equal(t.v[0].mountpoint, "/x\ty\nz#\\9");
	assert_string_equal(t.v[0].criu_mountpoint, "/x\ty\\012z\\043\\9");
	assert_string_equal(t.v[0].source, "with space");
}

static void a_deleted_source_is_told_by_the_kernels_suffix_alone(void **state)
{
	AUTO(mount_table_done)
	struct mount_table t = parse("1 0 0:1 /gone//deleted /a rw - ext4 /dev/vda rw\n"
				     "2 0 0:1 /not\\040(deleted) /b rw - ext4 /dev/vda rw\n");

	(void)state;
	assert_true(t.v[0].is_deleted);
	assert_string_equal(t.v[0].root, "/gone");
	assert_false(t.v[1].is_deleted);
	assert_string_equal(t.v[1].root, "/not (deleted)");
}

static void a_source_may_be_empty_and_a_root_may_be_no_path(void **state)
{
	AUTO(mount_table_done)
	struct mount_table t = parse("1 0 0:1 / /a rw - tmpfs  rw\n"
				     "2 1 0:4 net:[4026531840] /run/netns/x rw - nsfs nsfs rw");

	(void)state;
	assert_string_equal(t.v[0].source, "");
	assert_string_equal(t.v[0].super_options, "rw");
	assert_string_equal(t.v[1].root, "net:[4026531840]");
}

static void an_empty_file_is_an_empty_table(void **state)
{
	struct mount_table t = { 0 };

	(void)state;
	assert_int_equal(mount_table_parse(NULL, 0, &t, NULL), 0);
	assert_int_equal(t.n, 0);
	assert_null(mount_table_root(&t));
	mount_table_done(&t);
}

static void a_broken_line_is_named_with_its_field(void **state)
{
	(void)state;
	refuse("1 0 0:1 / / rw - tmpfs t rw\nx 0 0:1 / / rw - tmpfs t rw\n",
	       "mountinfo line 2: mount id: \"x\" is not a number");
	refuse("1 -1 0:1 / / rw - tmpfs t rw\n",
	       "mountinfo line 1: parent id: \"-1\" is not a number");
	refuse("1 4294967296 0:1 / / rw - tmpfs t rw\n",
	       "mountinfo line 1: parent id: \"4294967296\" is not a number");
	refuse("1 0 01 / / rw - tmpfs t rw\n",
	       "mountinfo line 1: device: \"01\" is not MAJOR:MINOR");
	refuse("1 0 0:1  / rw - tmpfs t rw\n", "mountinfo line 1: root: \"\" is empty");
	refuse("1 0 0:1 / x rw - tmpfs t rw\n",
	       "mountinfo line 1: mountpoint: \"x\" is not an absolute path");
	refuse("1 0 0:1 / / rw shared:x - tmpfs t rw\n",
	       "mountinfo line 1: optional fields: \"x\" is not a number");
	refuse("1 0 0:1 / / rw shared:1\n", "mountinfo line 1: optional fields: missing");
	refuse("1 0 0:1 / / rw - tmpfs t\n", "mountinfo line 1: super options: missing");
	refuse("\n", "mountinfo line 1: mount id: \"\" is not a number");
}

static void a_nul_byte_is_refused(void **state)
{
	struct mount_table t = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(mount_table_parse("1\0"
					   "2",
					   3, &t, &err),
			 -1);
	assert_int_equal(err.kind, ERR_INVALID);
}

static void rows_are_found_by_id_and_by_parent(void **state)
{
	AUTO(mount_table_done) struct mount_table t = parse(three);
	const struct mount_row *root = mount_table_root(&t), *child;

	(void)state;
	assert_ptr_equal(root, &t.v[0]);
	assert_ptr_equal(mount_table_find_id(&t, 154), &t.v[2]);
	assert_null(mount_table_find_id(&t, 1));
	child = mount_table_next_child(&t, root, NULL);
	assert_ptr_equal(child, &t.v[1]);
	child = mount_table_next_child(&t, root, child);
	assert_ptr_equal(child, &t.v[2]);
	assert_null(mount_table_next_child(&t, root, child));
}

static void the_topmost_of_a_stack_is_the_one_that_carries_no_other(void **state)
{
	AUTO(mount_table_done)
	struct mount_table t = parse("1 1 0:1 / / rw - rootfs r rw\n"
				     "4 3 0:4 / /a rw - tmpfs top rw\n"
				     "2 1 0:2 / /a rw - tmpfs low rw\n"
				     "3 2 0:3 / /a rw - tmpfs mid rw\n");

	(void)state;
	assert_string_equal(mount_table_topmost(&t, "/a")->source, "top");
	assert_null(mount_table_topmost(&t, "/b"));
	assert_ptr_equal(mount_table_root(&t), &t.v[0]);
}

static void a_path_is_below_another_by_whole_components(void **state)
{
	(void)state;
	assert_string_equal(mount_path_below("/a/b/c", "/a"), "b/c");
	assert_string_equal(mount_path_below("/a", "/a"), "");
	assert_string_equal(mount_path_below("/a", "/"), "a");
	assert_string_equal(mount_path_below("/", "/"), "");
	assert_null(mount_path_below("/ab", "/a"));
	assert_null(mount_path_below("/a", "/a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_line_is_read),
		cmocka_unit_test(no_atime_word_means_strictatime),
		cmocka_unit_test(escapes_are_undone_and_criu_leaves_the_newline),
		cmocka_unit_test(a_deleted_source_is_told_by_the_kernels_suffix_alone),
		cmocka_unit_test(a_source_may_be_empty_and_a_root_may_be_no_path),
		cmocka_unit_test(an_empty_file_is_an_empty_table),
		cmocka_unit_test(a_broken_line_is_named_with_its_field),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(rows_are_found_by_id_and_by_parent),
		cmocka_unit_test(the_topmost_of_a_stack_is_the_one_that_carries_no_other),
		cmocka_unit_test(a_path_is_below_another_by_whole_components),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
