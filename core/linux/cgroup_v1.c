/* SPDX-License-Identifier: Apache-2.0 */
/* Limits in the control files of cgroup v1. Linux admin-guide/cgroup-v1/. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_internal.h"
#include "core/plan/cgroup_values.h"

#define MIN_SHARES     2
#define MAX_SHARES     262144
#define MAX_SWAPPINESS 100

/* --- cpuset -------------------------------------------------------------------------------------- */

/* Give `file` the value of the nearest ancestor that has one, and all directories between too. */
static int inherit(const struct cgroup_dir *d, const char *file, bool is_new, struct err *err)
{
	size_t full = strlen(d->dir), root = strlen(d->root);
	auto_free char *path = xstrdup(d->dir);
	char value[4096] = "";

	while (!value[0] && strlen(path) >= root) {
		int errnum = 0;

		if (!is_new)
			errnum = cgroup_get(path, file, value, sizeof(value));
		if (errnum) {
			errno = errnum;
			return err_sys(err, "read %s/%s", path, file);
		}
		if (value[0] || strlen(path) == root)
			break;
		*strrchr(path, '/') = '\0';
		is_new = false;
	}
	while (strlen(path) < full) {
		path[strlen(path)] = '/';
		if (cgroup_put(path, file, value, err))
			return -1;
	}
	return 0;
}

int cgroup_v1_cpuset_inherit(const struct cgroup_dir *d, bool is_new, struct err *err)
{
	return inherit(d, "cpuset.cpus", is_new, err) || inherit(d, "cpuset.mems", is_new, err) ? -1
												: 0;
}

/* --- memory -------------------------------------------------------------------------------------- */

static const char memory_limit[] = "memory.limit_in_bytes";
static const char memory_swap_limit[] = "memory.memsw.limit_in_bytes";

static int memory_failed(int errnum, const char *dir, int64_t limit, struct err *err)
{
	char usage[32] = "?", text[24];

	snprintf(text, sizeof(text), "%" PRId64, limit);
	if (errnum == EINVAL) {
		cgroup_failed(errnum, dir, memory_limit, text, err);
		return err_hint(err, "memory must not be above memory+swap: change both at once");
	}
	if (errnum != EBUSY)
		return cgroup_failed(errnum, dir, memory_limit, text, err);
	cgroup_get(dir, "memory.usage_in_bytes", usage, sizeof(usage));
	return err_set(err, ERR_LIMIT,
		       "unable to set memory limit to %s (current usage: %s bytes in %s)", text,
		       usage, dir);
}

/*
 * The kernel wants memory <= memory+swap at every moment. Memory first is right for lowering and
 * refused (EINVAL) for raising it above the old sum; then the sum goes first.
 */
static int set_memory_and_swap(const char *dir, int64_t limit, int64_t swap, struct err *err)
{
	char text[24];
	int errnum = 0;

	snprintf(text, sizeof(text), "%" PRId64, limit);
	if (limit)
		errnum = cgroup_try(dir, memory_limit, text);
	if (errnum && (errnum != EINVAL || !swap))
		return memory_failed(errnum, dir, limit, err);
	if (swap && cgroup_put_i64(dir, memory_swap_limit, swap, err))
		return -1;
	if (errnum)
		errnum = cgroup_try(dir, memory_limit, text);
	return errnum ? memory_failed(errnum, dir, limit, err) : 0;
}

