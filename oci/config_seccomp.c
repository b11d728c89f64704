/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config_parts.h"

/* seccomp(2): a system call has six arguments. */
static void read_arg_index(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, 5, &v))
		*(uint32_t *)out = (uint32_t)v;
}

static const struct json_field arg_fields[] = {
	JSON_NEEDED("index", read_arg_index, spec_seccomp_arg, index),
	JSON_NEEDED("value", json_read_u64, spec_seccomp_arg, value),
	JSON_FIELD("valueTwo", json_read_u64, spec_seccomp_arg, value_two),
	JSON_NEEDED("op", json_read_name, spec_seccomp_arg, op),
	{ 0 },
};

static void read_arg(const struct json_node *at, void *out)
{
	json_read_object(at, arg_fields, out);
}

static void read_args(const struct json_node *at, void *out)
{
	struct spec_seccomp_rule *rule = out;

	rule->args = json_read_array(at, read_arg, sizeof(*rule->args), &rule->n_args);
}

static void read_errno(const struct json_node *at, void *out)
{
	struct spec_seccomp_rule *rule = out;

	rule->has_errno = true;
	json_read_u32(at, &rule->errno_ret);
}

/* "names MUST contain at least one entry." */
static void read_names(const struct json_node *at, void *out)
{
	json_read_strings(at, out);
	if (json_is_array(at->v) && !json_array_size(at->v))
		json_find(at, "must not be empty");
}

static const struct json_field rule_fields[] = {
	JSON_NEEDED("names", read_names, spec_seccomp_rule, names),
	JSON_NEEDED("action", json_read_name, spec_seccomp_rule, action),
	JSON_WHOLE("errnoRet", read_errno),
	JSON_WHOLE("args", read_args),
	{ 0 },
};

static void read_rule(const struct json_node *at, void *out)
{
	json_read_object(at, rule_fields, out);
}

static void read_rules(const struct json_node *at, void *out)
{
	struct spec_seccomp *seccomp = out;

	seccomp->rules = json_read_array(at, read_rule, sizeof(*seccomp->rules), &seccomp->n_rules);
}

static void read_default_errno(const struct json_node *at, void *out)
{
	struct spec_seccomp *seccomp = out;

	seccomp->has_default_errno = true;
	json_read_u32(at, &seccomp->default_errno_ret);
}

static const struct json_field seccomp_fields[] = {
	JSON_NEEDED("defaultAction", json_read_name, spec_seccomp, default_action),
	JSON_WHOLE("defaultErrnoRet", read_default_errno),
	JSON_FIELD("architectures", json_read_strings, spec_seccomp, architectures),
	JSON_FIELD("flags", json_read_strings, spec_seccomp, flags),
	JSON_FIELD("listenerPath", json_read_string, spec_seccomp, listener_path),
	JSON_FIELD("listenerMetadata", json_read_string, spec_seccomp, listener_metadata),
	JSON_WHOLE("syscalls", read_rules),
	{ 0 },
};

/* Without an action and a rule there is nothing to filter: runc takes {} as "no seccomp". */
void config_read_seccomp(const struct json_node *at, void *out)
{
	struct spec_seccomp *seccomp;

	if (!json_want(at, JSON_OBJECT))
		return;
	if (!json_member(at, "defaultAction").v && !json_member(at, "syscalls").v)
		return;
	seccomp = arena_alloc(at->doc->arena, sizeof(*seccomp));
	json_read_object(at, seccomp_fields, seccomp);
	*(struct spec_seccomp **)out = seccomp;
}
