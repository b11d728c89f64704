/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/plan/external_spec.h"
#include "core/plan/findings.h"
#include "core/plan/mountinfo.h"
#include "core/plan/remap.h"

static void parse_word(struct remap *remap, const char *word, struct findings *findings)
{
	const char *equals = strstr(word, "=/");
	struct remap_pair pair = { 0 };

	if (*word != '/' || !equals) {
		findings_add(findings, ERR_INVALID,
			     "--map %s: it must be OLD=NEW, two absolute paths of the host", word);
		return;
	}
	pair.from = external_spec_normal_path(
		&remap->arena, arena_printf(&remap->arena, "%.*s", (int)(equals - word), word));
	pair.to = external_spec_normal_path(&remap->arena, equals + 1);
	if (!pair.from || !pair.to) {
		findings_add(findings, ERR_INVALID, "--map %s: \"..\" has no place in it", word);
		return;
	}
	for (size_t i = 0; i < remap->n; i++)
		if (str_eq(remap->v[i].from, pair.from) && !str_eq(remap->v[i].to, pair.to))
			findings_add(findings, ERR_INVALID, "--map: %s is mapped to both %s and %s",
				     pair.from, remap->v[i].to, pair.to);
	remap->v[remap->n++] = pair;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct remap_pair *x = a, *y = b;
	size_t nx = strlen(x->from), ny = strlen(y->from);

	if (nx != ny)
		return nx > ny ? -1 : 1;
	return strcmp(x->from, y->from);
}

int remap_parse(const struct strv *words, struct remap *remap, struct err *err)
{
	struct findings findings = { .err = err };
	struct remap parsed = { 0 };

	parsed.v = arena_array(&parsed.arena, words->n, sizeof(*parsed.v));
	for (size_t i = 0; i < words->n; i++)
		parse_word(&parsed, words->v[i], &findings);
	if (findings_end(&findings)) {
		remap_done(&parsed);
		return -1;
	}
	if (parsed.n)
		qsort(parsed.v, parsed.n, sizeof(*parsed.v), compare_pairs);
	*remap = parsed;
	return 0;
}

const char *remap_path(struct remap *remap, struct arena *arena, const char *path)
{
	for (size_t i = 0; i < remap->n; i++) {
		struct remap_pair *pair = &remap->v[i];
		const char *below = mount_path_below(path, pair->from);

		if (!below)
			continue;
		pair->is_used = true;
		if (!*below)
			return pair->to;
		return arena_printf(arena, "%s/%s", str_eq(pair->to, "/") ? "" : pair->to, below);
	}
	return path;
}

void remap_done(struct remap *remap)
{
	arena_done(&remap->arena);
	*remap = (struct remap){ 0 };
}
