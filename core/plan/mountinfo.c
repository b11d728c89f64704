/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/mountinfo.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif

/* Words of field 6 and what they mean as flags of mount(2). */
static const struct {
	const char *word;
	unsigned long flag;
} flag_words[] = {
	{ "ro", MS_RDONLY },	     { "nosuid", MS_NOSUID },
	{ "nodev", MS_NODEV },	     { "noexec", MS_NOEXEC },
	{ "noatime", MS_NOATIME },   { "nodiratime", MS_NODIRATIME },
	{ "relatime", MS_RELATIME }, { "nosymfollow", MS_NOSYMFOLLOW },
};

/* One line, cut up from the left; `p` is NUL-terminated and lives in the table's arena. */
struct line {
	char *p;
	size_t number;
	const char *field; /* what is being read, for messages */
	struct arena *arena;
	struct err *err;
};

static int bad(const struct line *line, const char *text, const char *rule)
{
	return err_set(line->err, ERR_INVALID, "mountinfo line %zu: %s: \"%.64s\" %s", line->number,
		       line->field, text, rule);
}

/* Cut the next field off; NULL at the end of the line. A field may be empty (source often is). */
static char *next_field(struct line *line, const char *name)
{
	char *field = line->p;

	line->field = name;
	if (!field) {
		err_set(line->err, ERR_INVALID, "mountinfo line %zu: %s: missing", line->number,
			name);
		return NULL;
	}
	line->p = strchr(field, ' ');
	if (line->p)
		*line->p++ = '\0';
	return field;
}

static int to_number(const struct line *line, const char *text, unsigned int *out)
{
	unsigned long long v;

	if (str_to_u64(text, UINT_MAX, &v))
		return bad(line, text, "is not a number");
	*out = (unsigned int)v;
	return 0;
}

static int take_number(struct line *line, const char *name, unsigned int *out)
{
	const char *text = next_field(line, name);

	return text ? to_number(line, text, out) : -1;
}

