/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>

#include "core/linux/creds.h"
#include "oci/config_parts.h"

/* All ones is "leave it as it is" for setuid(2) and chown(2), so no id. */
#define ID_MAX (UINT32_MAX - 1)

/* The kernel's bounds, proc_pid_oom_score_adj(5). */
#define OOM_SCORE_ADJ_MAX 1000

static void read_u16(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, UINT16_MAX, &v))
		*(uint16_t *)out = (uint16_t)v;
}

static const struct json_field console_fields[] = {
	JSON_FIELD("height", read_u16, spec_process, console_height),
	JSON_FIELD("width", read_u16, spec_process, console_width),
	{ 0 },
};

static void read_console_size(const struct json_node *at, void *out)
{
	struct spec_process *p = out;

	p->has_console_size = true;
	json_read_object(at, console_fields, p);
}

static void read_id(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, ID_MAX, &v))
		*(uint32_t *)out = (uint32_t)v;
}

static void read_umask(const struct json_node *at, void *out)
{
	struct spec_process *p = out;
	uint64_t v;

	if (!json_uint(at, 0777, &v))
		return;
	p->user.umask = (mode_t)v;
	p->user.has_umask = true;
}

static void read_gids(const struct json_node *at, void *out)
{
	struct spec_process *p = out;

	p->user.additional_gids = json_read_array(at, read_id, sizeof(*p->user.additional_gids),
						  &p->user.n_additional_gids);
}

/* config.md#posix-platform-user. A missing uid or gid is 0, as Go reads it. */
static const struct json_field user_fields[] = {
	JSON_FIELD("uid", read_id, spec_process, user.uid),
	JSON_FIELD("gid", read_id, spec_process, user.gid),
	JSON_WHOLE("umask", read_umask),
	JSON_WHOLE("additionalGids", read_gids),
	{ 0 },
};

static void read_user(const struct json_node *at, void *out)
{
	json_read_object(at, user_fields, out);
}

/*
 * environ(7): without "=" an entry is no variable. runc refuses the same two; the spec's own rule
 * for names (letters, digits, "_") would refuse what Docker passes on.
 */
static void read_env(const struct json_node *at, void *out)
{
	struct spec_strings *env = out;
	char quoted[JSON_QUOTE_BYTES];

	json_read_strings(at, env);
	for (size_t i = 0; i < env->n; i++) {
		struct json_node entry = json_element(at, i);

		if (!env->v[i])
			continue;
		if (!strchr(env->v[i], '=') || env->v[i][0] == '=')
			json_find(&entry, "must be NAME=VALUE, is %s",
				  json_quote(quoted, env->v[i]));
	}
}

static void read_args(const struct json_node *at, void *out)
{
	struct json_node program = json_element(at, 0);
	struct spec_strings *args = out;

	json_read_strings(at, args);
	if (json_is_array(at->v) && !json_array_size(at->v))
		json_find(at, "must not be empty");
	else if (args->n && args->v[0] && !*args->v[0])
		json_find(&program, "must not be empty");
}

/* Unknown names are passed over with a warning, as runc does: newer lists run on older runtimes. */
static void read_capability_set(const struct json_node *at, void *out)
{
	char quoted[JSON_QUOTE_BYTES];
	uint64_t set = 0;

	if (!json_want(at, JSON_ARRAY))
		return;
	for (size_t i = 0; i < json_array_size(at->v); i++) {
		struct json_node element = json_element(at, i);
		const char *name = json_text(&element);
		int number = name && str_starts(name, "CAP_") ? creds_cap_from_name(name) : -1;

		if (number >= 0)
			set |= UINT64_C(1) << number;
		else if (name)
			json_warn(&element, "unknown capability %s is ignored",
				  json_quote(quoted, name));
	}
	*(uint64_t *)out = set;
}

#define CAP_SET(key, set) JSON_FIELD(key, read_capability_set, spec_process, capabilities[set])

