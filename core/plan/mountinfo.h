/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mountinfo.h - the mounts of a mount namespace, from the text of /proc/PID/mountinfo
 *
 * In       the text; it may be hostile (names are chosen inside the container)
 * Out      struct mount_table: one row per line, in the file's order (a parent comes before what is
 *          mounted on it, except after a move)
 * Effects  none; fuzzed by mountinfo_fuzz.c
 * Source   proc_pid_mountinfo(5); criu's proc_parse.c for what CRIU makes of the same line
 */
#ifndef KEDGE_CORE_PLAN_MOUNTINFO_H
#define KEDGE_CORE_PLAN_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* A line of this many bytes or more, newline included, is too long for CRIU's parser. */
#define MOUNT_TABLE_CRIU_LINE_BYTES 4095

struct mount_row {
	unsigned int id;
	unsigned int parent;
	unsigned int major, minor;
	const char *root;	/* the part of the file system that is mounted; no "//deleted" */
	const char *mountpoint; /* below the root directory of PID; "/" is the root */
	const char *criu_mountpoint; /* the same as CRIU decodes it: "\012" stays four characters */
	unsigned long flags;	     /* MS_RDONLY, MS_NOSUID … MS_STRICTATIME, never MS_REC */
	bool is_idmapped;
	unsigned int shared;	     /* peer group, or 0 */
	unsigned int master;	     /* peer group of which it is a slave, or 0 */
	unsigned int propagate_from; /* nearest dominant group below the reader's root, or 0 */
	bool is_unbindable;
	bool is_deleted; /* what is mounted was unlinked since */
	const char *fstype;
	const char *source; /* "" when there is none */
	const char *super_options;
	size_t line_bytes; /* length of the line, newline included */
};

/* A zeroed struct is an empty table. All memory belongs to `arena`. */
struct mount_table {
	struct arena arena;
	struct mount_row *v;
	size_t n;
	const struct mount_row **by_id; /* of equal ones the table's order is kept */
};

/*
 * Parse `bytes` bytes of `text`. `table` is empty on entry and stays empty on failure.
 * Errors: ERR_INVALID "mountinfo line 3: parent id: \"x\" is not a number".
 */
int mount_table_parse(const char *text, size_t bytes, struct mount_table *table, struct err *err);

/* Give back the memory; the table is empty afterwards. */
void mount_table_done(struct mount_table *table);

/* The row with mount id `id`, or NULL. */
const struct mount_row *mount_table_find_id(const struct mount_table *table, unsigned int id);

/*
 * The mount that is the namespace's root directory: the one at "/" whose parent isn't in the
 * table. NULL if there is none.
 */
const struct mount_row *mount_table_root(const struct mount_table *table);

/*
 * The next row mounted on `parent` behind `previous` (NULL: the first), or NULL at the end. The
 * root isn't its own child.
 */
const struct mount_row *mount_table_next_child(const struct mount_table *table,
					       const struct mount_row *parent,
					       const struct mount_row *previous);

/*
 * The mount that one sees at exactly `path` (absolute, normal form): of several on one mountpoint
 * the one on top. NULL if nothing is mounted there.
 */
const struct mount_row *mount_table_topmost(const struct mount_table *table, const char *path);

/* Whether both are mounts of one superblock. */
bool mount_row_same_fs(const struct mount_row *a, const struct mount_row *b);

/*
 * The part of `path` below `prefix`, both absolute and in normal form: "" when they are equal,
 * "b/c" for /a/b/c below /a, NULL when it isn't below.
 */
const char *mount_path_below(const char *path, const char *prefix);

/*
 * Append `path` as mountinfo has it: space, tab, newline, backslash and '#' as \ooo. What
 * mount_path_decode() undoes.
 */
void mount_path_encode(struct buf *out, const char *path);

/* Undo the escapes; the result is in the arena, or `text` itself when there are none. */
const char *mount_path_decode(struct arena *arena, const char *text);

#endif
