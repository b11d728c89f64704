/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/linux/cgroup_internal.h"

#define ROOT "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
#define SYS  "21 20 0:20 / /sys rw shared:2 - sysfs sysfs rw\n"
#define TMPFS \
	"31 21 0:28 / /sys/fs/cgroup rw,relatime shared:3 master:1 - tmpfs tmpfs rw,mode=755\n"
#define MEMORY "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:4 - cgroup cgroup rw,memory\n"
#define CPU    "36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
#define NAMED  "37 31 0:34 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
#define V2_IN  "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
#define V2     "42 21 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"

static struct cgroup_hierarchies find(const char *mountinfo, const char *own)
{
	struct cgroup_hierarchies hs = { 0 };
	auto_free char *m = xstrdup(mountinfo), *o = xstrdup(own);

	cgroup_find(m, o, &hs);
	return hs;
}

static void assert_row(const struct cgroup_hierarchies *hs, size_t i, const char *controllers,
		       const char *root, const char *own)
{
	assert_true(i < hs->n);
	assert_string_equal(hs->v[i].controllers, controllers);
	assert_string_equal(hs->v[i].root, root);
	assert_string_equal(hs->v[i].own, own);
}

static void a_hybrid_host_has_v1_rows_and_one_of_v2(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs =
		find(ROOT SYS TMPFS MEMORY CPU NAMED V2_IN,
		     "5:name=systemd:/user/a\n4:memory:/\n2:cpu,cpuacct:/x\n0::/user/a\n");

	(void)state;
	assert_int_equal(hs.n, 4);
	assert_row(&hs, 0, "name=systemd", "/sys/fs/cgroup/systemd", "/user/a");
	assert_row(&hs, 1, "memory", "/sys/fs/cgroup/memory", "");
	assert_row(&hs, 2, "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/x");
	assert_row(&hs, 3, "", "/sys/fs/cgroup/unified", "/user/a");
	assert_int_equal(cgroup_layout_of(&hs), CGROUP_HYBRID);
}

