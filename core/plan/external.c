/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/plan/external.h"

static const char *const origin_names[EXTERNAL_ORIGINS] = {
	[EXTERNAL_CONFIG] = "config", [EXTERNAL_SUBMOUNT] = "submount", [EXTERNAL_MASK] = "mask",
	[EXTERNAL_CGROUP] = "cgroup", [EXTERNAL_DEVICE] = "device",	[EXTERNAL_AUTO] = "auto",
	[EXTERNAL_USER] = "user",     [EXTERNAL_UNKNOWN] = "unknown",
};

static const char *const kind_names[] = {
	[EXTERNAL_KIND_UNKNOWN] = "unknown", [EXTERNAL_KIND_DIRECTORY] = "directory",
	[EXTERNAL_KIND_FILE] = "file",	     [EXTERNAL_KIND_SOCKET] = "socket",
	[EXTERNAL_KIND_FIFO] = "fifo",	     [EXTERNAL_KIND_DEVICE] = "device",
};

static const char *const propagation_names[EXTERNAL_PROPAGATIONS] = {
	[EXTERNAL_PRIVATE] = "private", [EXTERNAL_SLAVE] = "slave",
	[EXTERNAL_SHARED] = "shared",	[EXTERNAL_SLAVE_SHARED] = "slave,shared",
	[EXTERNAL_OWN_GROUP] = "own",
};

const char *external_origin_name(enum external_origin origin)
{
	return origin_names[origin];
}

const char *external_kind_name(enum external_kind kind)
{
	return kind_names[kind];
}

const char *external_propagation_name(enum external_propagation propagation)
{
	return propagation_names[propagation];
}

void external_plan_done(struct external_plan *plan)
{
	strv_done(&plan->passed_on);
	strv_done(&plan->warnings);
	arena_done(&plan->arena);
	*plan = (struct external_plan){ 0 };
}

void external_plan_own(struct external_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct external_mount *m = &plan->v[i];
		const char **strings[] = { &m->mountpoint, &m->key,	&m->criu_path,
					   &m->source,	   &m->below,	&m->fstype,
					   &m->root,	   &m->problem, &m->note };

		for (size_t k = 0; k < ARRAY_LEN(strings); k++)
			*strings[k] = arena_strdup(&plan->arena, *strings[k]);
	}
}

/* Longest key first; the text breaks ties so that the order is always the same. */
static int compare_pairs(const void *a, const void *b)
{
	const struct criu_pair *x = a, *y = b;
	size_t nx = strlen(x->key), ny = strlen(y->key);

	if (nx != ny)
		return nx > ny ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Sorted, equal keys lie side by side: keep the first of each. */
static void drop_repeats(struct criu_pairs *pairs)
{
	size_t n = 0;

	for (size_t i = 0; i < pairs->n; i++)
		if (!n || !str_eq(pairs->v[n - 1].key, pairs->v[i].key))
			pairs->v[n++] = pairs->v[i];
	pairs->n = n;
}

void external_plan_request(const struct external_plan *plan, bool is_restore,
			   struct criu_request *req)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct external_mount *m = &plan->v[i];

		if (!m->key || (!is_restore && !m->criu_path))
			continue;
		if (!is_restore)
			criu_pairs_add(&req->ext_mounts, m->criu_path, m->key);
		else if (!str_starts(m->key, "CRIU:")) /* those it finds by itself */
			criu_pairs_add(&req->ext_mounts, m->key, m->source);
	}
	if (req->ext_mounts.n)
		qsort(req->ext_mounts.v, req->ext_mounts.n, sizeof(*req->ext_mounts.v),
		      compare_pairs);
	drop_repeats(&req->ext_mounts);
	for (size_t i = 0; i < plan->passed_on.n; i++)
		criu_strings_add(&req->external, plan->passed_on.v[i]);
	req->auto_ext_mounts = plan->is_auto;
	req->ext_sharing = plan->allows_shared;
	req->ext_masters = plan->allows_slave;
}

void external_plan_print(const struct external_plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct external_mount *m = &plan->v[i];

		buf_addf(out, "%s: ", m->mountpoint);
		if (m->key)
			buf_addf(out, "key %s, ", m->key);
		buf_str(out, external_origin_name(m->origin));
		if (m->kind)
			buf_addf(out, ", %s", external_kind_name(m->kind));
		if (m->fstype)
			buf_addf(out, ", %s", m->fstype);
		if (m->source)
			buf_addf(out, ", host %s", m->source);
		if (m->shared)
			buf_str(out, ", shared");
		if (m->master)
			buf_str(out, ", slave");
		if (m->is_deleted)
			buf_str(out, ", source deleted");
		if (m->note)
			buf_addf(out, ", note: %s", m->note);
		if (m->problem)
			buf_addf(out, ", refused: %s", m->problem);
		buf_str(out, "\n");
	}
}