static const struct json_field capability_fields[] = {
	CAP_SET("bounding", SPEC_CAP_BOUNDING),	  CAP_SET("effective", SPEC_CAP_EFFECTIVE),
	CAP_SET("permitted", SPEC_CAP_PERMITTED), CAP_SET("inheritable", SPEC_CAP_INHERITABLE),
	CAP_SET("ambient", SPEC_CAP_AMBIENT),	  { 0 },
};

static void read_capabilities(const struct json_node *at, void *out)
{
	struct spec_process *p = out;

	p->has_capabilities = true;
	json_read_object(at, capability_fields, p);
}

/* getrlimit(2) */
static const struct json_word rlimit_types[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ 0 },
};

static void read_rlimit_type(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_word(at, rlimit_types, &v))
		*(int *)out = (int)v;
}

static const struct json_field rlimit_fields[] = {
	JSON_NEEDED("type", read_rlimit_type, spec_rlimit, resource),
	JSON_NEEDED("soft", json_read_u64, spec_rlimit, soft),
	JSON_NEEDED("hard", json_read_u64, spec_rlimit, hard),
	{ 0 },
};

static void read_rlimit(const struct json_node *at, void *out)
{
	struct spec_rlimit *limit = out;

	limit->resource = -1;
	json_read_object(at, rlimit_fields, limit);
	if (limit->soft > limit->hard && json_member(at, "hard").v)
		json_find(at, "soft must not be above hard, is %llu > %llu",
			  (unsigned long long)limit->soft, (unsigned long long)limit->hard);
}

/* config.md#posix-process: the runtime MUST refuse a type that comes twice. */
static void read_rlimits(const struct json_node *at, void *out)
{
	struct spec_process *p = out;
	unsigned int seen = 0;

	p->rlimits = json_read_array(at, read_rlimit, sizeof(*p->rlimits), &p->n_rlimits);
	for (size_t i = 0; i < p->n_rlimits; i++) {
		struct json_node limit = json_element(at, i);
		int resource = p->rlimits[i].resource;

		if (resource < 0)
			continue;
		if (seen & 1U << resource)
			json_find(&limit, "the type %s comes twice",
				  json_string_value(json_object_get(limit.v, "type")));
		seen |= 1U << resource;
	}
}

static void read_oom_score_adj(const struct json_node *at, void *out)
{
	struct spec_process *p = out;
	int64_t v;

	if (!json_int(at, -OOM_SCORE_ADJ_MAX, OOM_SCORE_ADJ_MAX, &v))
		return;
	p->oom_score_adj = (int)v;
	p->has_oom_score_adj = true;
}

static const struct json_word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ 0 },
};

static void read_io_class(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_word(at, io_classes, &v))
		*(int *)out = (int)v;
}

static void read_io_level(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, IOPRIO_NR_LEVELS - 1, &v))
		*(int *)out = (int)v;
}

static const struct json_field io_priority_fields[] = {
	JSON_NEEDED("class", read_io_class, spec_process, io_priority_class),
	JSON_FIELD("priority", read_io_level, spec_process, io_priority),
	{ 0 },
};

static void read_io_priority(const struct json_node *at, void *out)
{
	struct spec_process *p = out;

	p->has_io_priority = true;
	json_read_object(at, io_priority_fields, p);
}

/* sched(7); 4 is the kernel's number for SCHED_ISO, which it never got to have. */
static const struct json_word scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", 4 },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ 0 },
};

static void read_policy(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_word(at, scheduler_policies, &v))
		*(uint32_t *)out = (uint32_t)v;
}

static void read_nice(const struct json_node *at, void *out)
{
	int64_t v;

	if (json_int(at, -20, 19, &v))
		*(int32_t *)out = (int32_t)v;
}

static const struct json_word scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ 0 },
};

static void read_scheduler_flags(const struct json_node *at, void *out)
{
	uint64_t flag;

	if (!json_want(at, JSON_ARRAY))
		return;
	for (size_t i = 0; i < json_array_size(at->v); i++) {
		struct json_node element = json_element(at, i);

		if (json_word(&element, scheduler_flags, &flag))
			*(uint64_t *)out |= flag;
	}
}

