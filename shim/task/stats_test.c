/* SPDX-License-Identifier: Apache-2.0 */
/* Files in /tmp that stand in for a cgroup's, and the bytes that clients are to get for them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "proto/metrics_v1.pb-c.h"
#include "shim/task/stats.h"

#define U64_MAX_BYTES "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"

static char dir[32];

static int new_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kedge-stats-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return fd_remove_tree(AT_FDCWD, dir, NULL);
}

static void file(const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(fd_replace_text(AT_FDCWD, path, text, 0600, NULL), 0);
}

#define assert_wire(out, expected)                                 \
	do {                                                       \
		assert_int_equal((out)->n, sizeof(expected) - 1);  \
		assert_memory_equal((out)->p, expected, (out)->n); \
	} while (0)

static void v1_of(const char *controllers, struct buf *out)
{
	struct cgroup_dir d = { (char *)controllers, dir, (char *)"/tmp" };
	struct cgroup cg = { .v = &d, .n = 1 };

	stats_v1(&cg, out);
}

/* --- v2 ----------------------------------------------------------------------------------------*/

static void v2_is_encoded_as_clients_decode_it(void **state)
{
	static const char wire[] =
		"\x0a\x0d\x08\x03\x10" U64_MAX_BYTES	   /* pids: 3 of max */
		"\x12\x08\x08\xac\x02\x10\xc8\x01\x18\x64" /* cpu: 300, 200, 100 us */
		"\x22\x16\x08\x80\x20\xa0\x01\x03"	   /* memory: anon 4096, refault 3 */
		"\x80\x02\x80\x40\x88\x02" U64_MAX_BYTES   /* 8192 of max */
		"\x32\x0e\x0a\x0c\x08\x08\x10\x10\x18\x01\x20\x02\x28\x03\x30\x04" /* io, 8:16 */
		"\x3a\x09\x08\x01\x10\x02\x1a\x03"
		"2MB"		    /* hugetlb */
		"\x42\x02\x28\x05"; /* events: 5 killed */
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	file("pids.current", "3\n");
	file("pids.max", "max\n");
	file("cpu.stat", "usage_usec 300\nuser_usec 200\nsystem_usec 100\ncore_sched.x 9\n");
	file("memory.stat", "anon 4096\nworkingset_refault_anon 1\nworkingset_refault_file 2\n");
	file("memory.current", "8192\n");
	file("memory.max", "max\n");
	file("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 5\noom_group_kill 0\n");
	file("io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n");
	file("hugetlb.2MB.current", "1\n");
	file("hugetlb.2MB.max", "2\n");
	stats_v2(dir, &out);
	assert_wire(&out, wire);
}

static void without_controllers_there_is_but_an_empty_cpu(void **state)
{
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	stats_v2(dir, &out);
	assert_wire(&out, "\x12\x00");
}

static void pressure_is_per_cent_and_microseconds(void **state)
{
	static const char wire[] =
		"\x12\x15\x3a\x13"
		"\x0a\x0c\x09\0\0\0\0\0\0\xe0\x3f\x20\xae\x02" /* 0.5 %, 302 us */
		"\x12\x03\x20\xb2\x02";
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	file("cpu.pressure", "some avg10=0.50 avg60=0.00 avg300=0.00 total=302\n"
			     "full avg10=0.00 avg60=0.00 avg300=0.00 total=306\n");
	stats_v2(dir, &out);
	assert_wire(&out, wire);
}

static void rdma_is_one_entry_per_device(void **state)
{
	static const char wire[] = "\x12\x00"
				   "\x2a\x1a\x0a\x0a\x0a\x04mlx4\x10\x02\x18\x03"
				   "\x12\x0c\x0a\x04mlx4\x18\xff\xff\xff\xff\x0f";
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	file("rdma.current", "mlx4 hca_handle=2 hca_object=3\n");
	file("rdma.max", "mlx4 hca_handle=0 hca_object=max\n");
	stats_v2(dir, &out);
	assert_wire(&out, wire);
}

/* --- v1 ----------------------------------------------------------------------------------------*/

