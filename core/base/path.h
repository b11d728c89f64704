/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - paths below a root directory that somebody else may be changing
 *
 * In       an fd of the root directory (O_PATH will do) and a path as seen from inside it
 * Out      O_PATH fds; what was created on the way, so that it can be taken back
 * Effects  opens; path_make_* create directories and files, path_made_undo() removes them
 * Source   openat2(2) RESOLVE_IN_ROOT, path_resolution(7); CVE-2024-45310 for the way of creating
 *
 * Symlinks are followed as in a chroot: absolute ones and ".." never lead out of the root, whoever
 * renames directories meanwhile. Links of procfs that jump elsewhere are not followed. Where the
 * kernel has no openat2 (Linux 5.6), the path is walked one component at a time.
 */
#ifndef KEDGE_CORE_BASE_PATH_H
#define KEDGE_CORE_BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

/*
 * The path without "//", "/./", "/../" and trailing slash, always absolute ("" is "/"), by text
 * alone. ".." can't leave "/". The caller frees.
 */
char *path_normalize(const char *path);

/* Whether `path` is `dir` or lies below it, by whole components; both in normal form. */
bool path_is_below(const char *path, const char *dir);

/*
 * Open `path` below `root_fd` with open(2)'s `flags` (O_CLOEXEC is added, O_CREAT isn't for here).
 * Gives the fd. Errors: from errno; ELOOP for a link of procfs that jumps.
 */
int path_open(int root_fd, const char *path, int flags, struct err *err);

/* The same for a path without any symlink, the last component's included; one gives ELOOP. */
int path_open_plain(int root_fd, const char *path, int flags, struct err *err);

/*
 * path_open() or path_open_plain() (`no_links`) as they work without openat2: for kernels before
 * 5.6, and for the test. Gives the fd, or -1 with errno.
 */
int path_open_by_walk(int root_fd, const char *path, int flags, bool no_links);

/*
 * Where `fd` lies below `root_fd`: "/", or "/a/b" without symlinks. `*in_root` is the caller's to
 * free. Needs /proc. Errors: ERR_INVALID when it isn't below, ERR_NOT_FOUND when it was removed.
 */
int path_resolve(int root_fd, int fd, char **in_root, struct err *err);

/*
 * mkdir -p of the directory that a path of the host is in; the umask applies to `mode`. Errors: from
 * errno, the directory named.
 */
int path_make_parents(const char *path, mode_t mode, struct err *err);

/* What path_make_dir() and path_make_file() have created. A zeroed struct is an empty list. */
struct path_made_item {
	int root_fd; /* borrowed: it must stay open until undo or done */
	char *path;  /* as seen from the root, without symlinks when it was made */
	dev_t dev;
	ino_t ino;
	bool is_dir;
};

struct path_made {
	struct path_made_item *v;
	size_t n;
};

/*
 * mkdir -p below the root. Each component is made by mkdirat() in the directory that was entered
 * before, dangling symlinks lead to what they name. Gives an O_PATH fd of the directory. What was
 * created is added to `made` unless that is NULL, also when it fails in the end.
 * The umask applies to `mode`. Errors: from errno, the path named.
 */
int path_make_dir(int root_fd, const char *path, mode_t mode, struct path_made *made,
		  struct err *err);

/*
 * The same with an empty regular file at the end, and directories of mode 0755 on the way. Anything
 * that is there and no directory will do. Gives an O_PATH fd. Errors: ERR_INVALID for a directory.
 */
int path_make_file(int root_fd, const char *path, mode_t mode, struct path_made *made,
		   struct err *err);

/*
 * Remove what was made, last first, where it is still the same and still empty; what can't be
 * removed stays. The list is empty afterwards.
 */
void path_made_undo(struct path_made *made);

/* Forget what was made, which stays. The list is empty afterwards. */
void path_made_done(struct path_made *made);

#endif
