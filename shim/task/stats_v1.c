/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/metrics_v1.pb-c.h"
#include "shim/task/stats.h"
#include "shim/task/stats_file.h"

#define SAME(type, name)       #name, offsetof(Metrics__V1__##type, name)
#define FROM(file, type, name) file, offsetof(Metrics__V1__##type, name)

static const struct stats_field memory_stat[] = {
	{ SAME(Memory, cache) },
	{ SAME(Memory, rss) },
	{ SAME(Memory, rss_huge) },
	{ SAME(Memory, mapped_file) },
	{ SAME(Memory, dirty) },
	{ SAME(Memory, writeback) },
	{ SAME(Memory, pgpgin) },
	{ SAME(Memory, pgpgout) },
	{ SAME(Memory, pgfault) },
	{ SAME(Memory, pgmajfault) },
	{ SAME(Memory, inactive_anon) },
	{ SAME(Memory, active_anon) },
	{ SAME(Memory, inactive_file) },
	{ SAME(Memory, active_file) },
	{ SAME(Memory, unevictable) },
	{ SAME(Memory, hierarchical_memory_limit) },
	{ FROM("hierarchical_memsw_limit", Memory, hierarchical_swap_limit) },
	{ SAME(Memory, total_cache) },
	{ SAME(Memory, total_rss) },
	{ SAME(Memory, total_rss_huge) },
	{ SAME(Memory, total_mapped_file) },
	{ SAME(Memory, total_dirty) },
	{ SAME(Memory, total_writeback) },
	{ SAME(Memory, total_pgpgin) },
	{ SAME(Memory, total_pgpgout) },
	{ SAME(Memory, total_pgfault) },
	{ SAME(Memory, total_pgmajfault) },
	{ SAME(Memory, total_inactive_anon) },
	{ SAME(Memory, total_active_anon) },
	{ SAME(Memory, total_inactive_file) },
	{ SAME(Memory, total_active_file) },
	{ SAME(Memory, total_unevictable) },
};

static const struct stats_field oom_control[] = {
	{ SAME(OomControl, oom_kill_disable) },
	{ SAME(OomControl, under_oom) },
	{ SAME(OomControl, oom_kill) },
};

static const struct stats_field throttle[] = {
	{ FROM("nr_periods", Throttle, periods) },
	{ FROM("nr_throttled", Throttle, throttled_periods) },
	{ SAME(Throttle, throttled_time) },
};

static const struct stats_field cpuacct_stat[] = {
	{ SAME(CpuUsage, user) },
	{ FROM("system", CpuUsage, kernel) },
};

struct metrics {
	Metrics__V1__Metrics all;
	Metrics__V1__Pids pids;
	Metrics__V1__Cpu cpu;
	Metrics__V1__CpuUsage usage;
	Metrics__V1__Throttle throttling;
	Metrics__V1__Memory memory;
	Metrics__V1__MemoryEntry entries[4];
	Metrics__V1__OomControl oom;
	Metrics__V1__Blkio blkio;
	Metrics__V1__Rdma rdma;
	struct arena arena;
};

/* --- memory, pids, hugetlb, rdma ---------------------------------------------------------------*/

static void read_memory_entry(const char *dir, const char *which, Metrics__V1__MemoryEntry *e)
{
	static const struct stats_field fields[] = {
		{ FROM("limit_in_bytes", MemoryEntry, limit) },
		{ FROM("usage_in_bytes", MemoryEntry, usage) },
		{ FROM("max_usage_in_bytes", MemoryEntry, max) },
		{ SAME(MemoryEntry, failcnt) },
	};

	metrics__v1__memory_entry__init(e);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		auto_free char *file = xasprintf("memory.%s%s", which, fields[i].name);

		stats_read_number(dir, file, (uint64_t *)(void *)((char *)e + fields[i].offset));
	}
}

static void read_memory(const char *dir, struct metrics *m)
{
	static const char *const which[] = { "", "memsw.", "kmem.", "kmem.tcp." };

	m->all.memory = &m->memory;
	m->all.memory_oom_control = &m->oom;
	stats_read_pairs(dir, "memory.stat", memory_stat, ARRAY_LEN(memory_stat), &m->memory);
	stats_read_pairs(dir, "memory.oom_control", oom_control, ARRAY_LEN(oom_control), &m->oom);
	for (size_t i = 0; i < ARRAY_LEN(which); i++)
		read_memory_entry(dir, which[i], &m->entries[i]);
	m->memory.usage = &m->entries[0];
	m->memory.swap = &m->entries[1];
	m->memory.kernel = &m->entries[2];
	m->memory.kernel_tcp = &m->entries[3];
}

/* No limit is 0 here, as in containerd's reader of v1. */
static void read_pids(const char *dir, struct metrics *m)
{
	m->all.pids = &m->pids;
	stats_read_number(dir, "pids.current", &m->pids.current);
	if (stats_read_number(dir, "pids.max", &m->pids.limit) && m->pids.limit == UINT64_MAX)
		m->pids.limit = 0;
}