static int take_device(struct line *line, struct mount_row *row)
{
	char *text = next_field(line, "device"), *minor;

	if (!text)
		return -1;
	minor = strchr(text, ':');
	if (!minor)
		return bad(line, text, "is not MAJOR:MINOR");
	*minor++ = '\0';
	if (to_number(line, text, &row->major))
		return -1;
	return to_number(line, minor, &row->minor);
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/*
 * Undo the kernel's escapes (fs/proc_namespace.c, mangle: space, tab, newline, backslash, and '#'
 * in sources). With `as_criu` only the three that CRIU undoes. A backslash that begins no escape
 * stays, as a NUL would (the kernel writes neither).
 */
static const char *decode(struct arena *arena, const char *text, bool as_criu)
{
	char *out, *to;

	if (!strchr(text, '\\'))
		return text;
	out = to = arena_strdup(arena, text);
	while (*text) {
		if (*text == '\\' && is_octal(text + 1)) {
			int c = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');

			if (c && (!as_criu || c == ' ' || c == '\t' || c == '\\')) {
				*to++ = (char)c;
				text += 4;
				continue;
			}
		}
		*to++ = *text++;
	}
	*to = '\0';
	return out;
}

const char *mount_path_decode(struct arena *arena, const char *text)
{
	return decode(arena, text, false);
}

void mount_path_encode(struct buf *out, const char *path)
{
	for (const char *p = path; *p; p++) {
		if (strchr(" \t\n\\#", *p))
			buf_addf(out, "\\%03o", (unsigned char)*p);
		else
			buf_add(out, p, 1);
	}
}

static const char *take_text(struct line *line, const char *name)
{
	const char *text = next_field(line, name);

	return text ? decode(line->arena, text, false) : NULL;
}

static int take_root(struct line *line, struct mount_row *row)
{
	static const char suffix[] = "//deleted";
	char *text = next_field(line, "root");
	size_t len;

	if (!text)
		return -1;
	if (!*text)
		return bad(line, text, "is empty");
	len = strlen(text);
	if (len >= sizeof(suffix) && str_eq(text + len - strlen(suffix), suffix)) {
		text[len - strlen(suffix)] = '\0';
		row->is_deleted = true;
	}
	row->root = decode(line->arena, text, false);
	return 0;
}

static int take_mountpoint(struct line *line, struct mount_row *row)
{
	const char *text = next_field(line, "mountpoint");

	if (!text)
		return -1;
	if (*text != '/')
		return bad(line, text, "is not an absolute path");
	row->mountpoint = decode(line->arena, text, false);
	row->criu_mountpoint = decode(line->arena, text, true);
	return 0;
}

/* Unknown words are new kernel's flags that don't matter here. */
static int take_flags(struct line *line, struct mount_row *row)
{
	char *text = next_field(line, "options"), *word;

	if (!text)
		return -1;
	while ((word = strsep(&text, ","))) {
		if (str_eq(word, "idmapped"))
			row->is_idmapped = true;
		for (size_t i = 0; i < ARRAY_LEN(flag_words); i++)
			if (str_eq(word, flag_words[i].word))
				row->flags |= flag_words[i].flag;
	}
	if (!(row->flags & (MS_NOATIME | MS_RELATIME)))
		row->flags |= MS_STRICTATIME;
	return 0;
}

/* shared:N master:N propagate_from:N unbindable, in any number, up to the "-". */
static int take_optional(struct line *line, struct mount_row *row)
{
	const struct {
		const char *tag;
		unsigned int *id;
	} groups[] = {
		{ "shared:", &row->shared },
		{ "master:", &row->master },
		{ "propagate_from:", &row->propagate_from },
	};
	const char *text;

	while ((text = next_field(line, "optional fields"))) {
		if (str_eq(text, "-"))
			return 0;
		if (str_eq(text, "unbindable"))
			row->is_unbindable = true;
		for (size_t i = 0; i < ARRAY_LEN(groups); i++)
			if (str_starts(text, groups[i].tag) &&
			    to_number(line, text + strlen(groups[i].tag), groups[i].id))
				return -1;
	}
	return -1;
}

static int parse_line(struct line *line, struct mount_row *row)
{
	if (take_number(line, "mount id", &row->id) ||
	    take_number(line, "parent id", &row->parent) || take_device(line, row) ||
	    take_root(line, row) || take_mountpoint(line, row) || take_flags(line, row) ||
	    take_optional(line, row))
		return -1;
	row->fstype = take_text(line, "file system type");
	if (!row->fstype)
		return -1;
	row->source = take_text(line, "source");
	if (!row->source)
		return -1;
	row->super_options = take_text(line, "super options");
	return row->super_options ? 0 : -1;
}

static size_t count_lines(const char *text, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += text[i] == '\n';
	return n + (bytes && text[bytes - 1] != '\n');
}

static int parse_all(char *text, struct mount_table *t, struct err *err)
{
	char *p;

	for (size_t i = 0; i < t->n; i++) {
		struct line line = { .number = i + 1, .arena = &t->arena, .err = err };

		p = strsep(&text, "\n");
		line.p = p;
		t->v[i].line_bytes = strlen(p) + 1;
		if (parse_line(&line, &t->v[i]))
			return -1;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct mount_row *x = *(const struct mount_row *const *)a;
	const struct mount_row *y = *(const struct mount_row *const *)b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void sort_ids(struct mount_table *t)
{
	t->by_id = arena_array(&t->arena, t->n, sizeof(struct mount_row *));
	for (size_t i = 0; i < t->n; i++)
		t->by_id[i] = &t->v[i];
	if (t->n)
		qsort(t->by_id, t->n, sizeof(struct mount_row *), compare_ids);
}

int mount_table_parse(const char *text, size_t bytes, struct mount_table *table, struct err *err)
{
	struct mount_table t = { 0 };
	char *copy;

	if (!bytes)
		text = ""; /* an empty struct buf has no memory */
	if (memchr(text, '\0', bytes))
		return err_set(err, ERR_INVALID, "mountinfo: there is a NUL byte in it");
	copy = arena_alloc(&t.arena, bytes + 1);
	memcpy(copy, text, bytes);
	t.n = count_lines(text, bytes);
	t.v = arena_array(&t.arena, t.n, sizeof(*t.v));
	if (parse_all(copy, &t, err)) {
		mount_table_done(&t);
		return -1;
	}
	sort_ids(&t);
	*table = t;
	return 0;
}

void mount_table_done(struct mount_table *table)
{
	arena_done(&table->arena);
	*table = (struct mount_table){ 0 };
}

const struct mount_row *mount_table_find_id(const struct mount_table *table, unsigned int id)
{
	size_t low = 0, high = table->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->n && table->by_id[low]->id == id ? table->by_id[low] : NULL;
}

const struct mount_row *mount_table_root(const struct mount_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct mount_row *row = &table->v[i];

		if (str_eq(row->mountpoint, "/") &&
		    (row->parent == row->id || !mount_table_find_id(table, row->parent)))
			return row;
	}
	return NULL;
}

const struct mount_row *mount_table_next_child(const struct mount_table *table,
					       const struct mount_row *parent,
					       const struct mount_row *previous)
{
	size_t i = previous ? (size_t)(previous - table->v) + 1 : 0;

	for (; i < table->n; i++)
		if (table->v[i].parent == parent->id && &table->v[i] != parent)
			return &table->v[i];
	return NULL;
}

/* Of the mounts on `path` the top one carries no other on the same path. */
static bool is_covered(const struct mount_table *table, const struct mount_row *row)
{
	const struct mount_row *child = NULL;

	while ((child = mount_table_next_child(table, row, child)))
		if (str_eq(child->mountpoint, row->mountpoint))
			return true;
	return false;
}

const struct mount_row *mount_table_topmost(const struct mount_table *table, const char *path)
{
	const struct mount_row *found = NULL;

	for (size_t i = 0; i < table->n; i++)
		if (str_eq(table->v[i].mountpoint, path) && !is_covered(table, &table->v[i]))
			found = &table->v[i];
	return found;
}

bool mount_row_same_fs(const struct mount_row *a, const struct mount_row *b)
{
	return a->major == b->major && a->minor == b->minor;
}

const char *mount_path_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n && prefix[n - 1] == '/')
		n--;
	if (strncmp(path, prefix, n) != 0)
		return NULL;
	path += n;
	if (*path == '\0')
		return path;
	return *path == '/' ? path + 1 : NULL;
}
