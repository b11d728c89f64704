/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number that is 0 counts as absent where runc takes it so: docker and older kubelets write
 * 0 for "not asked for" into memory, cpu and blockIO, and a limit of 0 bytes would kill.
 */
#include <inttypes.h>
#include <string.h>

#include "oci/config_parts.h"

static void read_nonzero_u64(const struct json_node *at, void *out)
{
	struct spec_opt_u64 *opt = out;

	json_read_opt_u64(at, opt);
	opt->set = opt->set && opt->v;
}

/* A limit: -1 is "none". */
static void read_limit(const struct json_node *at, void *out)
{
	struct spec_opt_i64 *opt = out;

	opt->set = json_int(at, -1, INT64_MAX, &opt->v);
}

static void read_nonzero_limit(const struct json_node *at, void *out)
{
	struct spec_opt_i64 *opt = out;

	read_limit(at, opt);
	opt->set = opt->set && opt->v;
}

/* --- devices --------------------------------------------------------------------------------- */

static const struct json_word rule_types[] = {
	{ "a", 'a' },
	{ "c", 'c' },
	{ "b", 'b' },
	{ 0 },
};

static void read_rule_type(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	uint64_t v;

	if (text && *text && json_word(at, rule_types, &v))
		*(char *)out = (char)v;
}

/* -1 is "any". */
static void read_rule_number(const struct json_node *at, void *out)
{
	json_int(at, -1, UINT32_MAX, out);
}

static void read_access(const struct json_node *at, void *out)
{
	struct spec_device_rule *rule = out;
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (!text)
		return;
	if (!*text || text[strspn(text, "rwm")]) {
		json_find(at, "must be made of the letters r, w and m, is %s",
			  json_quote(quoted, text));
		return;
	}
	rule->read = strchr(text, 'r');
	rule->write = strchr(text, 'w');
	rule->mknod = strchr(text, 'm');
}

/* access is optional in the text; runc insists, and a guess would open or close too much. */
static const struct json_field device_rule_fields[] = {
	JSON_NEEDED("allow", json_read_bool, spec_device_rule, allow),
	JSON_FIELD("type", read_rule_type, spec_device_rule, type),
	JSON_FIELD("major", read_rule_number, spec_device_rule, major),
	JSON_FIELD("minor", read_rule_number, spec_device_rule, minor),
	{ "access", read_access, 0, true },
	{ 0 },
};

/* config-linux.md#allowed-device-list */
static void read_device_rule(const struct json_node *at, void *out)
{
	struct spec_device_rule *rule = out;

	*rule = (struct spec_device_rule){ .type = 'a', .major = -1, .minor = -1 };
	json_read_object(at, device_rule_fields, rule);
}

static void read_devices(const struct json_node *at, void *out)
{
	struct spec_resources *r = out;

	r->devices = json_read_array(at, read_device_rule, sizeof(*r->devices), &r->n_devices);
}

/* --- memory, cpu, pids ----------------------------------------------------------------------- */

/* 0 to 100; 2^64-1 is how docker wrote "not asked for", and runc still takes it so. */
static void read_swappiness(const struct json_node *at, void *out)
{
	struct spec_opt_u64 *opt = out;
	const char *big = json_big_digits(at->v);

	if (!big || strcmp(big, "18446744073709551615"))
		opt->set = json_uint(at, 100, &opt->v);
}

static void read_disable_oom_killer(const struct json_node *at, void *out)
{
	struct spec_resources *r = out;

	r->memory.has_disable_oom_killer = true;
	json_read_bool(at, &r->memory.disable_oom_killer);
}

static void read_use_hierarchy(const struct json_node *at, void *out)
{
	struct spec_resources *r = out;

	r->memory.has_use_hierarchy = true;
	json_read_bool(at, &r->memory.use_hierarchy);
}

#define RES(key, reader, member) JSON_FIELD(key, reader, spec_resources, member)

