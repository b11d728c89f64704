/* SPDX-License-Identifier: Apache-2.0 */
/* Which mount of the container each entry of config.json has made. */
#include <stdint.h>

#include "core/plan/external_dump_internal.h"
#include "core/plan/external_reach.h"
#include "core/plan/external_spec.h"

static const struct mount_record_entry *recorded(const struct external_dump *d, size_t entry)
{
	const struct mount_record *record = d->in->record;

	return record && entry < record->n && record->v[entry].id ? &record->v[entry] : NULL;
}

static const struct mount_row *recorded_row(const struct external_dump *d, size_t entry)
{
	const struct mount_record_entry *e = recorded(d, entry);

	return e ? mount_table_find_id(&d->in->record->table, e->id) : NULL;
}

/* It was so before the restore. */
static bool was_unmounted(const struct external_dump *d, size_t entry)
{
	const struct mount_record *record = d->in->record;

	return record && entry < record->n && record->v[entry].is_unmounted;
}

static void find_places(struct external_dump *d)
{
	const struct spec *spec = d->in->spec;
	const struct mount_record *record = d->in->record;

	d->places = arena_array(&d->plan.arena, spec->mounts.n, sizeof(*d->places));
	for (size_t i = 0; i < spec->mounts.n; i++) {
		if (record && i < record->n && record->v[i].destination)
			d->places[i] = record->v[i].destination;
		else
			d->places[i] = external_spec_destination(&d->plan.arena, spec, i,
								 d->in->destinations);
	}
}

static bool is_free(struct external_dump *d, const struct mount_row *row)
{
	return row != d->root && external_dump_choice(d, row)->entry == SIZE_MAX;
}

static bool same_file(const struct external_seen *a, const struct external_seen *b)
{
	return a->state == EXTERNAL_SEEN_THERE && b->state == EXTERNAL_SEEN_THERE &&
	       a->major == b->major && a->minor == b->minor && a->inode == b->inode;
}

/*
 * Ids of mountinfo are used again: without the unique one the file system must at least be the
 * same. Not the part of it, whose path changes when the host renames it.
 */
static bool is_same(const struct external_dump *d, const struct mount_row *row,
		    const struct mount_row *was)
{
	const struct mount_record *record = d->in->record;
	uint64_t now = d->in->unique_ids ? d->in->unique_ids[row - d->in->container->v] : 0;
	uint64_t then = was ? record->unique_ids[was - record->table.v] : 0;

	if (now && then)
		return now == then;
	return was && mount_row_same_fs(was, row) && str_eq(was->fstype, row->fstype);
}

static const struct mount_row *find_by_id(struct external_dump *d, size_t entry)
{
	const struct mount_record_entry *e = recorded(d, entry);
	const struct mount_row *row = e ? mount_index_id(&d->index, e->id) : NULL;

	return row && is_free(d, row) && is_same(d, row, recorded_row(d, entry)) ? row : NULL;
}

/* Whether `row` shows what the entry's mount showed, or what its source is. */
static bool shows_entry(struct external_dump *d, const struct mount_row *row, size_t entry)
{
	const struct mount_row *was = recorded_row(d, entry);

	if (was && mount_row_same_fs(was, row) && str_eq(was->root, row->root))
		return true;
	return d->in->seen && d->in->sources &&
	       same_file(&d->in->seen[row - d->in->container->v], &d->in->sources[entry]);
}

/* Without a record whatever is at the destination is taken for the entry's, the lowest first. */
static bool may_be_entry(struct external_dump *d, const struct mount_row *row, size_t entry)
{
	const struct spec_mount *mount = &d->in->spec->mounts.v[entry];

	if (recorded(d, entry) || was_unmounted(d, entry))
		return false;
	if (external_spec_is_bind(mount))
		return !external_dump_is_private(d, row);
	return str_eq(mount->type, row->fstype);
}

static const struct mount_row *find_at_place(struct external_dump *d, size_t entry)
{
	const struct mount_row *second_best = NULL;
	size_t n = 0;
	const struct mount_row *const *rows =
		d->places[entry] ? mount_index_at(&d->index, d->places[entry], &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		if (!is_free(d, rows[i]))
			continue;
		if (shows_entry(d, rows[i], entry))
			return rows[i];
		if (!second_best && may_be_entry(d, rows[i], entry))
			second_best = rows[i];
	}
	return second_best;
}

/* It was moved, or bound to another place and unmounted at the first. */
static const struct mount_row *find_elsewhere(struct external_dump *d, size_t entry)
{
	const struct mount_table *table = d->in->container;

	if (!external_spec_is_bind(&d->in->spec->mounts.v[entry]))
		return NULL;
	for (size_t i = 0; i < table->n; i++)
		if (is_free(d, &table->v[i]) && shows_entry(d, &table->v[i], entry))
			return &table->v[i];
	return NULL;
}

/* The entry that has made the mount with that id, or SIZE_MAX. */
static size_t entry_of(const struct external_dump *d, unsigned int id)
{
	for (size_t i = 0; i < d->in->record->n && i < d->in->spec->mounts.n; i++)
		if (d->in->record->v[i].id == id)
			return i;
	return SIZE_MAX;
}

