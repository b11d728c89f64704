/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/systemd_scope.h"

#include <inttypes.h>
#include <string.h>

#include "core/plan/cgroup_values.h"
#include "core/plan/systemd_property.h"
#include "core/plan/systemd_unit.h"

#define PERIOD_US 100000 /* the kernel's, where none is given */
#define ROUND_US  10000	 /* systemd.resource-control(5): of CPUQuotaPerSecUSec */
#define US_PER_S  1000000

/* An array of a(sv) that is being filled. */
struct limits {
	struct dbus_writer *w;
	size_t n;
};

/* --- the scope -----------------------------------------------------------------------------------*/

/* Where the scope lies, and who is in it, is said elsewhere. */
static bool is_ours(const char *property)
{
	return str_eq(property, "Slice") || str_eq(property, "PIDs");
}

static int add_annotations(const struct spec_pairs *annotations, struct dbus_writer *w,
			   struct err *err)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const struct spec_pair *a = &annotations->v[i];
		const char *property;

		if (!str_starts(a->key, SYSTEMD_PROPERTY_PREFIX))
			continue;
		property = a->key + strlen(SYSTEMD_PROPERTY_PREFIX);
		if (is_ours(property)) {
			err_set(err, ERR_INVALID, "annotation %s: kedge sets it itself", a->key);
			return err_hint(err, "the slice is the first part of cgroupsPath");
		}
		if (dbus_property_of_text(w, property, a->value, err))
			return -1;
	}
	return 0;
}

int systemd_scope_start(const struct systemd_scope *scope, struct dbus_writer *body,
			struct err *err)
{
	static const char *const yes[] = { "Delegate", "MemoryAccounting", "CPUAccounting",
					   "IOAccounting", "TasksAccounting" };
	auto_free char *description = xasprintf("kedge container %.*s",
						(int)(strrchr(scope->name, '.') - scope->name),
						scope->name);
	size_t properties, none;

	dbus_put_string(body, scope->name);
	dbus_put_string(body, "replace");
	properties = dbus_open_array(body, 8);
	dbus_property_string(body, "Description", description);
	dbus_property_string(body, "Slice", scope->slice);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		dbus_property_bool(body, yes[i], true);
	dbus_property_bool(body, "DefaultDependencies", false);
	dbus_property_u32s(body, "PIDs", &scope->pid, 1);
	if (add_annotations(scope->annotations, body, err))
		return -1;
	dbus_close_array(body, properties);
	none = dbus_open_array(body, 8);
	dbus_close_array(body, none);
	return 0;
}

/* --- limits --------------------------------------------------------------------------------------*/

static void put(struct limits *l, const char *name, uint64_t value)
{
	dbus_property_u64(l->w, name, value);
	l->n++;
}

/* What is negative is no limit: all bits set, in systemd. */
static void put_limit(struct limits *l, const char *name, int64_t value)
{
	if (value)
		put(l, name, value < 0 ? UINT64_MAX : (uint64_t)value);
}

/* "max" or a number, as in the control files; anything else is for the kernel to refuse. */
static void put_text(struct limits *l, const char *name, const char *text)
{
	unsigned long long value;

	if (!strcmp(text, "max"))
		put(l, name, UINT64_MAX);
	else if (!str_to_u64(text, UINT64_MAX, &value))
		put(l, name, value);
}

static int put_mask(struct limits *l, const char *name, const char *list, struct err *err)
{
	AUTO(buf_done) struct buf mask = { 0 };

	if (!list || !*list)
		return 0;
	if (systemd_cpu_mask(list, &mask, err))
		return -1;
	dbus_property_bytes(l->w, name, mask.p, mask.n);
	l->n++;
	return 0;
}

/* Of a period, quota_us may be used; systemd counts per second, in steps. */
static void put_quota(struct limits *l, int64_t quota_us, uint64_t period_us)
{
	uint64_t per_s = UINT64_MAX;

	if (period_us)
		put(l, "CPUQuotaPeriodUSec", period_us);
	if (!quota_us && !period_us)
		return;
	if (quota_us > 0 && (uint64_t)quota_us < UINT64_MAX / US_PER_S) {
		per_s = (uint64_t)quota_us * US_PER_S / (period_us ? period_us : PERIOD_US);
		per_s += (ROUND_US - per_s % ROUND_US) % ROUND_US;
	}
	put(l, "CPUQuotaPerSecUSec", per_s);
}

static void put_cpu_max(struct limits *l, const char *text)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *quota = strsep(&rest, " ");
	unsigned long long quota_us = 0, period_us = 0;

	if (rest && str_to_u64(rest, INT64_MAX, &period_us))
		return;
	if (!strcmp(quota, "max"))
		put_quota(l, -1, period_us);
	else if (!str_to_u64(quota, INT64_MAX, &quota_us))
		put_quota(l, (int64_t)quota_us, period_us);
}

/* linux.resources.unified: control files of v2 by name */
static int put_unified(struct limits *l, const struct spec_pair *file, struct err *err)
{
	static const struct {
		const char *file, *property;
	} rows[] = {
		{ "memory.min", "MemoryMin" },	 { "memory.low", "MemoryLow" },
		{ "memory.high", "MemoryHigh" }, { "memory.max", "MemoryMax" },
		{ "pids.max", "TasksMax" },	 { "memory.swap.max", "MemorySwapMax" },
		{ "cpu.weight", "CPUWeight" },	 { "io.weight", "IOWeight" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(file->key, rows[i].file))
			put_text(l, rows[i].property, file->value);
	if (!strcmp(file->key, "cpu.max"))
		put_cpu_max(l, file->value);
	if (!strcmp(file->key, "cpuset.cpus"))
		return put_mask(l, "AllowedCPUs", file->value, err);
	if (!strcmp(file->key, "cpuset.mems"))
		return put_mask(l, "AllowedMemoryNodes", file->value, err);
	return 0;
}

static int put_limits(struct limits *l, const struct spec_resources *res, struct err *err)
{
	uint64_t weight = cgroup_cpu_weight(res->cpu.shares.v);
	char swap[CGROUP_VALUE_BYTES];

	if (cgroup_swap_max(res->memory.limit.v, res->memory.swap.v, swap, err))
		return -1;
	put_limit(l, "MemoryMax", res->memory.limit.v);
	put_limit(l, "MemoryLow", res->memory.reservation.v);
	put_text(l, "MemorySwapMax", swap);
	if (weight)
		put(l, "CPUWeight", weight);
	put_quota(l, res->cpu.quota_us.v, res->cpu.period_us.v);
	put_limit(l, "TasksMax", res->pids_limit.v);
	if (res->blkio.weight.v)
		put(l, "IOWeight", cgroup_io_weight(res->blkio.weight.v));
	if (put_mask(l, "AllowedCPUs", res->cpu.cpus, err) ||
	    put_mask(l, "AllowedMemoryNodes", res->cpu.mems, err))
		return -1;
	for (size_t i = 0; i < res->unified.n; i++)
		if (put_unified(l, &res->unified.v[i], err))
			return err_wrap(err, "linux.resources.unified: %s", res->unified.v[i].key);
	return 0;
}

int systemd_scope_limits(const char *name, const struct spec_resources *res,
			 struct dbus_writer *body, size_t *n, struct err *err)
{
	struct limits l = { .w = body };
	size_t properties;

	dbus_put_string(body, name);
	dbus_put_bool(body, true); /* not beyond the next boot */
	properties = dbus_open_array(body, 8);
	if (put_limits(&l, res, err))
		return -1;
	dbus_close_array(body, properties);
	*n = l.n;
	return 0;
}
