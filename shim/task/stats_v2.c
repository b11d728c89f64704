/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/metrics_v2.pb-c.h"
#include "shim/task/stats.h"
#include "shim/task/stats_file.h"

/* A field of a message that is called as in the kernel's file, or otherwise. */
#define SAME(type, name)       #name, offsetof(Metrics__V2__##type, name)
#define FROM(file, type, name) file, offsetof(Metrics__V2__##type, name)

static const struct stats_field cpu_stat[] = {
	{ SAME(Cpu, usage_usec) }, { SAME(Cpu, user_usec) },	{ SAME(Cpu, system_usec) },
	{ SAME(Cpu, nr_periods) }, { SAME(Cpu, nr_throttled) }, { SAME(Cpu, throttled_usec) },
};

static const struct stats_field pids_files[] = {
	{ FROM("pids.current", Pids, current) },
	{ FROM("pids.max", Pids, limit) },
};

/* Since Linux 5.9 the workingset's numbers are told for anonymous memory and files apart. */
static const struct stats_field memory_stat[] = {
	{ SAME(Memory, anon) },
	{ SAME(Memory, file) },
	{ SAME(Memory, kernel_stack) },
	{ SAME(Memory, slab) },
	{ SAME(Memory, sock) },
	{ SAME(Memory, shmem) },
	{ SAME(Memory, file_mapped) },
	{ SAME(Memory, file_dirty) },
	{ SAME(Memory, file_writeback) },
	{ SAME(Memory, anon_thp) },
	{ SAME(Memory, inactive_anon) },
	{ SAME(Memory, active_anon) },
	{ SAME(Memory, inactive_file) },
	{ SAME(Memory, active_file) },
	{ SAME(Memory, unevictable) },
	{ SAME(Memory, slab_reclaimable) },
	{ SAME(Memory, slab_unreclaimable) },
	{ SAME(Memory, pgfault) },
	{ SAME(Memory, pgmajfault) },
	{ SAME(Memory, workingset_refault) },
	{ FROM("workingset_refault_anon", Memory, workingset_refault) },
	{ FROM("workingset_refault_file", Memory, workingset_refault) },
	{ SAME(Memory, workingset_activate) },
	{ FROM("workingset_activate_anon", Memory, workingset_activate) },
	{ FROM("workingset_activate_file", Memory, workingset_activate) },
	{ SAME(Memory, workingset_nodereclaim) },
	{ SAME(Memory, pgrefill) },
	{ SAME(Memory, pgscan) },
	{ SAME(Memory, pgsteal) },
	{ SAME(Memory, pgactivate) },
	{ SAME(Memory, pgdeactivate) },
	{ SAME(Memory, pglazyfree) },
	{ SAME(Memory, pglazyfreed) },
	{ SAME(Memory, thp_fault_alloc) },
	{ SAME(Memory, thp_collapse_alloc) },
};

static const struct stats_field memory_files[] = {
	{ FROM("memory.current", Memory, usage) },
	{ FROM("memory.max", Memory, usage_limit) },
	{ FROM("memory.peak", Memory, max_usage) },
	{ FROM("memory.swap.current", Memory, swap_usage) },
	{ FROM("memory.swap.max", Memory, swap_limit) },
	{ FROM("memory.swap.peak", Memory, swap_max_usage) },
};

static const struct stats_field memory_events[] = {
	{ SAME(MemoryEvents, low) }, { SAME(MemoryEvents, high) },     { SAME(MemoryEvents, max) },
	{ SAME(MemoryEvents, oom) }, { SAME(MemoryEvents, oom_kill) },
};

static const struct stats_field io_stat[] = {
	{ SAME(IoEntry, rbytes) },
	{ SAME(IoEntry, wbytes) },
	{ SAME(IoEntry, rios) },
	{ SAME(IoEntry, wios) },
};

struct pressure {
	Metrics__V2__Pressure both;
	Metrics__V2__PressureLine some, full;
};

struct metrics {
	Metrics__V2__Metrics all;
	Metrics__V2__Pids pids;
	Metrics__V2__Cpu cpu;
	Metrics__V2__Memory memory;
	Metrics__V2__MemoryEvents events;
	Metrics__V2__Io io;
	Metrics__V2__Rdma rdma;
	struct pressure cpu_pressure, memory_pressure, io_pressure;
	struct arena arena;
};

/* Lines "some avg10=0.12 avg60=0.03 avg300=0.00 total=4711"; NULL where the kernel has it off. */
static Metrics__V2__Pressure *read_pressure(const char *dir, const char *file, struct pressure *p)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct stats_line line;
	char *at;

	metrics__v2__pressure__init(&p->both);
	metrics__v2__pressure_line__init(&p->some);
	metrics__v2__pressure_line__init(&p->full);
	if (!stats_read(dir, file, &text))
		return NULL;
	for (at = text.p; stats_next_line(&at, &line);) {
		bool is_full = !strcmp(line.name, "full");
		Metrics__V2__PressureLine *l = is_full ? &p->full : &p->some;

		if (sscanf(line.rest, "avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, &l->avg10,
			   &l->avg60, &l->avg300, &l->total) == 4)
			*(is_full ? &p->both.full : &p->both.some) = l;
	}
	return &p->both;
}