/*
 * What create saw: the mount that it lay in, or in one that lay in that. What lies there still is told
 * by the host; a read-only path of config.json in a volume isn't the host's at all.
 */
static bool find_recorded_base(const struct external_dump *d, const struct mount_row *was,
			       size_t *entry, const char **below)
{
	const struct mount_table *table = &d->in->record->table;
	const struct mount_row *base = was;

	*entry = SIZE_MAX;
	for (size_t steps = 0; *entry == SIZE_MAX && steps < table->n; steps++) {
		base = mount_table_find_id(table, base->parent);
		if (!base)
			return false;
		*entry = entry_of(d, base->id);
	}
	*below = *entry == SIZE_MAX ? NULL : mount_path_below(was->mountpoint, base->mountpoint);
	return *below && **below;
}

bool external_dump_find_base(const struct external_dump *d, const struct mount_row *row,
			     size_t *entry, const char **below)
{
	const struct mount_record *record = d->in->record;
	const struct mount_row *was = record ? mount_table_find_id(&record->table, row->id) : NULL;

	if (!is_same(d, row, was) || entry_of(d, row->id) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < record->n_submounts; i++) {
		*entry = record->submounts[i].entry;
		*below = record->submounts[i].below;
		if (record->submounts[i].id == row->id && *entry < d->in->spec->mounts.n)
			return true;
	}
	return !str_eq(was->mountpoint, row->mountpoint) &&
	       find_recorded_base(d, was, entry, below);
}

static enum checkpoint_source source_state(struct external_dump *d, const struct mount_row *row,
					   size_t entry)
{
	const struct external_seen *source = d->in->sources ? &d->in->sources[entry] : NULL;
	const struct external_seen *seen = d->in->seen ? &d->in->seen[row - d->in->container->v]
						       : NULL;
	const struct mount_record_entry *e = recorded(d, entry);
	struct external_seen was = { 0 };

	if (row->is_deleted)
		return source && source->state == EXTERNAL_SEEN_THERE ? CHECKPOINT_SOURCE_REPLACED
								      : CHECKPOINT_SOURCE_DELETED;
	if (!external_dump_is_on_host(d, row))
		return CHECKPOINT_SOURCE_GONE;
	if (!source || source->state == EXTERNAL_SEEN_UNKNOWN)
		return CHECKPOINT_SOURCE_UNKNOWN;
	if (source->state == EXTERNAL_SEEN_MISSING)
		return CHECKPOINT_SOURCE_REPLACED;
	if (!seen || seen->state != EXTERNAL_SEEN_THERE) {
		/* something covers it: what create saw has to do */
		if (!e || !e->source)
			return CHECKPOINT_SOURCE_UNKNOWN;
		was = (struct external_seen){ .state = EXTERNAL_SEEN_THERE,
					      .major = e->major,
					      .minor = e->minor,
					      .inode = e->inode };
		seen = &was;
	}
	return same_file(seen, source) ? CHECKPOINT_SOURCE_SAME : CHECKPOINT_SOURCE_REPLACED;
}

static bool give(struct external_dump *d, size_t entry, const struct mount_row *row)
{
	struct external_choice *c;

	if (!row)
		return false;
	c = external_dump_choice(d, row);
	c->entry = entry;
	c->moved_from = str_eq(d->places[entry], row->mountpoint) ? NULL : d->places[entry];
	c->source_state = external_spec_is_bind(&d->in->spec->mounts.v[entry])
				  ? source_state(d, row, entry)
				  : CHECKPOINT_SOURCE_UNKNOWN;
	return true;
}

/* Of those that never were there, or aren't binds and left no record, nothing can be said. */
static bool was_there(const struct external_dump *d, size_t entry)
{
	return recorded(d, entry) || was_unmounted(d, entry) ||
	       (!d->in->record && external_spec_is_bind(&d->in->spec->mounts.v[entry]));
}

void external_dump_match_entries(struct external_dump *d)
{
	static const struct mount_row *(*const finders[])(
		struct external_dump * d, size_t entry) = { find_by_id, find_at_place,
							    find_elsewhere };
	const struct spec *spec = d->in->spec;
	bool *is_found = arena_array(&d->plan.arena, spec->mounts.n, sizeof(*is_found));

	find_places(d);
	d->is_unmounted = arena_array(&d->plan.arena, spec->mounts.n, sizeof(*d->is_unmounted));
	for (size_t f = 0; f < ARRAY_LEN(finders); f++)
		for (size_t i = 0; i < spec->mounts.n; i++)
			if (!is_found[i] && !external_spec_is_remount(&spec->mounts.v[i]))
				is_found[i] = give(d, i, finders[f](d, i));
	for (size_t i = 0; i < spec->mounts.n; i++)
		d->is_unmounted[i] = !is_found[i] &&
				     !external_spec_is_remount(&spec->mounts.v[i]) &&
				     was_there(d, i);
}