/* config-linux.md#memory */
static const struct json_field memory_fields[] = {
	RES("limit", read_nonzero_limit, memory.limit),
	RES("reservation", read_nonzero_limit, memory.reservation),
	RES("swap", read_nonzero_limit, memory.swap),
	RES("kernel", read_nonzero_limit, memory.kernel),
	RES("kernelTCP", read_nonzero_limit, memory.kernel_tcp),
	RES("swappiness", read_swappiness, memory.swappiness),
	JSON_WHOLE("disableOOMKiller", read_disable_oom_killer),
	JSON_WHOLE("useHierarchy", read_use_hierarchy),
	RES("checkBeforeUpdate", json_read_bool, memory.check_before_update),
	{ 0 },
};

static void read_memory(const struct json_node *at, void *out)
{
	json_read_object(at, memory_fields, out);
}

static void read_idle(const struct json_node *at, void *out)
{
	struct spec_opt_i64 *opt = out;

	opt->set = json_int(at, 0, 1, &opt->v);
}

/* config-linux.md#cpu */
static const struct json_field cpu_fields[] = {
	RES("shares", read_nonzero_u64, cpu.shares),
	RES("quota", read_nonzero_limit, cpu.quota_us),
	RES("burst", json_read_opt_u64, cpu.burst_us),
	RES("period", read_nonzero_u64, cpu.period_us),
	RES("realtimeRuntime", read_nonzero_limit, cpu.rt_runtime_us),
	RES("realtimePeriod", read_nonzero_u64, cpu.rt_period_us),
	RES("idle", read_idle, cpu.idle),
	RES("cpus", json_read_string, cpu.cpus),
	RES("mems", json_read_string, cpu.mems),
	{ 0 },
};

static void read_cpu(const struct json_node *at, void *out)
{
	json_read_object(at, cpu_fields, out);
}

/* config-linux.md#pids */
static const struct json_field pids_fields[] = {
	RES("limit", read_limit, pids_limit),
	{ 0 },
};

static void read_pids(const struct json_node *at, void *out)
{
	json_read_object(at, pids_fields, out);
}

/* --- hugepageLimits, network, rdma, unified -------------------------------------------------- */

/* The size is a part of a file's name: hugetlb.<size>.max. So nothing but "64KB", "2MB", "1GB". */
static void read_page_size(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	size_t digits = text ? strspn(text, "0123456789") : 0;
	char quoted[JSON_QUOTE_BYTES];

	if (!text)
		return;
	if (digits && digits < 10 && *text != '0' && strchr("KMGT", text[digits]) &&
	    !strcmp(text + digits + 1, "B"))
		json_read_string(at, out);
	else
		json_find(at, "must be a size such as 64KB, 2MB or 1GB, is %s",
			  json_quote(quoted, text));
}

static const struct json_field hugepage_fields[] = {
	JSON_NEEDED("pageSize", read_page_size, spec_hugepage_limit, page_size),
	JSON_NEEDED("limit", json_read_u64, spec_hugepage_limit, limit_bytes),
	{ 0 },
};

static void read_hugepage(const struct json_node *at, void *out)
{
	json_read_object(at, hugepage_fields, out);
}

static void read_hugepages(const struct json_node *at, void *out)
{
	struct spec_resources *r = out;

	r->hugepages = json_read_array(at, read_hugepage, sizeof(*r->hugepages), &r->n_hugepages);
}

/* net_cls.classid is 32 bits; 0 is "none". */
static void read_class_id(const struct json_node *at, void *out)
{
	struct spec_opt_u64 *opt = out;

	opt->set = json_uint(at, UINT32_MAX, &opt->v) && opt->v;
}

/* net_prio.ifpriomap takes lines of "<interface> <priority>". */
static void read_interface(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (text && (!*text || strpbrk(text, " \t\n/") || strlen(text) > 15))
		json_find(at, "must be the name of a network interface, is %s",
			  json_quote(quoted, text));
	else if (text)
		json_read_string(at, out);
}

