/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include "core/plan/mount_index.h"
#include "core/plan/mount_record.h"

#define MAX_ENTRIES 65536

/* The text, line by line. */
struct reader {
	char *p; /* the rest; NULL at the end */
	size_t number;
	struct mount_record *record;
	struct mount_ids_line {
		unsigned int id;
		uint64_t unique_id;
	} * ids;
	size_t n_ids;
	struct mount_record_submount *submounts;
	struct err *err;
};

static int bad(const struct reader *r, const char *rule)
{
	return err_set(r->err, ERR_INVALID, "mount record line %zu: %s", r->number, rule);
}

static int take_number(const struct reader *r, char **rest, unsigned long long max,
		       unsigned long long *out)
{
	const char *word = strsep(rest, " ");

	if (!word || str_to_u64(word, max, out))
		return bad(r, "a number is missing or too big");
	return 0;
}

static int take_entry(struct reader *r, char **rest, struct mount_record_entry **entry)
{
	struct mount_record *record = r->record;
	unsigned long long index;

	if (take_number(r, rest, MAX_ENTRIES - 1, &index))
		return -1;
	if (!record->v)
		record->v = arena_array(&record->arena, MAX_ENTRIES, sizeof(*record->v));
	if (index >= record->n)
		record->n = (size_t)index + 1;
	*entry = &record->v[index];
	return 0;
}

static int take_path(const struct reader *r, const char *rest, const char **path)
{
	if (!rest || *rest != '/')
		return bad(r, "a path is missing");
	*path = mount_path_decode(&r->record->arena, rest);
	return 0;
}

static int take_destination(struct reader *r, char *rest)
{
	struct mount_record_entry *entry;

	return take_entry(r, &rest, &entry) ? -1 : take_path(r, rest, &entry->destination);
}

static int take_source(struct reader *r, char *rest)
{
	struct mount_record_entry *entry;
	unsigned long long major, minor, inode;
	char *device;

	if (take_entry(r, &rest, &entry))
		return -1;
	device = strsep(&rest, " ");
	if (!device || !strchr(device, ':'))
		return bad(r, "a device is missing");
	*strchr(device, ':') = ' ';
	if (take_number(r, &device, UINT_MAX, &major) ||
	    take_number(r, &device, UINT_MAX, &minor) || take_number(r, &rest, UINT64_MAX, &inode))
		return -1;
	entry->major = (unsigned int)major;
	entry->minor = (unsigned int)minor;
	entry->inode = inode;
	return take_path(r, rest, &entry->source);
}

static int take_id(struct reader *r, char *rest)
{
	unsigned long long id, unique_id;

	if (take_number(r, &rest, UINT_MAX, &id) || take_number(r, &rest, UINT64_MAX, &unique_id))
		return -1;
	if (!(r->n_ids & (r->n_ids + 1))) /* full at each power of two, less one */
		r->ids = xrealloc(r->ids, 2 * (r->n_ids + 1), sizeof(*r->ids));
	r->ids[r->n_ids++] = (struct mount_ids_line){ (unsigned int)id, unique_id };
	return 0;
}

static int take_mount(struct reader *r, char *rest)
{
	struct mount_record_entry *entry;
	unsigned long long id;

	if (take_entry(r, &rest, &entry) || take_number(r, &rest, UINT_MAX, &id))
		return -1;
	entry->id = (unsigned int)id;
	entry->is_given = true;
	entry->is_unmounted = !id;
	return 0;
}

static int take_submount(struct reader *r, char *rest)
{
	struct mount_record_submount *made;
	unsigned long long index, id;
	const char *path = NULL;

	if (take_number(r, &rest, MAX_ENTRIES - 1, &index) ||
	    take_number(r, &rest, UINT_MAX, &id) || take_path(r, rest, &path))
		return -1;
	r->submounts = xrealloc(r->submounts, r->record->n_submounts + 1, sizeof(*r->submounts));
	made = &r->submounts[r->record->n_submounts++];
	*made = (struct mount_record_submount){ (unsigned int)id, (size_t)index, path + 1 };
	return 0;
}

static void keep_submounts(const struct reader *r)
{
	struct mount_record *record = r->record;
	size_t n = record->n_submounts;

	record->submounts = arena_array(&record->arena, n, sizeof(*record->submounts));
	if (n)
		memcpy(record->submounts, r->submounts, n * sizeof(*record->submounts));
}

static int take_line(struct reader *r, char *line)
{
	static const struct {
		const char *word;
		int (*take)(struct reader *r, char *rest);
	} kinds[] = {
		{ "destination", take_destination },
		{ "source", take_source },
		{ "id", take_id },
		{ "mount", take_mount },
		{ "submount", take_submount },
	};
	const char *word = strsep(&line, " ");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(word, kinds[i].word))
			return kinds[i].take(r, line);
	return bad(r, "it begins with no word that belongs there");
}