/* Kernel memory limits are ignored: they went from Linux in 5.16 and from runc in 1.0. */
int cgroup_v1_set_memory(const char *dir, const struct spec_resources *res, struct err *err)
{
	int64_t limit = res->memory.limit.v, swap = res->memory.swap.v;
	char current[32];

	/* no limit of memory means no limit of the sum, where swap is counted at all */
	if (limit == -1 && !swap && !cgroup_get(dir, memory_swap_limit, current, sizeof(current)))
		swap = -1;
	/* older than Linux 5.11; a file that is gone or refuses means that it is so anyway */
	if (res->memory.use_hierarchy)
		cgroup_try(dir, "memory.use_hierarchy", "1");
	if ((limit || swap) && set_memory_and_swap(dir, limit, swap, err))
		return -1;
	if (res->memory.reservation.v &&
	    cgroup_put_i64(dir, "memory.soft_limit_in_bytes", res->memory.reservation.v, err))
		return -1;
	if (res->memory.disable_oom_killer && cgroup_put(dir, "memory.oom_control", "1", err))
		return -1;
	if (!res->memory.swappiness.set)
		return 0;
	if (res->memory.swappiness.v > MAX_SWAPPINESS)
		return err_set(err, ERR_INVALID,
			       "memory swappiness %" PRIu64 " is not between 0 and %d",
			       res->memory.swappiness.v, MAX_SWAPPINESS);
	return cgroup_put_i64(dir, "memory.swappiness", (int64_t)res->memory.swappiness.v, err);
}

/* --- cpu ----------------------------------------------------------------------------------------- */

/* A value that depends on another one: "" when there is none, or when it has been written. */
struct pending {
	const char *file;
	char text[24];
};

/* Write it; EINVAL is put off if the value that it depends on is about to be written. */
static int put_pending(const char *dir, struct pending *p, bool may_wait, struct err *err)
{
	int errnum = p->text[0] ? cgroup_try(dir, p->file, p->text) : 0;

	if (errnum == EINVAL && may_wait)
		return 0;
	/* a kernel without the file has nothing to turn off */
	if (errnum == ENOENT && !strcmp(p->text, "0"))
		errnum = 0;
	if (errnum)
		return cgroup_failed(errnum, dir, p->file, p->text, err);
	p->text[0] = '\0';
	return 0;
}

static int set_bandwidth(const char *dir, const struct spec_resources *res, struct err *err)
{
	struct pending period = { .file = "cpu.cfs_period_us" };
	struct pending burst = { .file = "cpu.cfs_burst_us" };
	int64_t quota = res->cpu.quota_us.v;

	if (res->cpu.period_us.v)
		snprintf(period.text, sizeof(period.text), "%" PRIu64, res->cpu.period_us.v);
	if (res->cpu.burst_us.set)
		snprintf(burst.text, sizeof(burst.text), "%" PRIu64, res->cpu.burst_us.v);
	if (put_pending(dir, &period, quota, err) || put_pending(dir, &burst, quota, err))
		return -1;
	if (quota && cgroup_put_i64(dir, "cpu.cfs_quota_us", quota, err))
		return -1;
	return put_pending(dir, &period, false, err) || put_pending(dir, &burst, false, err) ? -1
											     : 0;
}

static int set_real_time(const char *dir, const struct spec_resources *res, struct err *err)
{
	struct pending period = { .file = "cpu.rt_period_us" };
	int64_t runtime = res->cpu.rt_runtime_us.v;

	if (res->cpu.rt_period_us.v)
		snprintf(period.text, sizeof(period.text), "%" PRIu64, res->cpu.rt_period_us.v);
	if (put_pending(dir, &period, runtime, err))
		return -1;
	if (runtime && cgroup_put_i64(dir, "cpu.rt_runtime_us", runtime, err))
		return -1;
	return put_pending(dir, &period, false, err);
}

static int set_shares(const char *dir, uint64_t shares, struct err *err)
{
	if (!shares)
		return 0;
	/* the kernel would cut it silently */
	if (shares < MIN_SHARES)
		return err_set(err, ERR_INVALID, "the minimum allowed cpu-shares is %d",
			       MIN_SHARES);
	if (shares > MAX_SHARES)
		return err_set(err, ERR_INVALID, "the maximum allowed cpu-shares is %d",
			       MAX_SHARES);
	return cgroup_put_i64(dir, "cpu.shares", (int64_t)shares, err);
}

int cgroup_v1_set_cpu(const char *dir, const struct spec_resources *res, struct err *err)
{
	const struct spec_opt_i64 *idle = &res->cpu.idle;

	/* shares can't be written while idle, and leaving idle resets them */
	if (idle->set && !idle->v && cgroup_put_i64(dir, "cpu.idle", 0, err))
		return -1;
	if (set_shares(dir, res->cpu.shares.v, err) || set_bandwidth(dir, res, err) ||
	    set_real_time(dir, res, err))
		return -1;
	return idle->set && idle->v ? cgroup_put_i64(dir, "cpu.idle", idle->v, err) : 0;
}