static void read_memory(const char *dir, struct metrics *m)
{
	uint64_t usage;

	if (!stats_read_number(dir, "memory.current", &usage))
		return;
	m->all.memory = &m->memory;
	m->all.memory_events = &m->events;
	m->memory.psi = read_pressure(dir, "memory.pressure", &m->memory_pressure);
	stats_read_pairs(dir, "memory.stat", memory_stat, ARRAY_LEN(memory_stat), &m->memory);
	stats_read_numbers(dir, memory_files, ARRAY_LEN(memory_files), &m->memory);
	stats_read_pairs(dir, "memory.events", memory_events, ARRAY_LEN(memory_events), &m->events);
}

static void read_pids(const char *dir, struct metrics *m)
{
	uint64_t current;

	if (!stats_read_number(dir, "pids.current", &current))
		return;
	m->all.pids = &m->pids;
	stats_read_numbers(dir, pids_files, ARRAY_LEN(pids_files), &m->pids);
}

static void read_io(const char *dir, struct metrics *m)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct stats_line line;
	char *at;

	if (!stats_read(dir, "io.stat", &text))
		return;
	m->all.io = &m->io;
	m->io.psi = read_pressure(dir, "io.pressure", &m->io_pressure);
	for (at = text.p; stats_next_line(&at, &line);) {
		Metrics__V2__IoEntry *e;
		uint64_t major, minor;

		if (!stats_parse_device(line.name, &major, &minor))
			continue;
		e = stats_add(&m->arena, &m->io.usage, &m->io.n_usage, sizeof(*e));
		metrics__v2__io_entry__init(e);
		e->major = major;
		e->minor = minor;
		stats_parse_words(line.rest, io_stat, ARRAY_LEN(io_stat), e);
	}
}

static void read_hugetlb(const char *dir, struct metrics *m)
{
	AUTO(strv_done) struct strv sizes = { 0 };

	stats_page_sizes(dir, ".current", &sizes);
	for (size_t i = 0; i < sizes.n; i++) {
		auto_free char *current = xasprintf("hugetlb.%s.current", sizes.v[i]);
		auto_free char *max = xasprintf("hugetlb.%s.max", sizes.v[i]);
		Metrics__V2__Hugetlb *e =
			stats_add(&m->arena, &m->all.hugetlb, &m->all.n_hugetlb, sizeof(*e));

		metrics__v2__hugetlb__init(e);
		e->pagesize = arena_strdup(&m->arena, sizes.v[i]);
		stats_read_number(dir, current, &e->current);
		stats_read_number(dir, max, &e->max);
	}
}

static void read_rdma(const char *dir, const char *file, struct metrics *m,
		      Metrics__V2__RdmaEntry ***list, size_t *n)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct stats_line line;
	char *at;

	if (!stats_read(dir, file, &text))
		return;
	m->all.rdma = &m->rdma;
	for (at = text.p; stats_next_line(&at, &line);) {
		Metrics__V2__RdmaEntry *e = stats_add(&m->arena, list, n, sizeof(*e));
		struct stats_rdma r = stats_parse_rdma(line.rest);

		metrics__v2__rdma_entry__init(e);
		e->device = arena_strdup(&m->arena, line.name);
		e->hca_handles = r.handles;
		e->hca_objects = r.objects;
	}
}

void stats_v2(const char *dir, struct buf *out)
{
	struct metrics m = {
		.all = METRICS__V2__METRICS__INIT,
		.pids = METRICS__V2__PIDS__INIT,
		.cpu = METRICS__V2__CPU__INIT,
		.memory = METRICS__V2__MEMORY__INIT,
		.events = METRICS__V2__MEMORY_EVENTS__INIT,
		.io = METRICS__V2__IO__INIT,
		.rdma = METRICS__V2__RDMA__INIT,
	};

	read_pids(dir, &m);
	m.all.cpu = &m.cpu;
	m.cpu.psi = read_pressure(dir, "cpu.pressure", &m.cpu_pressure);
	stats_read_pairs(dir, "cpu.stat", cpu_stat, ARRAY_LEN(cpu_stat), &m.cpu);
	read_memory(dir, &m);
	read_io(dir, &m);
	read_hugetlb(dir, &m);
	read_rdma(dir, "rdma.current", &m, &m.rdma.current, &m.rdma.n_current);
	read_rdma(dir, "rdma.max", &m, &m.rdma.limit, &m.rdma.n_limit);
	stats_pack(&m.all, out);
	arena_done(&m.arena);
}