/* All but the mountinfo. */
static int take_lines(struct reader *r)
{
	char *line = strsep(&r->p, "\n");

	r->number = 1;
	if (!str_eq(line, MOUNT_RECORD_HEADER))
		return bad(r, "it isn't \"" MOUNT_RECORD_HEADER "\"");
	while (r->p) {
		line = strsep(&r->p, "\n");
		r->number++;
		if (str_eq(line, "mountinfo"))
			return 0;
		if (take_line(r, line))
			return -1;
	}
	return bad(r, "it ends before the mountinfo");
}

static int compare_ids(const void *a, const void *b)
{
	const struct mount_ids_line *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void match_ids(struct reader *r)
{
	struct mount_record *record = r->record;

	record->unique_ids =
		arena_array(&record->arena, record->table.n, sizeof(*record->unique_ids));
	if (!r->n_ids)
		return;
	qsort(r->ids, r->n_ids, sizeof(*r->ids), compare_ids);
	for (size_t i = 0; i < record->table.n; i++) {
		const struct mount_ids_line wanted = { .id = record->table.v[i].id }, *found;

		found = bsearch(&wanted, r->ids, r->n_ids, sizeof(*r->ids), compare_ids);
		if (found)
			record->unique_ids[i] = found->unique_id;
	}
}

/*
 * Which mount an entry has made: of those at its destination the lowest that no earlier entry has
 * made and that shows the file system of its source. A recursive bind may have brought another
 * one there before, and a mask may lie on top. Where device numbers of files aren't those of their
 * mounts (btrfs), the lowest.
 */
static const struct mount_row *pick(const struct mount_record_entry *entry,
				    const struct mount_index *index, const bool *is_taken)
{
	const struct mount_row *lowest = NULL;
	size_t n;
	const struct mount_row *const *rows = mount_index_at(index, entry->destination, &n);

	for (size_t i = 0; i < n; i++) {
		const struct mount_row *row = rows[i];

		if (is_taken[row - index->table->v])
			continue;
		if (!entry->source || (row->major == entry->major && row->minor == entry->minor))
			return row;
		if (!lowest)
			lowest = row;
	}
	return lowest;
}

static void give(struct mount_record *record, struct mount_record_entry *entry,
		 const struct mount_row *row, bool *is_taken)
{
	entry->id = row ? row->id : 0;
	if (!row)
		return;
	is_taken[row - record->table.v] = true;
	entry->unique_id = record->unique_ids[row - record->table.v];
}

/* First those of which a restore has said it. */
static void match_entries(struct mount_record *record)
{
	AUTO(mount_index_done) struct mount_index index = { 0 };
	bool *is_taken = arena_array(&record->arena, record->table.n, sizeof(*is_taken));
	const struct mount_row *root = mount_table_root(&record->table);

	if (root)
		is_taken[root - record->table.v] = true;
	mount_index_build(&record->table, &index);
	for (size_t i = 0; i < record->n; i++)
		if (record->v[i].is_given)
			give(record, &record->v[i], mount_index_id(&index, record->v[i].id),
			     is_taken);
	for (size_t i = 0; i < record->n; i++)
		if (!record->v[i].is_given && record->v[i].destination)
			give(record, &record->v[i], pick(&record->v[i], &index, is_taken),
			     is_taken);
}

static int parse(struct reader *r, char *text)
{
	r->p = text;
	if (take_lines(r))
		return -1;
	if (mount_table_parse(r->p ? r->p : "", r->p ? strlen(r->p) : 0, &r->record->table, r->err))
		return err_wrap(r->err, "mount record");
	match_ids(r);
	keep_submounts(r);
	match_entries(r->record);
	return 0;
}

int mount_record_parse(const char *text, size_t bytes, struct mount_record *record, struct err *err)
{
	struct mount_record made = { 0 };
	struct reader r = { .record = &made, .err = err };
	char *copy;
	int ret;

	if (!bytes || memchr(text, '\0', bytes))
		return err_set(err, ERR_INVALID, "mount record: it is empty or has a NUL in it");
	copy = arena_alloc(&made.arena, bytes + 1);
	memcpy(copy, text, bytes);
	ret = parse(&r, copy);
	free(r.ids);
	free(r.submounts);
	if (ret) {
		mount_record_done(&made);
		return -1;
	}
	*record = made;
	return 0;
}

void mount_record_done(struct mount_record *record)
{
	mount_table_done(&record->table);
	arena_done(&record->arena);
	*record = (struct mount_record){ 0 };
}
