/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "oci/config_parts.h"

const char *const config_hook_names[] = {
	[SPEC_HOOK_PRESTART] = "prestart",
	[SPEC_HOOK_CREATE_RUNTIME] = "createRuntime",
	[SPEC_HOOK_CREATE_CONTAINER] = "createContainer",
	[SPEC_HOOK_START_CONTAINER] = "startContainer",
	[SPEC_HOOK_POSTSTART] = "poststart",
	[SPEC_HOOK_POSTSTOP] = "poststop",
	[SPEC_HOOK_KINDS] = NULL,
};

/* "If set, timeout MUST be greater than zero." */
static void read_timeout(const struct json_node *at, void *out)
{
	int64_t v;

	if (json_int(at, 1, INT_MAX, &v))
		*(int *)out = (int)v;
}

static const struct json_field hook_fields[] = {
	JSON_NEEDED("path", json_read_path, spec_hook, path),
	JSON_FIELD("args", json_read_strings, spec_hook, args),
	JSON_FIELD("env", json_read_strings, spec_hook, env),
	JSON_FIELD("timeout", read_timeout, spec_hook, timeout_s),
	{ 0 },
};

static void read_hook(const struct json_node *at, void *out)
{
	json_read_object(at, hook_fields, out);
}

void config_read_hooks(const struct json_node *at, void *out)
{
	struct spec_hooks *hooks = out;

	if (!json_want(at, JSON_OBJECT))
		return;
	for (size_t kind = 0; kind < SPEC_HOOK_KINDS; kind++) {
		struct json_node list = json_member(at, config_hook_names[kind]);

		if (list.v)
			hooks[kind].v = json_read_array(&list, read_hook, sizeof(*hooks[kind].v),
							&hooks[kind].n);
	}
}