static const struct json_field scheduler_fields[] = {
	JSON_NEEDED("policy", read_policy, spec_process, scheduler.policy),
	JSON_FIELD("nice", read_nice, spec_process, scheduler.nice),
	JSON_FIELD("priority", json_read_u32, spec_process, scheduler.priority),
	JSON_FIELD("flags", read_scheduler_flags, spec_process, scheduler.flags),
	JSON_FIELD("runtime", json_read_u64, spec_process, scheduler.runtime_ns),
	JSON_FIELD("deadline", json_read_u64, spec_process, scheduler.deadline_ns),
	JSON_FIELD("period", json_read_u64, spec_process, scheduler.period_ns),
	{ 0 },
};

/* config.md#linux-process, scheduler; sched_setattr(2) has the same rules. */
static void read_scheduler(const struct json_node *at, void *out)
{
	struct spec_process *p = out;
	bool is_fixed, has_deadline;

	p->has_scheduler = true;
	json_read_object(at, scheduler_fields, p);
	is_fixed = p->scheduler.policy == SCHED_FIFO || p->scheduler.policy == SCHED_RR;
	has_deadline = p->scheduler.runtime_ns || p->scheduler.deadline_ns ||
		       p->scheduler.period_ns;
	if (p->scheduler.priority && !is_fixed)
		json_find(at, "priority needs the policy SCHED_FIFO or SCHED_RR");
	if (has_deadline && p->scheduler.policy != SCHED_DEADLINE)
		json_find(at, "runtime, deadline and period need the policy SCHED_DEADLINE");
}

/* Go on past a decimal number and leave its value; NULL when there is none. */
static const char *cpu_number(const char *s, unsigned long *v)
{
	size_t n = strspn(s, "0123456789");

	if (!n || n > 6)
		return NULL;
	*v = strtoul(s, NULL, 10);
	return s + n;
}

/* Whether `s` is a list such as "0-3,5", the form of cpuset(7). */
static bool is_cpu_list(const char *s)
{
	for (;;) {
		unsigned long first, last;

		s = cpu_number(s, &first);
		last = first;
		if (s && *s == '-')
			s = cpu_number(s + 1, &last);
		if (!s || last < first)
			return false;
		if (*s != ',')
			return !*s;
		s++;
	}
}

static void read_cpu_list(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (text && *text && !is_cpu_list(text))
		json_find(at, "must be a list of CPUs such as 0-3,5, is %s",
			  json_quote(quoted, text));
	else if (text)
		json_read_string(at, out);
}

static const struct json_field affinity_fields[] = {
	JSON_FIELD("initial", read_cpu_list, spec_process, exec_cpus_initial),
	JSON_FIELD("final", read_cpu_list, spec_process, exec_cpus_final),
	{ 0 },
};

static void read_affinity(const struct json_node *at, void *out)
{
	json_read_object(at, affinity_fields, out);
}

static const struct json_field process_fields[] = {
	JSON_FIELD("terminal", json_read_bool, spec_process, terminal),
	JSON_WHOLE("consoleSize", read_console_size),
	JSON_WHOLE("user", read_user),
	JSON_NEEDED("args", read_args, spec_process, args),
	JSON_FIELD("env", read_env, spec_process, env),
	JSON_NEEDED("cwd", json_read_path, spec_process, cwd),
	JSON_WHOLE("capabilities", read_capabilities),
	JSON_WHOLE("rlimits", read_rlimits),
	JSON_FIELD("noNewPrivileges", json_read_bool, spec_process, no_new_privileges),
	JSON_FIELD("apparmorProfile", json_read_string, spec_process, apparmor_profile),
	JSON_FIELD("selinuxLabel", json_read_string, spec_process, selinux_label),
	JSON_WHOLE("oomScoreAdj", read_oom_score_adj),
	JSON_WHOLE("ioPriority", read_io_priority),
	JSON_WHOLE("scheduler", read_scheduler),
	JSON_WHOLE("execCPUAffinity", read_affinity),
	{ 0 },
};

void config_read_process(const struct json_node *at, void *out)
{
	json_read_object(at, process_fields, out);
}
