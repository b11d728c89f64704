/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/external_spec.h"
#include "core/plan/live_mounts.h"

#define ATIME_FLAGS ((unsigned long)(MS_NOATIME | MS_RELATIME | MS_STRICTATIME))

static const struct {
	uint64_t attr;
	unsigned long flag;
	bool is_restriction;
} attributes[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY, true },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID, true },
	{ MOUNT_ATTR_NODEV, MS_NODEV, true },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC, true },
	{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, true },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, false },
};

static const char *join_options(struct arena *arena, const struct spec_strings *options)
{
	size_t bytes = 1;
	char *text, *to;

	for (size_t i = 0; i < options->n; i++)
		bytes += strlen(options->v[i]) + 1;
	text = to = arena_alloc(arena, bytes);
	for (size_t i = 0; i < options->n; i++) {
		if (i)
			*to++ = ',';
		to = stpcpy(to, options->v[i]);
	}
	return text;
}

static int compare_places(const void *a, const void *b)
{
	const struct live_mount *x = *(struct live_mount *const *)a;
	const struct live_mount *y = *(struct live_mount *const *)b;
	int order = strcmp(x->destination, y->destination);

	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

int live_mounts_build(const struct spec *spec, const char *const *destinations, struct arena *arena,
		      struct live_mounts *live, struct err *err)
{
	struct live_mounts l = { .spec = spec, .n = spec->mounts.n };

	l.v = arena_array(arena, l.n, sizeof(*l.v));
	l.by_place = arena_array(arena, l.n, sizeof(*l.by_place));
	for (size_t i = 0; i < l.n; i++) {
		struct live_mount *entry = &l.v[i];

		entry->index = i;
		entry->mount = &spec->mounts.v[i];
		entry->destination = external_spec_destination(arena, spec, i, destinations);
		entry->options = join_options(arena, &entry->mount->options);
		entry->is_bind = external_spec_is_bind(entry->mount);
		if (mount_opts_parse(entry->mount, arena, &entry->opts, err))
			return err_wrap(err, "mount %zu (%s)", i, entry->mount->destination);
		if (entry->destination)
			l.by_place[l.n_placed++] = entry;
	}
	if (l.n_placed)
		qsort(l.by_place, l.n_placed, sizeof(*l.by_place), compare_places);
	*live = l;
	return 0;
}

/* The first place in by_place that isn't before `path`. */
static size_t lower_bound(const struct live_mounts *live, const char *path)
{
	size_t low = 0, high = live->n_placed;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(live->by_place[middle]->destination, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct live_mount *const *live_mounts_at(const struct live_mounts *live, const char *path,
					 size_t *n)
{
	size_t first = lower_bound(live, path), end = first;

	while (end < live->n_placed && str_eq(live->by_place[end]->destination, path))
		end++;
	*n = end - first;
	return *n ? &live->by_place[first] : NULL;
}

const struct live_mount *live_mounts_bind(const struct live_mounts *live, const char *path,
					  size_t rank)
{
	size_t n, seen = 0;
	struct live_mount *const *at = live_mounts_at(live, path, &n);
	const struct live_mount *found = NULL;

	for (size_t i = 0; i < n && seen <= rank; i++)
		if (at[i]->is_bind && !at[i]->opts.is_remount) {
			found = at[i];
			seen++;
		}
	return found;
}

static unsigned long set_attrs(unsigned long flags, uint64_t set, uint64_t clr)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (clr & attributes[i].attr)
			flags &= ~attributes[i].flag;
		if (set & attributes[i].attr)
			flags |= attributes[i].flag;
	}
	if (!(clr & MOUNT_ATTR__ATIME))
		return flags;
	flags &= ~ATIME_FLAGS;
	if (set & MOUNT_ATTR_NOATIME)
		return flags | MS_NOATIME;
	return flags | (set & MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME : MS_RELATIME);
}

unsigned long live_mounts_apply(const struct live_mount *entry, unsigned long flags)
{
	const struct mount_opts *o = &entry->opts;

	flags = set_attrs(flags, o->attr_set, o->attr_clr);
	return set_attrs(flags, o->rec_set, o->rec_clr);
}

unsigned long live_mounts_restrictions(const struct live_mount *entry, bool below)
{
	const struct mount_opts *o = &entry->opts;
	unsigned long flags = below ? set_attrs(0, o->rec_set, 0) : live_mounts_apply(entry, 0);
	unsigned long restrictions = 0;

	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (attributes[i].is_restriction)
			restrictions |= attributes[i].flag;
	return flags & restrictions;
}
