/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/str.h"
#include "core/cr/criu_explain.h"

static void expect(const char *text, const char *explained)
{
	AUTO(mount_names_done) struct mount_names names = { 0 };
	struct err err = { .kind = ERR_CRIU };

	mount_names_add(&names, 5, "/", NULL);
	mount_names_add(&names, 12, "/data", NULL);
	mount_names_add(&names, 12, "/data", "/srv/a");
	names.v[names.n - 1].alias = "/run/stage/k0001";
	mount_names_add(&names, 59, "/tmp", NULL);
	snprintf(err.msg, sizeof(err.msg), "%s", text);
	criu_explain(&names, &err);
	assert_string_equal(err.msg, explained);
}

static void a_mount_goes_by_mountpoint_and_source(void **state)
{
	(void)state;
	expect("criu dump failed: mnt: 12:./data doesn't have a proper root mount",
	       "criu dump failed: mnt: /data (from /srv/a) doesn't have a proper root mount");
	expect("mnt: No mapping for 12:(null) mountpoint",
	       "mnt: No mapping for /data (from /srv/a) mountpoint");
	expect("mnt: No mapping for 77:(null) mountpoint",
	       "mnt: No mapping for an unknown mount mountpoint");
	expect("mnt: Unable to statfs ./data: No such device; next",
	       "mnt: Unable to statfs /data (from /srv/a): No such device; next");
	expect("mnt: Unable to statfs ./other", "mnt: Unable to statfs /other");
	expect("Can't lookup mount=59 for fd=2 path=/x",
	       "Can't lookup mount=/tmp for fd=2 path=/x");
}

static void the_directories_of_criu_become_mountpoints(void **state)
{
	(void)state;
	expect("mnt: Can't stat mountpoint /tmp/.criu.mntns.a1B2c3/mnt-0000000012/sub/x: No such",
	       "mnt: Can't stat mountpoint /data/sub/x (from /srv/a): No such");
	expect("Can't mount at /tmp/.criu.mntns.a1B2c3/mnt-0000000005/etc: Busy",
	       "Can't mount at /etc: Busy");
	expect("mnt-v2: Failed to move_mount from /run/stage/k0001 to "
	       "/tmp/.criu.mntns.a1B2c3/mnt-0000000059: Not a directory",
	       "mnt-v2: Failed to move_mount from /data (from /srv/a) to /tmp: Not a directory");
	expect("at /tmp/.criu.mntns.a1B2c3/mnt-0000000077: Busy",
	       "at /tmp/.criu.mntns.a1B2c3/mnt-0000000077: Busy");
}

static void ids_in_sentences_about_sharing_become_mountpoints(void **state)
{
	(void)state;
	expect("mnt-v2: Failed to copy sharing from -1:/srv/sub/x to 59: Invalid argument",
	       "mnt-v2: Failed to copy sharing from /srv/sub/x to /tmp: Invalid argument");
	expect("mnt: Mount 12 ./data (master_id: 5 shared_id: 59) has unreachable sharing.",
	       "mnt: Mount /data (from /srv/a) (master_id: 5 shared_id: 59) has unreachable sharing.");
	expect("mnt: Failed to make mount 59 slave; pie: Waiting for 59",
	       "mnt: Failed to make mount /tmp slave; pie: Waiting for 59");
}

static void a_file_that_was_open_is_named_on_both_sides(void **state)
{
	(void)state;
	expect("criu restore failed: File data/d/f has bad size 7 (expect 1)",
	       "criu restore failed: File /data/d/f (from /srv/a/d/f) has bad size 7 (expect 1)");
	expect("Can't open file tmp/x on restore: No such file or directory",
	       "Can't open file /tmp/x on restore: No such file or directory");
	expect("Can't open file database/x", "Can't open file /database/x");
	expect("file or directory", "file or directory");
}

static void other_numbers_paths_and_errors_stay(void **state)
{
	struct err err = { .kind = ERR_SYS, .msg = "mnt: 12:./data" };

	(void)state;
	expect("", "");
	expect("Wrote 12 bytes of 59, pid 5 at 12:30:59",
	       "Wrote 12 bytes of 59, pid 5 at 12:30:59");
	expect("path /srv/a/data and /data  (12)", "path /srv/a/data and /data  (12)");
	criu_explain(&(struct mount_names){ 0 }, &err);
	assert_string_equal(err.msg, "mnt: 12:./data");
}

static void a_message_that_grows_is_cut_at_its_room(void **state)
{
	AUTO(mount_names_done) struct mount_names names = { 0 };
	struct err err = { .kind = ERR_CRIU };
	char path[1000];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	mount_names_add(&names, 1, path, NULL);
	for (int i = 0; i < 6; i++)
		strcat(err.msg, "1:./x ");
	criu_explain(&names, &err);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_goes_by_mountpoint_and_source),
		cmocka_unit_test(the_directories_of_criu_become_mountpoints),
		cmocka_unit_test(ids_in_sentences_about_sharing_become_mountpoints),
		cmocka_unit_test(a_file_that_was_open_is_named_on_both_sides),
		cmocka_unit_test(other_numbers_paths_and_errors_stay),
		cmocka_unit_test(a_message_that_grows_is_cut_at_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
