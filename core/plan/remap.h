/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remap.h - host paths that have moved: the words of --map
 *
 * In       OLD=NEW, as the user gave them
 * Out      struct remap; paths with OLD replaced by NEW
 * Effects  none
 *
 * OLD is a prefix by whole components: /srv/a maps /srv/a and /srv/a/x, but not /srv/ab. Of several
 * that fit the longest one counts, and what it gives isn't mapped again. OLD ends at the first "=/".
 */
#ifndef KEDGE_CORE_PLAN_REMAP_H
#define KEDGE_CORE_PLAN_REMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/str.h"

struct remap_pair {
	const char *from, *to; /* absolute, in normal form */
	bool is_used;
};

/* A zeroed struct maps nothing. All memory belongs to `arena`. */
struct remap {
	struct arena arena;
	struct remap_pair *v; /* longest `from` first */
	size_t n;
};

/*
 * Parse the words. `remap` is empty on entry and stays empty on failure.
 * Errors: ERR_INVALID with every word that is wrong, and why.
 */
int remap_parse(const struct strv *words, struct remap *remap, struct err *err);

/* Where `path` is now; `path` itself if nothing fits. The string lives in `arena`. */
const char *remap_path(struct remap *remap, struct arena *arena, const char *path);

/* Give back the memory; the value is empty afterwards. */
void remap_done(struct remap *remap);

#endif