static void a_v2_host_has_one_row(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs = find(ROOT SYS V2, "0::/user.slice/s.scope\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "", "/sys/fs/cgroup", "/user.slice/s.scope");
	assert_int_equal(cgroup_layout_of(&hs), CGROUP_V2);
}

static void a_hierarchy_that_is_not_mounted_is_left_out(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs =
		find(ROOT SYS TMPFS MEMORY, "9:net_cls:/\n4:memory:/\n0::/\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "memory", "/sys/fs/cgroup/memory", "");
	assert_int_equal(cgroup_layout_of(&hs), CGROUP_V1);
}

static void no_cgroups_at_all_is_a_layout_too(void **state)
{
	AUTO(cgroup_hierarchies_done) struct cgroup_hierarchies hs = find(ROOT SYS, "0::/\n");

	(void)state;
	assert_int_equal(hs.n, 0);
	assert_int_equal(cgroup_layout_of(&hs), CGROUP_NONE);
}

static void a_controller_is_matched_as_a_whole_word(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs = find(
		ROOT SYS TMPFS "36 31 0:33 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
			       "37 31 0:34 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
			       "38 31 0:35 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
		"1:cpu:/\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "cpu", "/sys/fs/cgroup/cpu", "");
}

/* A container without a cgroup namespace: its mount shows the hierarchy from its own cgroup on. */
static void a_mount_of_a_part_takes_that_part_off_the_own_path(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs =
		find(ROOT SYS TMPFS
		     "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup c rw,memory\n"
		     "36 31 0:33 /docker/abc /sys/fs/cgroup/pids rw - cgroup c rw,pids\n",
		     "4:memory:/docker/abc\n3:pids:/docker/abc/inner\n");

	(void)state;
	assert_int_equal(hs.n, 2);
	assert_row(&hs, 0, "memory", "/sys/fs/cgroup/memory", "");
	assert_row(&hs, 1, "pids", "/sys/fs/cgroup/pids", "/inner");
}

static void a_mount_of_somebody_elses_part_is_passed_over(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs = find(
		ROOT "30 20 0:32 /docker/ab /ct/memory rw - cgroup c rw,memory\n" SYS TMPFS MEMORY,
		"4:memory:/docker/abc\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "memory", "/sys/fs/cgroup/memory", "/docker/abc");
}

static void a_mount_from_outside_the_cgroup_namespace_is_used_from_its_root(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs = find(
		ROOT SYS "42 21 0:38 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "", "/sys/fs/cgroup", "");
}

static void a_mount_under_another_one_does_not_count(void **state)
{
	/* cgroup2 over the tmpfs that carries v1 */
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies v2 = find(ROOT SYS TMPFS MEMORY V2_IN
					    "50 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
					    "4:memory:/\n0::/\n");
	/* a new tmpfs over the old one, with fresh mounts in it */
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies fresh =
		find(ROOT SYS TMPFS MEMORY CPU
		     "50 31 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		     "51 50 0:32 / /sys/fs/cgroup/memory rw - cgroup c rw,memory\n",
		     "4:memory:/\n2:cpu,cpuacct:/\n");
	/* something right on top */
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies top = find(
		ROOT SYS TMPFS MEMORY "50 35 0:50 / /sys/fs/cgroup/memory rw - tmpfs tmpfs rw\n",
		"4:memory:/\n");

	(void)state;
	assert_int_equal(v2.n, 1);
	assert_row(&v2, 0, "", "/sys/fs/cgroup", "");
	assert_int_equal(fresh.n, 1);
	assert_row(&fresh, 0, "memory", "/sys/fs/cgroup/memory", "");
	assert_int_equal(top.n, 0);
}

/* An initramfs mounts /sys before the real root, and moves it: ids and lines out of order. */
static void the_order_of_the_lines_tells_nothing(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs =
		find("15 14 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		     "14 12 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		     "12 30 0:20 / /sys rw - sysfs sysfs rw\n"
		     "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		     "4:memory:/\n");

	(void)state;
	assert_int_equal(hs.n, 1);
}

static void escaped_mount_points_are_read(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs =
		find(ROOT "35 20 0:32 /a\\040b /my\\134cg\\040x rw - cgroup cgroup rw,memory\n",
		     "4:memory:/a b/c\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "memory", "/my\\cg x", "/c");
}

static void a_cgroup_path_may_have_colons(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs = find(ROOT SYS V2, "0::/system.slice:docker:abc\n");

	(void)state;
	assert_int_equal(hs.n, 1);
	assert_row(&hs, 0, "", "/sys/fs/cgroup", "/system.slice:docker:abc");
}

static void lines_that_make_no_sense_are_passed_over(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies mounts = find(
		"\n - \n1 2 - cgroup2\nx y 0:1 / /a rw - cgroup2 c rw\n1 1 1 1 1 - cgroup2 c\n",
		"0::/\n");
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies own = find(ROOT SYS V2, "\n0\n0:\n0::\n0::a\n");

	(void)state;
	assert_int_equal(mounts.n, 0);
	assert_int_equal(own.n, 0);
}

static void parents_in_a_circle_do_not_hang(void **state)
{
	AUTO(cgroup_hierarchies_done)
	struct cgroup_hierarchies hs =
		find("8 9 0:1 / /a rw - cgroup2 c rw\n9 8 0:1 / /b rw - tmpfs c rw\n"
		     "7 7 0:1 / /a/b rw - tmpfs c rw\n",
		     "0::/\n");

	(void)state;
	assert_int_equal(hs.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hybrid_host_has_v1_rows_and_one_of_v2),
		cmocka_unit_test(a_v2_host_has_one_row),
		cmocka_unit_test(a_hierarchy_that_is_not_mounted_is_left_out),
		cmocka_unit_test(no_cgroups_at_all_is_a_layout_too),
		cmocka_unit_test(a_controller_is_matched_as_a_whole_word),
		cmocka_unit_test(a_mount_of_a_part_takes_that_part_off_the_own_path),
		cmocka_unit_test(a_mount_of_somebody_elses_part_is_passed_over),
		cmocka_unit_test(a_mount_from_outside_the_cgroup_namespace_is_used_from_its_root),
		cmocka_unit_test(a_mount_under_another_one_does_not_count),
		cmocka_unit_test(the_order_of_the_lines_tells_nothing),
		cmocka_unit_test(escaped_mount_points_are_read),
		cmocka_unit_test(a_cgroup_path_may_have_colons),
		cmocka_unit_test(lines_that_make_no_sense_are_passed_over),
		cmocka_unit_test(parents_in_a_circle_do_not_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
