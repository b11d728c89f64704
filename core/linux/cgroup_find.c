/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_internal.h"

#define MOUNTINFO_MAX_BYTES   (64UL << 20)
#define PROC_CGROUP_MAX_BYTES (1UL << 20)

/* One line of mountinfo, as far as it matters here. */
struct mount_row {
	unsigned long long id, parent;
	char *root;    /* the part of the hierarchy that it shows */
	char *point;   /* mount point */
	char *type;    /* "cgroup", "cgroup2", … */
	char *options; /* of the superblock: "rw,cpu,cpuacct" */
};

struct mount_rows {
	struct mount_row *v;
	size_t n, cap;
};

static void mount_rows_done(struct mount_rows *rows)
{
	free(rows->v);
}

/* Undo mountinfo's \040 and its like, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++, to++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && isdigit((unsigned char)s[2]) &&
		    isdigit((unsigned char)s[3])) {
			*to = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to = *s;
		}
	}
	*to = '\0';
}

/* "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime shared:9 - cgroup cgroup rw,devices" */
static bool parse_row(char *line, struct mount_row *row)
{
	char *tail = strstr(line, " - ");
	char *id, *parent;

	if (!tail)
		return false;
	*tail = '\0';
	tail += strlen(" - ");
	id = strsep(&line, " ");
	parent = strsep(&line, " ");
	strsep(&line, " "); /* major:minor */
	row->root = strsep(&line, " ");
	row->point = strsep(&line, " ");
	row->type = strsep(&tail, " ");
	strsep(&tail, " "); /* source */
	row->options = tail;
	if (!row->point || !row->options || str_to_u64(id, ULLONG_MAX, &row->id) ||
	    str_to_u64(parent, ULLONG_MAX, &row->parent))
		return false;
	unescape(row->root);
	unescape(row->point);
	return true;
}

static void parse_rows(char *mountinfo, struct mount_rows *rows)
{
	char *line;

	while ((line = strsep(&mountinfo, "\n"))) {
		if (rows->n == rows->cap) {
			rows->cap = rows->cap ? rows->cap * 2 : 64;
			rows->v = xrealloc(rows->v, rows->cap, sizeof(*rows->v));
		}
		rows->n += parse_row(line, &rows->v[rows->n]);
	}
}

/* Whether `path` is `dir` or lies below it. */
static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return true; /* "/" */
	return str_starts(path, dir) && (path[len] == '/' || !path[len]);
}

static const struct mount_row *parent_of(const struct mount_rows *rows, const struct mount_row *m)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].id == m->parent && &rows->v[i] != m)
			return &rows->v[i];
	return NULL;
}

/* Whether some mount on `parent` other than `child` lies over the place of `child`. */
static bool is_covered(const struct mount_rows *rows, unsigned long long parent,
		       const struct mount_row *child)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct mount_row *o = &rows->v[i];

		if (o->parent == parent && o != child && is_within(child->point, o->point))
			return true;
	}
	return false;
}

/*
 * A mount is hidden by one on top of it, and by one beside it (or beside a mount that carries it)
 * that lies over its mount point: a tmpfs over /sys/fs/cgroup, say. The order of the lines tells
 * nothing, as an initramfs moves mounts.
 */
static bool is_hidden(const struct mount_rows *rows, const struct mount_row *m)
{
	if (is_covered(rows, m->id, m))
		return true;
	/* no more steps than lines, whatever the ids say */
	for (size_t i = 0; m && i < rows->n; i++) {
		if (is_covered(rows, m->parent, m))
			return true;
		m = parent_of(rows, m);
	}
	return false;
}

/* Where `own` is below a mount that shows the hierarchy from `root` on; NULL if it isn't there. */
static const char *own_below(const char *own, const char *root)
{
	/* seen from inside a cgroup namespace, a mount made outside shows a root above ours */
	if (!strcmp(root, "/..") || str_starts(root, "/../"))
		return "";
	if (!is_within(own, root))
		return NULL;
	own += strlen(root) > 1 ? strlen(root) : 0;
	return strcmp(own, "/") ? own : "";
}

static bool is_hierarchy(const struct mount_row *m, const char *controllers, const char *first)
{
	if (!*controllers)
		return !strcmp(m->type, "cgroup2");
	return !strcmp(m->type, "cgroup") && cgroup_has_word(m->options, first);
}

/* Add the hierarchy of one line "4:memory:/own" if a mount shows it. */
static void match(const struct mount_rows *rows, char *line, struct cgroup_hierarchies *out)
{
	char *own, *controllers, *first;

	strsep(&line, ":");
	controllers = strsep(&line, ":");
	own = line;
	if (!own || *own != '/')
		return;
	first = arena_strdup(&out->arena, controllers);
	first[strcspn(first, ",")] = '\0';
	for (size_t i = 0; i < rows->n; i++) {
		const struct mount_row *m = &rows->v[i];
		const char *below;

		if (!is_hierarchy(m, controllers, first))
			continue;
		below = own_below(own, m->root);
		if (!below || is_hidden(rows, m))
			continue;
		out->v[out->n++] = (struct cgroup_hierarchy){
			.controllers = arena_strdup(&out->arena, controllers),
			.root = arena_strdup(&out->arena, m->point),
			.own = arena_strdup(&out->arena, below),
		};
		return;
	}
}

void cgroup_find(char *mountinfo, char *proc_cgroup, struct cgroup_hierarchies *out)
{
	AUTO(mount_rows_done) struct mount_rows rows = { 0 };
	size_t lines = 1;
	char *line;

	for (const char *p = proc_cgroup; *p; p++)
		lines += *p == '\n';
	out->v = arena_array(&out->arena, lines, sizeof(*out->v));
	parse_rows(mountinfo, &rows);
	while ((line = strsep(&proc_cgroup, "\n")))
		match(&rows, line, out);
}

int cgroup_hierarchies_read(struct cgroup_hierarchies *out, struct err *err)
{
	AUTO(buf_done) struct buf mountinfo = { 0 }, own = { 0 };

	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX_BYTES, &mountinfo, err) ||
	    fd_read_file(AT_FDCWD, "/proc/self/cgroup", PROC_CGROUP_MAX_BYTES, &own, err))
		return err_wrap(err, "find the mounted cgroup hierarchies");
	cgroup_find(mountinfo.p, own.p, out);
	return 0;
}

void cgroup_hierarchies_done(struct cgroup_hierarchies *hs)
{
	arena_done(&hs->arena);
	*hs = (struct cgroup_hierarchies){ 0 };
}

enum cgroup_layout cgroup_layout_of(const struct cgroup_hierarchies *hs)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < hs->n; i++) {
		v1 |= hs->v[i].controllers[0] != '\0';
		v2 |= hs->v[i].controllers[0] == '\0';
	}
	if (v1)
		return v2 ? CGROUP_HYBRID : CGROUP_V1;
	return v2 ? CGROUP_V2 : CGROUP_NONE;
}

int cgroup_layout(enum cgroup_layout *layout, struct err *err)
{
	AUTO(cgroup_hierarchies_done) struct cgroup_hierarchies hs = { 0 };

	if (cgroup_hierarchies_read(&hs, err))
		return -1;
	*layout = cgroup_layout_of(&hs);
	return 0;
}
