/* SPDX-License-Identifier: Apache-2.0 */
/* Limits in the control files of cgroup v2, and handing controllers down. cgroup-v2.rst. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/linux/cgroup_internal.h"
#include "core/plan/cgroup_values.h"

#define LIST_BYTES 512 /* of all controller names in one line */

/* --- controllers --------------------------------------------------------------------------------- */

/*
 * All at once, or one by one where some can't. With EBUSY (processes in the way) it stays undone:
 * taking the threaded controllers alone would turn what is below into invalid domains.
 */
static void hand_down(const char *dir, const char *controllers)
{
	static const char file[] = "cgroup.subtree_control";
	auto_free char *words = xstrdup(controllers);
	int errnum = cgroup_try(dir, file, controllers);
	char *save = NULL;

	if (errnum)
		log_debug("write \"%s\" to %s/%s: %s", controllers, dir, file, strerror(errnum));
	if (!errnum || errnum == EBUSY)
		return;
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		cgroup_try(dir, file, w);
}

void cgroup_v2_enable(const struct cgroup_dir *d, const char *controllers)
{
	auto_free char *path = xstrdup(d->dir);
	char *at = path + strlen(d->root);

	for (; at; at = strchr(at + 1, '/')) {
		*at = '\0';
		hand_down(path, controllers);
		*at = '/';
	}
}

void cgroup_v2_enable_all(const struct cgroup_dir *d)
{
	char all[LIST_BYTES] = "", have[LIST_BYTES] = "", wanted[2 * LIST_BYTES] = "";
	size_t n = 0;
	char *save = NULL;

	if (cgroup_get(d->root, "cgroup.controllers", all, sizeof(all)) || !all[0] ||
	    cgroup_get(d->dir, "cgroup.controllers", have, sizeof(have)) || !strcmp(all, have))
		return;
	for (char *w = strtok_r(all, " ", &save); w; w = strtok_r(NULL, " ", &save))
		n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "%s+%s", n ? " " : "", w);
	cgroup_v2_enable(d, wanted);
}

/* --- files that v1 has too ----------------------------------------------------------------------- */

int cgroup_set_cpuset(const char *dir, const struct spec_resources *res, struct err *err)
{
	const char *cpus = res->cpu.cpus, *mems = res->cpu.mems;

	if (cpus && *cpus && cgroup_put(dir, "cpuset.cpus", cpus, err))
		return -1;
	return mems && *mems ? cgroup_put(dir, "cpuset.mems", mems, err) : 0;
}

int cgroup_set_pids(const char *dir, const struct spec_resources *res, struct err *err)
{
	char text[CGROUP_VALUE_BYTES];

	cgroup_limit_text(res->pids_limit.v, text);
	return cgroup_put(dir, "pids.max", text, err);
}

int cgroup_set_rdma(const char *dir, const struct spec_resources *res, struct err *err)
{
	for (size_t i = 0; i < res->n_rdma; i++) {
		const struct spec_rdma_limit *l = &res->rdma[i];
		AUTO(buf_done) struct buf text = { 0 };

		buf_str(&text, l->device);
		if (l->has_handles)
			buf_addf(&text, " hca_handle=%" PRIu32, l->handles);
		if (l->has_objects)
			buf_addf(&text, " hca_object=%" PRIu32, l->objects);
		if (cgroup_put(dir, "rdma.max", text.p, err))
			return -1;
	}
	return 0;
}

/* --- memory -------------------------------------------------------------------------------------- */

/* A limit below the usage would have the kernel kill; who wants that refused says so. */
static int check_usage(const char *dir, const struct spec_resources *res, struct err *err)
{
	const struct {
		const char *what;
		int64_t limit;
	} limits[] = {
		{ "memory+swap", res->memory.swap.v },
		{ "memory", res->memory.limit.v },
	};
	unsigned long long usage;
	char text[32];

	if (!res->memory.check_before_update ||
	    cgroup_get(dir, "memory.current", text, sizeof(text)) ||
	    str_to_u64(text, INT64_MAX, &usage))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (limits[i].limit > 0 && (unsigned long long)limits[i].limit <= usage)
			return err_set(err, ERR_LIMIT,
				       "rejecting %s limit %" PRId64 " <= usage %llu in %s",
				       limits[i].what, limits[i].limit, usage, dir);
	return 0;
}

/* Swappiness and the OOM killer's switch have no file in v2; like runc we pass over them. */
int cgroup_v2_set_memory(const char *dir, const struct spec_resources *res, struct err *err)
{
	char text[CGROUP_VALUE_BYTES];
	int errnum = 0;

	if (check_usage(dir, res, err) ||
	    cgroup_swap_max(res->memory.limit.v, res->memory.swap.v, text, err))
		return -1;
	if (text[0])
		errnum = cgroup_try(dir, "memory.swap.max", text);
	/* a kernel that counts no swap has none to forbid or to allow */
	if (errnum == ENOENT && (!strcmp(text, "max") || !strcmp(text, "0")))
		errnum = 0;
	if (errnum)
		return cgroup_failed(errnum, dir, "memory.swap.max", text, err);
	cgroup_limit_text(res->memory.limit.v, text);
	if (res->memory.limit.v && cgroup_put(dir, "memory.max", text, err))
		return -1;
	cgroup_limit_text(res->memory.reservation.v, text);
	return res->memory.reservation.v ? cgroup_put(dir, "memory.low", text, err) : 0;
}

/* --- cpu ----------------------------------------------------------------------------------------- */

