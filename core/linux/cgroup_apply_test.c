/* SPDX-License-Identifier: Apache-2.0 */
/* Limits written to empty files in /tmp that stand in for a cgroup's control files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_internal.h"

#define ASKED(value)                    \
	{                               \
		.set = true, .v = value \
	}

static char dir[32];

static int new_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kedge-limits-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fd_remove_tree(AT_FDCWD, dir, NULL);
}

/* Make the control files; NULL ends the list. */
static void make_files(const char *const *files)
{
	for (; *files; files++) {
		auto_free char *path = xasprintf("%s/%s", dir, *files);
		int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		close(fd);
	}
}
#define FILES(...) make_files((const char *const[]){ __VA_ARGS__, NULL })

static void assert_file(const char *file, const char *text)
{
	char value[128];

	assert_int_equal(cgroup_get(dir, file, value, sizeof(value)), 0);
	assert_string_equal(value, text);
}

/* Update a cgroup whose only directory is `dir`, in a hierarchy with `controllers` ("": v2). */
static int update(const char *controllers, const struct spec_resources *res, struct err *err)
{
	struct cgroup_dir d = { xstrdup(controllers), xstrdup(dir), xstrdup("/tmp") };
	const struct cgroup cg = { .v = &d, .n = 1 };
	int ret;

	*err = (struct err){ 0 };
	ret = cgroup_update(&cg, res, err);
	free(d.controllers);
	free(d.dir);
	free(d.root);
	return ret;
}

static void assert_set(const char *controllers, const struct spec_resources *res)
{
	struct err err;

	if (update(controllers, res, &err))
		fail_msg("%s", err.msg);
}

static void assert_refused(const char *controllers, const struct spec_resources *res,
			   enum err_kind kind)
{
	struct err err;

	assert_int_equal(update(controllers, res, &err), -1);
	assert_int_equal(err.kind, kind);
}

/* --- memory -------------------------------------------------------------------------------------- */

static void v1_memory_goes_into_its_files(void **state)
{
	const struct spec_resources res = { .memory = { .limit = ASKED(1000),
							.swap = ASKED(3000),
							.reservation = ASKED(500),
							.swappiness = ASKED(60),
							.disable_oom_killer = true } };

	(void)state;
	FILES("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control",
	      "memory.soft_limit_in_bytes", "memory.swappiness");
	assert_set("memory", &res);
	assert_file("memory.limit_in_bytes", "1000");
	assert_file("memory.memsw.limit_in_bytes", "3000");
	assert_file("memory.soft_limit_in_bytes", "500");
	assert_file("memory.swappiness", "60");
	assert_file("memory.oom_control", "1");
}

static void v1_unlimited_memory_unlimits_the_sum_where_it_is_counted(void **state)
{
	const struct spec_resources res = { .memory.limit = ASKED(-1) };

	(void)state;
	FILES("memory.limit_in_bytes");
	assert_set("memory", &res);
	assert_file("memory.limit_in_bytes", "-1");
	FILES("memory.memsw.limit_in_bytes");
	assert_set("memory", &res);
	assert_file("memory.memsw.limit_in_bytes", "-1");
}

static void v1_swappiness_has_bounds(void **state)
{
	const struct spec_resources res = { .memory.swappiness = ASKED(101) };

	(void)state;
	FILES("memory.swappiness");
	assert_refused("memory", &res, ERR_INVALID);
	assert_file("memory.swappiness", "");
}

static void v2_swap_is_written_without_the_memory(void **state)
{
	const struct spec_resources res = {
		.memory = { .limit = ASKED(1000), .swap = ASKED(3000), .reservation = ASKED(-1) }
	};

	(void)state;
	FILES("memory.max", "memory.swap.max", "memory.low");
	assert_set("", &res);
	assert_file("memory.max", "1000");
	assert_file("memory.swap.max", "2000");
	assert_file("memory.low", "max");
}

static void v2_without_swap_accounting_only_a_real_swap_limit_fails(void **state)
{
	const struct spec_resources none = { .memory = { .limit = ASKED(1000),
							 .swap = ASKED(1000) } };
	const struct spec_resources some = { .memory = { .limit = ASKED(1000),
							 .swap = ASKED(2000) } };

	(void)state;
	FILES("memory.max");
	assert_set("", &none);
	assert_file("memory.max", "1000");
	assert_refused("", &some, ERR_UNSUPPORTED);
}

static void v2_refuses_a_limit_below_the_usage_when_asked_to(void **state)
{
	struct spec_resources res = { .memory = { .limit = ASKED(1000),
						  .check_before_update = true } };
	auto_free char *path = xasprintf("%s/memory.current", dir);
	FILE *current;

	(void)state;
	FILES("memory.max", "memory.current");
	current = fopen(path, "we");
	assert_non_null(current);
	fputs("1000\n", current);
	fclose(current);
	assert_refused("", &res, ERR_LIMIT);
	assert_file("memory.max", "");
	res.memory.check_before_update = false;
	assert_set("", &res);
}