static void read_hugetlb(const char *dir, struct metrics *m)
{
	AUTO(strv_done) struct strv sizes = { 0 };

	stats_page_sizes(dir, ".usage_in_bytes", &sizes);
	for (size_t i = 0; i < sizes.n; i++) {
		auto_free char *usage = xasprintf("hugetlb.%s.usage_in_bytes", sizes.v[i]);
		auto_free char *max = xasprintf("hugetlb.%s.max_usage_in_bytes", sizes.v[i]);
		auto_free char *failcnt = xasprintf("hugetlb.%s.failcnt", sizes.v[i]);
		Metrics__V1__Hugetlb *e =
			stats_add(&m->arena, &m->all.hugetlb, &m->all.n_hugetlb, sizeof(*e));

		metrics__v1__hugetlb__init(e);
		e->pagesize = arena_strdup(&m->arena, sizes.v[i]);
		stats_read_number(dir, usage, &e->usage);
		stats_read_number(dir, max, &e->max);
		stats_read_number(dir, failcnt, &e->failcnt);
	}
}

static void read_rdma_file(const char *dir, const char *file, struct metrics *m,
			   Metrics__V1__RdmaEntry ***list, size_t *n)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct stats_line line;
	char *at;

	if (!stats_read(dir, file, &text))
		return;
	for (at = text.p; stats_next_line(&at, &line);) {
		Metrics__V1__RdmaEntry *e = stats_add(&m->arena, list, n, sizeof(*e));
		struct stats_rdma r = stats_parse_rdma(line.rest);

		metrics__v1__rdma_entry__init(e);
		e->device = arena_strdup(&m->arena, line.name);
		e->hca_handles = r.handles;
		e->hca_objects = r.objects;
	}
}

static void read_rdma(const char *dir, struct metrics *m)
{
	m->all.rdma = &m->rdma;
	read_rdma_file(dir, "rdma.current", m, &m->rdma.current, &m->rdma.n_current);
	read_rdma_file(dir, "rdma.max", m, &m->rdma.limit, &m->rdma.n_limit);
}

