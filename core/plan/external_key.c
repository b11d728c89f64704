/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
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

/* A row and the name that it has or would like to have. */
struct claim {
	struct external_mount *m;
	const char *name;
	bool is_wish;
};

/* By name; of one name first whoever has it, then entries of config.json, then the plan's order. */
static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	if (x->is_wish != y->is_wish)
		return x->is_wish ? 1 : -1;
	if ((x->m->origin == EXTERNAL_CONFIG) != (y->m->origin == EXTERNAL_CONFIG))
		return x->m->origin == EXTERNAL_CONFIG ? -1 : 1;
	return x->m < y->m ? -1 : x->m > y->m;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All keys that there are, sorted. */
static const char **list_keys(struct external_plan *plan, size_t *n)
{
	const char **keys = arena_array(&plan->arena, plan->n, sizeof(*keys));

	*n = 0;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].key)
			keys[(*n)++] = plan->v[i].key;
	if (*n)
		qsort(keys, *n, sizeof(*keys), compare_keys);
	return keys;
}

/* Those whose wish could not be granted. */
static void number_rest(struct external_plan *plan)
{
	size_t n_keys;
	const char **keys = list_keys(plan, &n_keys);
	unsigned int n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const char *key;

		if (plan->v[i].key || plan->v[i].problem)
			continue;
		do
			key = arena_printf(&plan->arena, "k%04u", ++n);
		while (n_keys && bsearch(&key, keys, n_keys, sizeof(*keys), compare_keys));
		plan->v[i].key = key;
	}
}

void external_key_assign(struct external_plan *plan, const char *const *wishes)
{
	struct claim *claims = arena_array(&plan->arena, plan->n, sizeof(*claims));
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		struct external_mount *m = &plan->v[i];

		if (m->key)
			claims[n++] = (struct claim){ m, m->key, false };
		else if (!m->problem && is_plain(wishes[i]))
			claims[n++] = (struct claim){ m, wishes[i], true };
	}
	if (n)
		qsort(claims, n, sizeof(*claims), compare_claims);
	for (size_t i = 0; i < n; i++)
		if (claims[i].is_wish && (!i || !str_eq(claims[i - 1].name, claims[i].name)))
			claims[i].m->key = arena_strdup(&plan->arena, claims[i].name);
	number_rest(plan);
}