static void read_decimal(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, UINT32_MAX, &v))
		*(char **)out = arena_printf(at->doc->arena, "%" PRIu64, v);
}

static const struct json_field priority_fields[] = {
	JSON_NEEDED("name", read_interface, spec_pair, key),
	JSON_NEEDED("priority", read_decimal, spec_pair, value),
	{ 0 },
};

static void read_priority(const struct json_node *at, void *out)
{
	json_read_object(at, priority_fields, out);
}

static void read_priorities(const struct json_node *at, void *out)
{
	struct spec_pairs *pairs = out;

	pairs->v = json_read_array(at, read_priority, sizeof(*pairs->v), &pairs->n);
}

/* config-linux.md#network */
static const struct json_field network_fields[] = {
	RES("classID", read_class_id, network.class_id),
	RES("priorities", read_priorities, network.priorities),
	{ 0 },
};

static void read_network(const struct json_node *at, void *out)
{
	json_read_object(at, network_fields, out);
}

static void read_handles(const struct json_node *at, void *out)
{
	struct spec_rdma_limit *limit = out;

	limit->has_handles = true;
	json_read_u32(at, &limit->handles);
}

static void read_objects(const struct json_node *at, void *out)
{
	struct spec_rdma_limit *limit = out;

	limit->has_objects = true;
	json_read_u32(at, &limit->objects);
}

/* "You MUST specify at least one of the hcaHandles or hcaObjects in a given entry." */
static const struct json_field rdma_fields[] = {
	JSON_WHOLE("hcaHandles", read_handles),
	JSON_WHOLE("hcaObjects", read_objects),
	{ 0 },
};

static void read_rdma_device(const struct json_node *at, struct spec_rdma_limit *limit)
{
	limit->device = arena_strdup(at->doc->arena, at->key);
	json_read_object(at, rdma_fields, limit);
	if (json_is_object(at->v) && !limit->has_handles && !limit->has_objects)
		json_find(at, "needs hcaHandles or hcaObjects");
	if (!*at->key || strpbrk(at->key, " \t\n"))
		json_find(at, "the key must be the name of an RDMA device");
}

/* config-linux.md#rdma */
static void read_rdma(const struct json_node *at, void *out)
{
	struct spec_resources *r = out;
	const char *key;
	json_t *v;

	if (!json_want(at, JSON_OBJECT) || !json_object_size(at->v))
		return;
	r->rdma = arena_array(at->doc->arena, json_object_size(at->v), sizeof(*r->rdma));
	json_object_foreach(at->v, key, v)
	{
		struct json_node device = { .doc = at->doc, .up = at, .key = key, .v = v };

		read_rdma_device(&device, &r->rdma[r->n_rdma++]);
	}
}

/* config-linux.md#unified: "CONTROLLER.PARAMETER" (runc), a file of the container's own cgroup. */
static void read_unified(const struct json_node *at, void *out)
{
	struct spec_pairs *pairs = out;

	json_read_pairs(at, pairs);
	for (size_t i = 0; i < pairs->n; i++) {
		const char *key = pairs->v[i].key;
		struct json_node file = json_member(at, key);

		if (strchr(key, '/'))
			json_find(&file, "the key must be a file's name, without \"/\"");
		else if (!strchr(key, '.') || *key == '.')
			json_find(&file, "the key must be CONTROLLER.PARAMETER");
	}
}

static const struct json_field resource_fields[] = {
	JSON_WHOLE("devices", read_devices),
	JSON_WHOLE("memory", read_memory),
	JSON_WHOLE("cpu", read_cpu),
	JSON_WHOLE("pids", read_pids),
	JSON_WHOLE("blockIO", config_read_block_io),
	JSON_WHOLE("hugepageLimits", read_hugepages),
	JSON_WHOLE("network", read_network),
	JSON_WHOLE("rdma", read_rdma),
	RES("unified", read_unified, unified),
	{ 0 },
};

void config_read_resources(const struct json_node *at, void *out)
{
	json_read_object(at, resource_fields, out);
}