/* --- cpu ----------------------------------------------------------------------------------------- */

static void v1_cpu_goes_into_its_files(void **state)
{
	const struct spec_resources res = { .cpu = { .shares = ASKED(512),
						     .quota_us = ASKED(-1),
						     .period_us = ASKED(50000),
						     .burst_us = ASKED(1000),
						     .rt_runtime_us = ASKED(9000),
						     .rt_period_us = ASKED(10000),
						     .idle = ASKED(1) } };

	(void)state;
	FILES("cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.cfs_burst_us",
	      "cpu.rt_runtime_us", "cpu.rt_period_us", "cpu.idle");
	assert_set("cpu,cpuacct", &res);
	assert_file("cpu.shares", "512");
	assert_file("cpu.cfs_quota_us", "-1");
	assert_file("cpu.cfs_period_us", "50000");
	assert_file("cpu.cfs_burst_us", "1000");
	assert_file("cpu.rt_runtime_us", "9000");
	assert_file("cpu.rt_period_us", "10000");
	assert_file("cpu.idle", "1");
}

static void v1_shares_that_the_kernel_would_cut_are_refused(void **state)
{
	const struct spec_resources low = { .cpu.shares = ASKED(1) };
	const struct spec_resources high = { .cpu.shares = ASKED(262145) };

	(void)state;
	FILES("cpu.shares");
	assert_refused("cpu", &low, ERR_INVALID);
	assert_refused("cpu", &high, ERR_INVALID);
	assert_file("cpu.shares", "");
}

static void a_burst_of_0_needs_no_file_but_a_real_one_does(void **state)
{
	const struct spec_resources none = { .cpu.burst_us = ASKED(0) };
	const struct spec_resources some = { .cpu.burst_us = ASKED(5) };

	(void)state;
	assert_set("cpu", &none);
	assert_set("", &none);
	assert_refused("cpu", &some, ERR_UNSUPPORTED);
	assert_refused("", &some, ERR_UNSUPPORTED);
}

static void v2_cpu_has_a_weight_and_one_file_for_the_bandwidth(void **state)
{
	const struct spec_resources res = { .cpu = { .shares = ASKED(1024),
						     .quota_us = ASKED(50000),
						     .period_us = ASKED(100000),
						     .idle = ASKED(0) } };
	const struct spec_resources period = { .cpu.period_us = ASKED(20000) };

	(void)state;
	FILES("cpu.weight", "cpu.max", "cpu.idle");
	assert_set("", &res);
	assert_file("cpu.weight", "100");
	assert_file("cpu.max", "50000 100000");
	assert_file("cpu.idle", "0");
	assert_set("", &period);
	assert_file("cpu.max", "50000 200000"); /* the fake file keeps its last byte */
}

static void cpusets_are_the_same_in_both(void **state)
{
	struct spec_resources res = { .cpu = { .cpus = (char[]){ "0-1" },
					       .mems = (char[]){ "0" } } };

	(void)state;
	FILES("cpuset.cpus", "cpuset.mems");
	assert_set("cpuset", &res);
	assert_file("cpuset.cpus", "0-1");
	assert_file("cpuset.mems", "0");
	res.cpu.cpus[0] = '1';
	res.cpu.cpus[1] = '\0';
	assert_set("", &res);
}

/* --- the rest ------------------------------------------------------------------------------------ */

static void pids_without_a_limit_are_max(void **state)
{
	const struct spec_resources none = { .pids_limit = ASKED(-1) };
	const struct spec_resources unset = { .pids_limit = ASKED(0) };

	(void)state;
	assert_set("pids", &unset);
	FILES("pids.max");
	assert_set("pids", &none);
	assert_file("pids.max", "max");
}

static void v1_block_weights_go_to_bfq_where_that_is_all_there_is(void **state)
{
	struct spec_blkio_device dev = { 8, 16, 300 };
	const struct spec_resources res = { .blkio = { .weight = ASKED(500),
						       .weight_device = { &dev, 1 },
						       .read_bps = { &dev, 1 } } };

	(void)state;
	FILES("blkio.bfq.weight", "blkio.bfq.weight_device", "blkio.throttle.read_bps_device");
	assert_set("blkio", &res);
	assert_file("blkio.bfq.weight", "500");
	assert_file("blkio.bfq.weight_device", "8:16 300");
	assert_file("blkio.throttle.read_bps_device", "8:16 300");
	FILES("blkio.weight", "blkio.weight_device");
	assert_set("blkio", &res);
	assert_file("blkio.weight", "500");
	assert_file("blkio.weight_device", "8:16 300");
}