/* The burst must not be above the quota: where it goes first and is refused, it goes again. */
static int set_bandwidth(const char *dir, const struct spec_resources *res, struct err *err)
{
	char max[CGROUP_VALUE_BYTES], burst[24], current[CGROUP_VALUE_BYTES] = "";
	bool is_period_alone = res->cpu.period_us.v && !res->cpu.quota_us.v;
	int errnum = 0;

	if (is_period_alone)
		cgroup_get(dir, "cpu.max", current, sizeof(current));
	cgroup_cpu_max(res->cpu.quota_us.v, res->cpu.period_us.v, current, max);
	snprintf(burst, sizeof(burst), "%" PRIu64, res->cpu.burst_us.v);
	if (res->cpu.burst_us.set)
		errnum = cgroup_try(dir, "cpu.max.burst", burst);
	if (errnum == ENOENT && !res->cpu.burst_us.v)
		errnum = 0;
	if (errnum && (errnum != EINVAL || !max[0]))
		return cgroup_failed(errnum, dir, "cpu.max.burst", burst, err);
	if (max[0] && cgroup_put(dir, "cpu.max", max, err))
		return -1;
	return errnum ? cgroup_put(dir, "cpu.max.burst", burst, err) : 0;
}

/* Real-time limits have no file in v2; like runc we pass over them. */
int cgroup_v2_set_cpu(const char *dir, const struct spec_resources *res, struct err *err)
{
	const struct spec_opt_i64 *idle = &res->cpu.idle;
	uint64_t weight = cgroup_cpu_weight(res->cpu.shares.v);

	/* the weight can't be written while idle, and leaving idle resets it */
	if (idle->set && !idle->v && cgroup_put_i64(dir, "cpu.idle", 0, err))
		return -1;
	if (weight && cgroup_put_i64(dir, "cpu.weight", (int64_t)weight, err))
		return -1;
	if (set_bandwidth(dir, res, err))
		return -1;
	return idle->set && idle->v ? cgroup_put_i64(dir, "cpu.idle", idle->v, err) : 0;
}

/* --- io ------------------------------------------------------------------------------------------ */

/* BFQ takes blkio's numbers; where it isn't loaded, io.weight takes converted ones. */
static int put_weight(const char *dir, const char *device, uint64_t weight, struct err *err)
{
	char text[64];
	int errnum;

	snprintf(text, sizeof(text), "%s%" PRIu64, device, weight);
	errnum = cgroup_try(dir, "io.bfq.weight", text);
	if (errnum && errnum != ENOENT)
		return cgroup_failed(errnum, dir, "io.bfq.weight", text, err);
	if (!errnum)
		return 0;
	snprintf(text, sizeof(text), "%s%" PRIu64, device, cgroup_io_weight(weight));
	return cgroup_put(dir, "io.weight", text, err);
}

int cgroup_v2_set_io(const char *dir, const struct spec_resources *res, struct err *err)
{
	const struct {
		const char *key;
		const struct spec_blkio_list *list;
	} lists[] = {
		{ "rbps", &res->blkio.read_bps },
		{ "wbps", &res->blkio.write_bps },
		{ "riops", &res->blkio.read_iops },
		{ "wiops", &res->blkio.write_iops },
	};
	const struct spec_blkio_list *weights = &res->blkio.weight_device;
	char text[96];

	if (res->blkio.weight.v && put_weight(dir, "", res->blkio.weight.v, err))
		return -1;
	for (size_t i = 0; i < weights->n; i++) {
		snprintf(text, sizeof(text), "%" PRIu32 ":%" PRIu32 " ", weights->v[i].major,
			 weights->v[i].minor);
		if (put_weight(dir, text, weights->v[i].value, err))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const struct spec_blkio_list *l = lists[i].list;

		for (size_t k = 0; k < l->n; k++) {
			snprintf(text, sizeof(text), "%" PRIu32 ":%" PRIu32 " %s=%" PRIu64,
				 l->v[k].major, l->v[k].minor, lists[i].key, l->v[k].value);
			if (cgroup_put(dir, "io.max", text, err))
				return -1;
		}
	}
	return 0;
}

/* --- the rest ------------------------------------------------------------------------------------ */

int cgroup_v2_set_hugetlb(const char *dir, const struct spec_resources *res, struct err *err)
{
	for (size_t i = 0; i < res->n_hugepages; i++) {
		char name[CGROUP_VALUE_BYTES], file[CGROUP_VALUE_BYTES + 24], text[24];
		int errnum;

		if (cgroup_hugepage_name(res->hugepages[i].page_size, name, err))
			return -1;
		snprintf(text, sizeof(text), "%" PRIu64, res->hugepages[i].limit_bytes);
		snprintf(file, sizeof(file), "hugetlb.%s.max", name);
		if (cgroup_put(dir, file, text, err))
			return -1;
		/* reservations, Linux 5.7: a limit at page fault alone would end in SIGBUS */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", name);
		errnum = cgroup_try(dir, file, text);
		if (errnum && errnum != ENOENT)
			return cgroup_failed(errnum, dir, file, text, err);
	}
	return 0;
}

int cgroup_v2_set_unified(const char *dir, const struct spec_resources *res, struct err *err)
{
	for (size_t i = 0; i < res->unified.n; i++) {
		const struct spec_pair *p = &res->unified.v[i];
		auto_free char *lines = xstrdup(p->value);
		char *save = NULL;

		if (cgroup_unified_check(p->key, err))
			return -1;
		/* the kernel takes one line per write (io.max has one per device) */
		for (char *l = strtok_r(lines, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			if (cgroup_put(dir, p->key, l, err))
				return err_wrap(err, "unable to set unified resource \"%s\"",
						p->key);
	}
	return 0;
}
