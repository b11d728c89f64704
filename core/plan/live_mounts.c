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

/* Mounts are made in the spec's order, so an entry with "remount" finds the one before it. */
static void find_remounts(struct live_mounts *l)
{
	for (size_t i = 1; i < l->n_placed; i++)
		if (l->by_place[i]->opts.is_remount &&
		    str_eq(l->by_place[i - 1]->destination, l->by_place[i]->destination))
			l->by_place[i - 1]->remount = l->by_place[i];
}

/* What else has "bind" among its options is taken for a bind by those who read a sidecar. */
static void add_options_of_remounts(struct live_mount *entry, struct arena *arena)
{
	if (!entry->is_bind || entry->opts.is_remount)
		return;
	for (const struct live_mount *r = entry->remount; r; r = r->remount)
		entry->options = arena_printf(arena, "%s%s%s", entry->options,
					      *entry->options ? "," : "", r->options);
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
		entry->written = external_spec_destination(arena, spec, i, NULL);
		entry->destination = destinations && destinations[i] ? destinations[i]
								     : entry->written;
		entry->options = join_options(arena, &entry->mount->options);
		entry->is_bind = external_spec_is_bind(entry->mount);
		if (mount_opts_parse(entry->mount, arena, &entry->opts, err))
			return err_wrap(err, "mount %zu (%s)", i, entry->mount->destination);
		if (entry->destination)
			l.by_place[l.n_placed++] = entry;
	}
	if (l.n_placed)
		qsort(l.by_place, l.n_placed, sizeof(*l.by_place), compare_places);
	find_remounts(&l);
	for (size_t i = 0; i < l.n_placed; i++)
		add_options_of_remounts(l.by_place[i], arena);
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

/* mount(2) with MS_REMOUNT sets all anew, but the access time only if it is named. */
static unsigned long remount_attrs(const struct mount_opts *o, unsigned long flags)
{
	unsigned long times = ATIME_FLAGS | MS_NODIRATIME;

	if (o->flags & times)
		return set_attrs(0, o->attr_set, MOUNT_ATTR__ATIME);
	return set_attrs(flags & times, o->attr_set, 0);
}

/* What mount_plan.c puts off until all is mounted, so that no remount takes it back. */
static bool is_ro_at_end(const struct live_mount *entry)
{
	const struct mount_opts *o = &entry->opts;
	bool is_tmpfs = !o->is_bind && !o->is_remount && str_eq(entry->mount->type, "tmpfs");

	if (!is_tmpfs && !str_eq(entry->destination, "/dev"))
		return false;
	if (o->attr_set & MOUNT_ATTR_RDONLY)
		return true;
	return (!o->is_bind || o->is_remount) && (o->rec_set & MOUNT_ATTR_RDONLY);
}

unsigned long live_mounts_apply(const struct live_mount *entry, unsigned long flags)
{
	unsigned long at_end = 0;

	for (const struct live_mount *e = entry; e; e = e->remount) {
		const struct mount_opts *o = &e->opts;

		flags = e == entry ? set_attrs(flags, o->attr_set, o->attr_clr)
				   : remount_attrs(o, flags);
		flags = set_attrs(flags, o->rec_set, o->rec_clr);
		at_end |= is_ro_at_end(e) ? MS_RDONLY : 0UL;
	}
	return flags | at_end;
}

static unsigned long apply_below(const struct live_mount *entry)
{
	unsigned long flags = 0;

	for (const struct live_mount *e = entry; e; e = e->remount)
		flags = set_attrs(flags, e->opts.rec_set, e->opts.rec_clr);
	return flags;
}

unsigned long live_mounts_restrictions(const struct live_mount *entry, bool below)
{
	unsigned long flags = below ? apply_below(entry) : live_mounts_apply(entry, 0);
	unsigned long restrictions = 0;

	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (attributes[i].is_restriction)
			restrictions |= attributes[i].flag;
	return flags & restrictions;
}