static void v2_block_weights_are_converted_without_bfq(void **state)
{
	struct spec_blkio_device dev = { 8, 16, 4096 };
	const struct spec_resources res = { .blkio = { .weight = ASKED(500),
						       .write_iops = { &dev, 1 } } };

	(void)state;
	FILES("io.weight", "io.max");
	assert_set("", &res);
	assert_file("io.weight", "4950");
	assert_file("io.max", "8:16 wiops=4096");
	FILES("io.bfq.weight");
	assert_set("", &res);
	assert_file("io.bfq.weight", "500");
}

static void huge_pages_are_limited_with_their_reservations(void **state)
{
	struct spec_hugepage_limit limit = { (char[]){ "2048KB" }, 4194304 };
	const struct spec_resources res = { .hugepages = &limit, .n_hugepages = 1 };

	(void)state;
	FILES("hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max");
	assert_set("hugetlb", &res);
	assert_file("hugetlb.2MB.limit_in_bytes", "4194304");
	assert_set("", &res);
	assert_file("hugetlb.2MB.max", "4194304");
	assert_file("hugetlb.2MB.rsvd.max", "4194304");
}

static void network_and_rdma_limits_go_into_their_files(void **state)
{
	struct spec_pair prio = { (char[]){ "eth0" }, (char[]){ "5" } };
	struct spec_rdma_limit rdma = { (char[]){ "mlx5_1" }, true, true, 3, 10000 };
	const struct spec_resources net = { .network = { .class_id = ASKED(0x100001),
							 .priorities = { &prio, 1 } } };
	const struct spec_resources hca = { .rdma = &rdma, .n_rdma = 1 };

	(void)state;
	FILES("net_cls.classid", "net_prio.ifpriomap", "rdma.max");
	assert_set("net_cls,net_prio", &net);
	assert_file("net_cls.classid", "1048577");
	assert_file("net_prio.ifpriomap", "eth0 5");
	assert_set("", &hca);
	assert_file("rdma.max", "mlx5_1 hca_handle=3 hca_object=10000");
	assert_refused("", &net, ERR_UNSUPPORTED);
}

static void unified_is_for_v2_alone(void **state)
{
	struct spec_pair pair = { (char[]){ "memory.high" }, (char[]){ "1000" } };
	struct spec_resources res = { .unified = { &pair, 1 } };

	(void)state;
	FILES("memory.high");
	assert_refused("memory", &res, ERR_UNSUPPORTED);
	assert_set("", &res);
	assert_file("memory.high", "1000");
	pair.key = (char[]){ "../memory.high" };
	assert_refused("", &res, ERR_INVALID);
	pair.key = (char[]){ "misc.max" };
	assert_refused("", &res, ERR_UNSUPPORTED);
}

static void a_missing_controller_is_named_with_its_file(void **state)
{
	const struct spec_resources res = { .pids_limit = ASKED(5) };
	struct err err;

	(void)state;
	assert_int_equal(update("memory", &res, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "controller pids"));
	assert_int_equal(update("", &res, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "pids.max"));
	assert_non_null(strstr(err.msg, "controller pids"));
}

static void a_cgroup_that_is_gone_is_named_as_such(void **state)
{
	const struct spec_resources res = { .pids_limit = ASKED(5) };

	(void)state;
	assert_int_equal(rmdir(dir), 0);
	assert_refused("pids", &res, ERR_NOT_FOUND);
	assert_int_equal(mkdir(dir, 0700), 0);
}

static void no_limits_write_nothing(void **state)
{
	const struct spec_resources res = { 0 };

	(void)state;
	assert_set("", &res);
	assert_set("memory,cpu,cpuset,pids,blkio,hugetlb", &res);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(v1_memory_goes_into_its_files),
		TEST(v1_unlimited_memory_unlimits_the_sum_where_it_is_counted),
		TEST(v1_swappiness_has_bounds),
		TEST(v2_swap_is_written_without_the_memory),
		TEST(v2_without_swap_accounting_only_a_real_swap_limit_fails),
		TEST(v2_refuses_a_limit_below_the_usage_when_asked_to),
		TEST(v1_cpu_goes_into_its_files),
		TEST(v1_shares_that_the_kernel_would_cut_are_refused),
		TEST(a_burst_of_0_needs_no_file_but_a_real_one_does),
		TEST(v2_cpu_has_a_weight_and_one_file_for_the_bandwidth),
		TEST(cpusets_are_the_same_in_both),
		TEST(pids_without_a_limit_are_max),
		TEST(v1_block_weights_go_to_bfq_where_that_is_all_there_is),
		TEST(v2_block_weights_are_converted_without_bfq),
		TEST(huge_pages_are_limited_with_their_reservations),
		TEST(network_and_rdma_limits_go_into_their_files),
		TEST(unified_is_for_v2_alone),
		TEST(a_missing_controller_is_named_with_its_file),
		TEST(a_cgroup_that_is_gone_is_named_as_such),
		TEST(no_limits_write_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