/* --- blkio --------------------------------------------------------------------------------------- */

/* Write to the first of two files that exists: the plain name, or (not NULL) that of BFQ. */
static int put_either(const char *dir, const char *file, const char *second, const char *text,
		      struct err *err)
{
	int errnum = cgroup_try(dir, file, text);

	if (errnum == ENOENT && second)
		return cgroup_put(dir, second, text, err);
	return errnum ? cgroup_failed(errnum, dir, file, text, err) : 0;
}

static int put_devices(const char *dir, const char *file, const char *second,
		       const struct spec_blkio_list *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%" PRIu32 ":%" PRIu32 " %" PRIu64, list->v[i].major,
			 list->v[i].minor, list->v[i].value);
		if (put_either(dir, file, second, text, err))
			return -1;
	}
	return 0;
}

int cgroup_v1_set_blkio(const char *dir, const struct spec_resources *res, struct err *err)
{
	const struct {
		const char *file, *second;
		const struct spec_blkio_list *list;
	} lists[] = {
		{ "blkio.weight_device", "blkio.bfq.weight_device", &res->blkio.weight_device },
		{ "blkio.leaf_weight_device", NULL, &res->blkio.leaf_weight_device },
		{ "blkio.throttle.read_bps_device", NULL, &res->blkio.read_bps },
		{ "blkio.throttle.write_bps_device", NULL, &res->blkio.write_bps },
		{ "blkio.throttle.read_iops_device", NULL, &res->blkio.read_iops },
		{ "blkio.throttle.write_iops_device", NULL, &res->blkio.write_iops },
	};
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, res->blkio.weight.v);
	if (res->blkio.weight.v && put_either(dir, "blkio.weight", "blkio.bfq.weight", text, err))
		return -1;
	snprintf(text, sizeof(text), "%" PRIu64, res->blkio.leaf_weight.v);
	if (res->blkio.leaf_weight.v && cgroup_put(dir, "blkio.leaf_weight", text, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (put_devices(dir, lists[i].file, lists[i].second, lists[i].list, err))
			return -1;
	return 0;
}

/* --- the rest ------------------------------------------------------------------------------------ */

int cgroup_v1_set_hugetlb(const char *dir, const struct spec_resources *res, struct err *err)
{
	for (size_t i = 0; i < res->n_hugepages; i++) {
		char name[CGROUP_VALUE_BYTES], file[CGROUP_VALUE_BYTES + 48], text[24];
		int errnum;

		if (cgroup_hugepage_name(res->hugepages[i].page_size, name, err))
			return -1;
		snprintf(text, sizeof(text), "%" PRIu64, res->hugepages[i].limit_bytes);
		snprintf(file, sizeof(file), "hugetlb.%s.limit_in_bytes", name);
		if (cgroup_put(dir, file, text, err))
			return -1;
		/* reservations, Linux 5.7: a limit at page fault alone would end in SIGBUS */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.limit_in_bytes", name);
		errnum = cgroup_try(dir, file, text);
		if (errnum && errnum != ENOENT)
			return cgroup_failed(errnum, dir, file, text, err);
	}
	return 0;
}

int cgroup_v1_set_net_cls(const char *dir, const struct spec_resources *res, struct err *err)
{
	return cgroup_put_i64(dir, "net_cls.classid", (int64_t)res->network.class_id.v, err);
}

int cgroup_v1_set_net_prio(const char *dir, const struct spec_resources *res, struct err *err)
{
	const struct spec_pairs *list = &res->network.priorities;

	for (size_t i = 0; i < list->n; i++) {
		auto_free char *text = xasprintf("%s %s", list->v[i].key, list->v[i].value);

		if (cgroup_put(dir, "net_prio.ifpriomap", text, err))
			return -1;
	}
	return 0;
}
