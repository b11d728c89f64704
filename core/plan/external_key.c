/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "core/plan/external_key.h"

static const char auto_prefix[] = "auto:";

bool external_key_can_hold(const char *text)
{
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return !strstr(text, "]:");
}

const char *external_key_auto(struct arena *arena, const char *host_path)
{
	return arena_printf(arena, "%s%s", auto_prefix, host_path);
}

const char *external_key_auto_path(const char *key)
{
	if (!str_starts(key, auto_prefix) || key[strlen(auto_prefix)] != '/')
		return NULL;
	return key + strlen(auto_prefix);
}

static bool is_plain(const char *s)
{
	return !strpbrk(s, "]:") && external_key_can_hold(s);
}

static bool is_taken(const struct external_plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->n; i++)
		if (str_eq(plan->v[i].key, key))
			return true;
	return false;
}

static const char *new_key(struct external_plan *plan, const char *mountpoint)
{
	const char *key = mountpoint;

	if (is_plain(key) && !is_taken(plan, key))
		return key;
	for (unsigned int n = 1;; n++) {
		key = arena_printf(&plan->arena, "k%04u", n);
		if (!is_taken(plan, key))
			return key;
	}
}

void external_key_assign(struct external_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct external_mount *m = &plan->v[i];

		if (m->problem)
			continue;
		for (size_t k = 0; k < plan->n && !m->key; k++)
			if (plan->v[k].key && str_eq(plan->v[k].criu_path, m->criu_path))
				m->key = plan->v[k].key;
		if (!m->key)
			m->key = new_key(plan, m->mountpoint);
	}
}