/* --- cpu, cpuacct ------------------------------------------------------------------------------*/

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ticks * (1000000000U / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void read_per_cpu(const char *dir, struct metrics *m)
{
	AUTO(buf_done) struct buf text = { 0 };
	char *at, *end;
	size_t n = 0;

	if (!stats_read(dir, "cpuacct.usage_percpu", &text))
		return;
	m->usage.per_cpu = arena_array(&m->arena, text.n / 2 + 1, sizeof(uint64_t));
	for (at = text.p;; at = end) {
		uint64_t value = strtoull(at, &end, 10);

		if (end == at)
			break;
		m->usage.per_cpu[n++] = value;
	}
	m->usage.n_per_cpu = n;
}

static void read_cpuacct(const char *dir, struct metrics *m)
{
	stats_read_number(dir, "cpuacct.usage", &m->usage.total);
	stats_read_pairs(dir, "cpuacct.stat", cpuacct_stat, ARRAY_LEN(cpuacct_stat), &m->usage);
	m->usage.user = ticks_to_ns(m->usage.user);
	m->usage.kernel = ticks_to_ns(m->usage.kernel);
	read_per_cpu(dir, m);
}

static void read_cpu(const char *dir, struct metrics *m)
{
	stats_read_pairs(dir, "cpu.stat", throttle, ARRAY_LEN(throttle), &m->throttling);
}

static void set_cpu(struct metrics *m)
{
	m->all.cpu = &m->cpu;
	m->cpu.usage = &m->usage;
	m->cpu.throttling = &m->throttling;
}

/* --- blkio -------------------------------------------------------------------------------------*/

/* "/dev/sda" of 8:0 from lines "   8        0   16777216 sda", or "". */
static char *device_name(const char *partitions, uint64_t major, uint64_t minor,
			 struct arena *arena)
{
	for (const char *at = partitions; at && *at; at = strchr(at, '\n')) {
		unsigned long long is_major, is_minor;
		char name[64];

		at += *at == '\n';
		if (sscanf(at, "%llu %llu %*u %63s", &is_major, &is_minor, name) == 3 &&
		    is_major == major && is_minor == minor)
			return arena_printf(arena, "/dev/%s", name);
	}
	return arena_strdup(arena, "");
}

struct blkio_list {
	Metrics__V1__BlkioEntry ***v;
	size_t *n;
};

/* Lines "8:0 Read 4096" or "8:0 4096"; the last, "Total 8192", is of no device. */
static void read_blkio_file(const char *dir, const char *file, struct metrics *m,
			    struct blkio_list list)
{
	AUTO(buf_done) struct buf text = { 0 }, partitions = { 0 };
	struct stats_line line;
	char *at;

	if (!stats_read(dir, file, &text))
		return;
	stats_read("/proc", "partitions", &partitions);
	for (at = text.p; stats_next_line(&at, &line);) {
		const char *blank = strchr(line.rest, ' ');
		const char *number = blank ? blank + 1 : line.rest;
		uint64_t major, minor, value;
		Metrics__V1__BlkioEntry *e;

		if (!stats_parse_device(line.name, &major, &minor) ||
		    !stats_parse_number(number, &value))
			continue;
		e = stats_add(&m->arena, list.v, list.n, sizeof(*e));
		metrics__v1__blkio_entry__init(e);
		e->op = arena_printf(&m->arena, "%.*s", (int)(blank ? blank - line.rest : 0),
				     line.rest);
		e->device = device_name(partitions.p, major, minor, &m->arena);
		e->major = major;
		e->minor = minor;
		e->value = value;
	}
}

#define LIST(name) offsetof(Metrics__V1__Blkio, name), offsetof(Metrics__V1__Blkio, n_##name)

struct blkio_file {
	const char *name;
	size_t list, n;
};

static void read_blkio_files(const char *dir, const struct blkio_file *files, size_t n,
			     struct metrics *m)
{
	for (size_t i = 0; i < n; i++) {
		char *base = (char *)&m->blkio;
		struct blkio_list list = { (void *)(base + files[i].list),
					   (void *)(base + files[i].n) };

		read_blkio_file(dir, files[i].name, m, list);
	}
}

static bool has_blkio(const struct metrics *m)
{
	return m->blkio.n_io_service_bytes_recursive || m->blkio.n_io_serviced_recursive;
}

/* BFQ counts where it is the disk's scheduler, CFQ did so before it; throttling counts for any disk. */
static void read_blkio(const char *dir, struct metrics *m)
{
	static const struct blkio_file cfq[] = {
		{ "blkio.io_service_bytes_recursive", LIST(io_service_bytes_recursive) },
		{ "blkio.io_serviced_recursive", LIST(io_serviced_recursive) },
		{ "blkio.io_queued_recursive", LIST(io_queued_recursive) },
		{ "blkio.io_service_time_recursive", LIST(io_service_time_recursive) },
		{ "blkio.io_wait_time_recursive", LIST(io_wait_time_recursive) },
		{ "blkio.io_merged_recursive", LIST(io_merged_recursive) },
		{ "blkio.time_recursive", LIST(io_time_recursive) },
		{ "blkio.sectors_recursive", LIST(sectors_recursive) },
	};
	static const struct blkio_file bfq[] = {
		{ "blkio.bfq.io_service_bytes_recursive", LIST(io_service_bytes_recursive) },
		{ "blkio.bfq.io_serviced_recursive", LIST(io_serviced_recursive) },
	};
	static const struct blkio_file throttled[] = {
		{ "blkio.throttle.io_service_bytes_recursive", LIST(io_service_bytes_recursive) },
		{ "blkio.throttle.io_serviced_recursive", LIST(io_serviced_recursive) },
	};
	static const struct blkio_file throttled_once[] = {
		{ "blkio.throttle.io_service_bytes", LIST(io_service_bytes_recursive) },
		{ "blkio.throttle.io_serviced", LIST(io_serviced_recursive) },
	};

	m->all.blkio = &m->blkio;
	read_blkio_files(dir, cfq, ARRAY_LEN(cfq), m);
	if (!has_blkio(m))
		read_blkio_files(dir, bfq, ARRAY_LEN(bfq), m);
	if (!has_blkio(m))
		read_blkio_files(dir, throttled, ARRAY_LEN(throttled), m);
	if (!has_blkio(m))
		read_blkio_files(dir, throttled_once, ARRAY_LEN(throttled_once), m);
}

/* --- all ---------------------------------------------------------------------------------------*/

static const struct {
	const char *controller;
	void (*read)(const char *dir, struct metrics *m);
} readers[] = {
	{ "pids", read_pids },	   { "cpuacct", read_cpuacct }, { "cpu", read_cpu },
	{ "memory", read_memory }, { "blkio", read_blkio },	{ "hugetlb", read_hugetlb },
	{ "rdma", read_rdma },
};

void stats_v1(const struct cgroup *cg, struct buf *out)
{
	struct metrics m = {
		.all = METRICS__V1__METRICS__INIT,
		.pids = METRICS__V1__PIDS__INIT,
		.cpu = METRICS__V1__CPU__INIT,
		.usage = METRICS__V1__CPU_USAGE__INIT,
		.throttling = METRICS__V1__THROTTLE__INIT,
		.memory = METRICS__V1__MEMORY__INIT,
		.oom = METRICS__V1__OOM_CONTROL__INIT,
		.blkio = METRICS__V1__BLKIO__INIT,
		.rdma = METRICS__V1__RDMA__INIT,
	};

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		const char *dir = cgroup_dir_of(cg, readers[i].controller);

		if (dir)
			readers[i].read(dir, &m);
	}
	if (cgroup_dir_of(cg, "cpuacct") || cgroup_dir_of(cg, "cpu"))
		set_cpu(&m);
	stats_pack(&m.all, out);
	arena_done(&m.arena);
}
