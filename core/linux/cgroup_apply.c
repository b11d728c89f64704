/* SPDX-License-Identifier: Apache-2.0 */
/* Which limits are asked for, and where each goes. */
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/cgroup_device.h"
#include "core/linux/cgroup_internal.h"
#include "core/plan/cgroup_values.h"

static bool wants_cpuset(const struct spec_resources *r)
{
	return (r->cpu.cpus && *r->cpu.cpus) || (r->cpu.mems && *r->cpu.mems);
}

static bool wants_memory(const struct spec_resources *r)
{
	return r->memory.limit.v || r->memory.swap.v || r->memory.reservation.v ||
	       r->memory.swappiness.set || r->memory.disable_oom_killer;
}

static bool wants_cpu(const struct spec_resources *r)
{
	return r->cpu.shares.v || r->cpu.quota_us.v || r->cpu.period_us.v || r->cpu.burst_us.set ||
	       r->cpu.rt_runtime_us.v || r->cpu.rt_period_us.v || r->cpu.idle.set;
}

/* 0 was "no limit" before runtime-spec 1.3 */
static bool wants_pids(const struct spec_resources *r)
{
	return r->pids_limit.v;
}

static bool wants_blkio(const struct spec_resources *r)
{
	return r->blkio.weight.v || r->blkio.leaf_weight.v || r->blkio.weight_device.n ||
	       r->blkio.leaf_weight_device.n || r->blkio.read_bps.n || r->blkio.write_bps.n ||
	       r->blkio.read_iops.n || r->blkio.write_iops.n;
}

static bool wants_hugetlb(const struct spec_resources *r)
{
	return r->n_hugepages;
}

static bool wants_net_cls(const struct spec_resources *r)
{
	return r->network.class_id.v;
}

static bool wants_net_prio(const struct spec_resources *r)
{
	return r->network.priorities.n;
}

static bool wants_rdma(const struct spec_resources *r)
{
	return r->n_rdma;
}

static const struct setting {
	const char *v1_name, *v2_name; /* of the controller; v2_name NULL: v1 alone has it */
	bool (*is_wanted)(const struct spec_resources *r);
	cgroup_set_fn *v1, *v2;
} settings[] = {
	{ "cpuset", "cpuset", wants_cpuset, cgroup_set_cpuset, cgroup_set_cpuset },
	{ "memory", "memory", wants_memory, cgroup_v1_set_memory, cgroup_v2_set_memory },
	{ "cpu", "cpu", wants_cpu, cgroup_v1_set_cpu, cgroup_v2_set_cpu },
	{ "pids", "pids", wants_pids, cgroup_set_pids, cgroup_set_pids },
	{ "blkio", "io", wants_blkio, cgroup_v1_set_blkio, cgroup_v2_set_io },
	{ "hugetlb", "hugetlb", wants_hugetlb, cgroup_v1_set_hugetlb, cgroup_v2_set_hugetlb },
	{ "net_cls", NULL, wants_net_cls, cgroup_v1_set_net_cls, NULL },
	{ "net_prio", NULL, wants_net_prio, cgroup_v1_set_net_prio, NULL },
	{ "rdma", "rdma", wants_rdma, cgroup_set_rdma, cgroup_set_rdma },
};

static int set_one(const struct cgroup *cg, const struct setting *s,
		   const struct spec_resources *res, struct err *err)
{
	const struct cgroup_dir *v1 = cgroup_v1(cg, s->v1_name), *v2 = cgroup_v2(cg);

	if (v1)
		return s->v1(v1->dir, res, err);
	if (!v2 || !s->v2) {
		err_set(err, ERR_UNSUPPORTED,
			"cannot set %s limits: no cgroup of the container has the controller %s",
			s->v1_name, s->v1_name);
		return err_hint(err, "its hierarchy isn't mounted or may not be written: mount it, "
				     "or take the limit out of the container's config");
	}
	/* in a hybrid tree nobody has handed it down yet */
	if (cgroup_has_v1(cg)) {
		auto_free char *add = xasprintf("+%s", s->v2_name);

		cgroup_v2_enable(v2, add);
	}
	return s->v2(v2->dir, res, err);
}

static int set_unified(const struct cgroup *cg, const struct spec_resources *res, struct err *err)
{
	const struct cgroup_dir *v2 = cgroup_v2(cg);

	if (!res->unified.n)
		return 0;
	if (v2 && !cgroup_has_v1(cg))
		return cgroup_v2_set_unified(v2->dir, res, err);
	err_set(err, ERR_UNSUPPORTED,
		"linux.resources.unified (\"%s\") needs a host with cgroup v2 alone",
		res->unified.v[0].key);
	return err_hint(err, "use the limits of linux.resources.memory, cpu, … instead");
}

/*
 * systemd takes quota and period together, and whenever it is told anything it resets what it has no
 * property for: half of a pair, and cpu.idle, are as they were.
 */
static void complete(const struct cgroup_dir *v2, struct spec_resources *res)
{
	char text[CGROUP_VALUE_BYTES];

	if (!res->cpu.idle.set && !cgroup_get(v2->dir, "cpu.idle", text, sizeof(text)) &&
	    !strcmp(text, "1"))
		res->cpu.idle = (struct spec_opt_i64){ true, 1 };
	if (!cgroup_get(v2->dir, "cpu.max", text, sizeof(text)))
		cgroup_cpu_complete(text, &res->cpu.quota_us.v, &res->cpu.period_us.v);
}

int cgroup_update(const struct cgroup *cg, const struct spec_resources *res, struct err *err)
{
	struct spec_resources whole = *res;

	if (cg->unit) {
		complete(cgroup_v2(cg), &whole);
		if (cgroup_limit_unit(cg, &whole, err))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (settings[i].is_wanted(&whole) && set_one(cg, &settings[i], &whole, err))
			return -1;
	return set_unified(cg, &whole, err);
}

static int set_devices(const struct cgroup *cg, const struct spec_resources *res, struct err *err)
{
	const struct cgroup_dir *v1 = cgroup_v1(cg, "devices");
	AUTO(cgroup_device_policy_done) struct cgroup_device_policy policy = { 0 };
	auto_fd int fd = -1;

	if (cgroup_device_policy_build(res->devices, res->n_devices, &policy, err))
		return -1;
	if (v1)
		return cgroup_device_set_v1(v1->dir, &policy, err);
	fd = cgroup_v2_fd(cg);
	if (fd >= 0)
		return cgroup_device_set_v2(fd, &policy, err);
	err_set(err, ERR_UNSUPPORTED,
		"device rules can't be enforced: neither the v1 controller "
		"devices nor cgroup v2 is mounted");
	return err_hint(err, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
}

int cgroup_apply(const struct cgroup *cg, const struct spec_resources *res, struct err *err)
{
	struct err e;

	if (cgroup_update(cg, res, err))
		return -1;
	if (!set_devices(cg, res, &e))
		return 0;
	/* without the host's root rights nobody may set them; the kernel lets no device be made */
	if (e.kind != ERR_INVALID && cgroup_is_rootless()) {
		log_warn("device rules are not enforced: %s", e.msg);
		return 0;
	}
	if (err)
		*err = e;
	return -1;
}