static void v1_pids_without_a_limit_say_none(void **state)
{
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	file("pids.current", "3\n");
	file("pids.max", "max\n");
	v1_of("pids", &out);
	assert_wire(&out, "\x12\x02\x08\x03");
}

static void v1_cpu_is_in_nanoseconds(void **state)
{
	static const char wire[] = "\x1a\x1c"
				   "\x0a\x12\x08\xe8\x07\x10\x80\xad\xe2\x04\x18\x80\xda\xc4\x09"
				   "\x22\x03\x90\x03\x05"
				   "\x12\x06\x08\x01\x10\x02\x18\x03";
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	file("cpuacct.usage", "1000\n");
	file("cpuacct.stat", "user 2\nsystem 1\n"); /* hundredths of a second */
	file("cpuacct.usage_percpu", "400 5 \n");
	file("cpu.stat", "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n");
	v1_of("cpu,cpuacct", &out);
	assert_wire(&out, wire);
}

static void v1_memory_has_all_four_counters_and_the_killing(void **state)
{
	AUTO(buf_done) struct buf out = { 0 };
	Metrics__V1__Metrics *m;

	(void)state;
	file("memory.stat", "cache 1\nhierarchical_memsw_limit 2\ntotal_inactive_file 3\n");
	file("memory.usage_in_bytes", "4\n");
	file("memory.limit_in_bytes", "5\n");
	file("memory.max_usage_in_bytes", "6\n");
	file("memory.failcnt", "7\n");
	file("memory.memsw.usage_in_bytes", "8\n");
	file("memory.kmem.usage_in_bytes", "9\n");
	file("memory.kmem.tcp.usage_in_bytes", "10\n");
	file("memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 11\n");
	v1_of("memory", &out);
	m = metrics__v1__metrics__unpack(NULL, out.n, (const uint8_t *)out.p);
	assert_non_null(m);
	assert_int_equal(m->memory->cache, 1);
	assert_int_equal(m->memory->hierarchical_swap_limit, 2);
	assert_int_equal(m->memory->total_inactive_file, 3);
	assert_int_equal(m->memory->usage->usage, 4);
	assert_int_equal(m->memory->usage->limit, 5);
	assert_int_equal(m->memory->usage->max, 6);
	assert_int_equal(m->memory->usage->failcnt, 7);
	assert_int_equal(m->memory->swap->usage, 8);
	assert_int_equal(m->memory->kernel->usage, 9);
	assert_int_equal(m->memory->kernel_tcp->usage, 10);
	assert_int_equal(m->memory_oom_control->under_oom, 1);
	assert_int_equal(m->memory_oom_control->oom_kill, 11);
	metrics__v1__metrics__free_unpacked(m, NULL);
}

static void v1_block_io_comes_from_the_throttle_where_no_scheduler_counts(void **state)
{
	/* bytes: Read 4096 and Total 4096 of 511:1, a device that nobody has */
	static const char wire[] = "\x2a\x2a"
				   "\x0a\x0e\x0a\x04Read\x18\xff\x03\x20\x01\x28\x80\x20"
				   "\x0a\x0f\x0a\x05Total\x18\xff\x03\x20\x01\x28\x80\x20"
				   "\x12\x07\x18\xff\x03\x20\x01\x28\x07";
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	file("blkio.throttle.io_service_bytes_recursive",
	     "511:1 Read 4096\n511:1 Total 4096\nTotal 4096\n");
	file("blkio.throttle.io_serviced_recursive", "511:1 7\n");
	v1_of("blkio", &out);
	assert_wire(&out, wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(v2_is_encoded_as_clients_decode_it, new_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(without_controllers_there_is_but_an_empty_cpu,
						new_dir, remove_dir),
		cmocka_unit_test_setup_teardown(pressure_is_per_cent_and_microseconds, new_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(rdma_is_one_entry_per_device, new_dir, remove_dir),
		cmocka_unit_test_setup_teardown(v1_pids_without_a_limit_say_none, new_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(v1_cpu_is_in_nanoseconds, new_dir, remove_dir),
		cmocka_unit_test_setup_teardown(v1_memory_has_all_four_counters_and_the_killing,
						new_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			v1_block_io_comes_from_the_throttle_where_no_scheduler_counts, new_dir,
			remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
