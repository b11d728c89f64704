/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

#define MAX_LINKS   40	/* as the kernel: path_resolution(7) */
#define MAX_RETRIES 128 /* of openat2, which gives up when it meets a rename */

char *path_normalize(const char *path)
{
	char *out = xmalloc(strlen(path) + 2);
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (len && !(len == 1 && *path == '.')) {
			out[n++] = '/';
			memcpy(out + n, path, len);
			n += len;
		}
		path += len;
		path += *path == '/';
	}
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (!strcmp(dir, "/"))
		return *path == '/';
	return !strncmp(path, dir, n) && (path[n] == '\0' || path[n] == '/');
}

/* --- the walk: openat2's work done by hand, and creating on the way ------------------------- */

struct walk {
	int root_fd;
	int *dirs; /* the directories entered below the root, innermost last */
	size_t n;
	char *rest;	     /* what is still to be walked */
	struct strv entered; /* their names */
	unsigned int links;  /* symlinks followed so far */
	bool no_links;	     /* a symlink is an error */
	bool keep_last_link; /* a symlink at the end is the result */
	bool make_dirs;
	bool make_file; /* the last component is a file */
	mode_t dir_mode, file_mode;
	struct path_made *made;
};

static void walk_done(struct walk *w)
{
	int saved = errno;

	for (size_t i = 0; i < w->n; i++)
		close(w->dirs[i]);
	free(w->dirs);
	free(w->rest);
	strv_done(&w->entered);
	errno = saved;
}

static int walk_dir(const struct walk *w)
{
	return w->n ? w->dirs[w->n - 1] : w->root_fd;
}

static void walk_enter(struct walk *w, int fd, const char *name)
{
	w->dirs = xrealloc(w->dirs, w->n + 1, sizeof(*w->dirs));
	w->dirs[w->n++] = fd;
	strv_add(&w->entered, name);
}

/* Back to where we came from: by the kept fd and not by "..", which a rename could lead astray. */
static void walk_leave(struct walk *w)
{
	if (!w->n)
		return;
	close(w->dirs[--w->n]);
	free(w->entered.v[--w->entered.n]);
	w->entered.v[w->entered.n] = NULL;
}

/* Cut the next component off; NULL at the end. */
static char *walk_next(char **rest)
{
	char *name = *rest + strspn(*rest, "/");
	size_t len = strcspn(name, "/");

	if (!len)
		return NULL;
	*rest = name + len;
	if (**rest)
		*(*rest)++ = '\0';
	return name;
}

static void note_made(const struct walk *w, const char *name, bool is_dir)
{
	struct buf path = { 0 };
	struct path_made_item *item;
	struct stat st;

	if (!w->made || fstatat(walk_dir(w), name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	for (size_t i = 0; i < w->entered.n; i++)
		buf_addf(&path, "/%s", w->entered.v[i]);
	buf_addf(&path, "/%s", name);
	w->made->v = xrealloc(w->made->v, w->made->n + 1, sizeof(*item));
	item = &w->made->v[w->made->n++];
	*item = (struct path_made_item){ .root_fd = w->root_fd, .path = path.p, .is_dir = is_dir };
	item->dev = st.st_dev;
	item->ino = st.st_ino;
}

/* Open one name in the current directory, made if it isn't there. */
static int walk_open(struct walk *w, const char *name, bool is_last)
{
	bool is_dir = !(is_last && w->make_file);
	int dir = walk_dir(w), fd, ret;

	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT || !w->make_dirs)
		return fd;
	if (is_dir)
		ret = mkdirat(dir, name, w->dir_mode);
	else
		ret = mknodat(dir, name, S_IFREG | w->file_mode, 0);
	if (ret && errno != EEXIST)
		return -1;
	if (!ret)
		note_made(w, name, is_dir);
	return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* Go on with the target of the symlink `fd`, then with `rest`. */
static int walk_follow(struct walk *w, int fd, const char *rest)
{
	char target[PATH_MAX];
	char *joined;
	ssize_t n;

	if (w->no_links || ++w->links > MAX_LINKS) {
		errno = ELOOP;
		return -1;
	}
	n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0)
		return -1;
	if (n == 0 || n == sizeof(target)) {
		errno = n ? ENAMETOOLONG : ENOENT;
		return -1;
	}
	joined = xasprintf("%.*s/%s", (int)n, target, rest);
	while (*target == '/' && w->n)
		walk_leave(w);
	free(w->rest);
	w->rest = joined;
	return 0;
}

/* One component. Gives 0 to go on, 1 with the result in `*out`, -1 with errno. */
static int walk_step(struct walk *w, const char *name, char **rest, int *out)
{
	bool is_last = !(*rest)[strspn(*rest, "/")];
	auto_fd int fd = -1;
	struct stat st;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		walk_leave(w);
		return 0;
	}
	fd = walk_open(w, name, is_last);
	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (S_ISDIR(st.st_mode)) {
		walk_enter(w, take_fd(&fd), name);
		return 0;
	}
	if (S_ISLNK(st.st_mode) && !(is_last && w->keep_last_link && !w->no_links)) {
		if (walk_follow(w, fd, *rest))
			return -1;
		*rest = w->rest;
		return 0;
	}
	if (!is_last) {
		errno = ENOTDIR;
		return -1;
	}
	*out = take_fd(&fd);
	return 1;
}

/* Walk `path` and give an O_PATH fd of what it names, or -1 with errno. */
static int walk_path(struct walk *w, const char *path)
{
	int fd = -1, step = 0;
	char *rest, *name;

	rest = w->rest = xstrdup(path);
	while (!step && (name = walk_next(&rest)))
		step = walk_step(w, name, &rest, &fd);
	if (!step && w->n)
		fd = w->dirs[--w->n];
	else if (!step)
		fd = openat(w->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	walk_done(w);
	return fd;
}

/* --- opening -------------------------------------------------------------------------------- */

int path_open_by_walk(int root_fd, const char *path, int flags, bool no_links)
{
	struct walk w = { .root_fd = root_fd,
			  .no_links = no_links,
			  .keep_last_link = flags & O_NOFOLLOW };
	auto_fd int fd = walk_path(&w, path);
	char link[64];
	struct stat st;

	if (fd < 0)
		return -1;
	if (flags & O_PATH) {
		if (!(flags & O_DIRECTORY))
			return take_fd(&fd);
		if (fstat(fd, &st))
			return -1;
		errno = ENOTDIR;
		return S_ISDIR(st.st_mode) ? take_fd(&fd) : -1;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return open(link, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
}

static int open_below(int root_fd, const char *path, int flags, bool no_links)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};

	how.resolve |= no_links ? RESOLVE_NO_SYMLINKS : RESOLVE_NO_MAGICLINKS;
	for (int i = 0; i < MAX_RETRIES; i++) {
		int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return fd;
		/* EPERM is what some seccomp profiles say instead of ENOSYS */
		if (errno == ENOSYS || errno == EPERM)
			return path_open_by_walk(root_fd, path, flags, no_links);
		if (errno != EAGAIN && errno != EXDEV && errno != EINTR)
			return -1;
	}
	return -1;
}

int path_open(int root_fd, const char *path, int flags, struct err *err)
{
	int fd = open_below(root_fd, path, flags, false);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

int path_open_plain(int root_fd, const char *path, int flags, struct err *err)
{
	int fd = open_below(root_fd, path, flags, true);

	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

/* Whether `path`, which may really end in " (deleted)", still names what `fd` is. */
static bool names_fd(int root_fd, const char *path, int fd)
{
	auto_fd int again = open_below(root_fd, path, O_PATH | O_NOFOLLOW, false);
	struct stat a, b;

	return again >= 0 && !fstat(again, &a) && !fstat(fd, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int path_resolve(int root_fd, int fd, char **in_root, struct err *err)
{
	static const char deleted[] = " (deleted)";
	auto_free char *root = fd_path(root_fd);
	auto_free char *path = fd_path(fd);
	size_t skip, n;
	const char *below;

	if (!root || !path)
		return err_sys(err, "resolve an open file by /proc/self/fd");
	skip = strcmp(root, "/") ? strlen(root) : 0;
	if (*path != '/' || !path_is_below(path, root))
		return err_set(err, ERR_INVALID, "%s isn't below %s", path, root);
	below = path[skip] ? path + skip : "/";
	n = strlen(below);
	if (n >= sizeof(deleted) && !strcmp(below + n - (sizeof(deleted) - 1), deleted) &&
	    !names_fd(root_fd, below, fd))
		return err_set(err, ERR_NOT_FOUND, "%s: it was removed", below);
	*in_root = xstrdup(below);
	return 0;
}

/* --- creating ------------------------------------------------------------------------------- */

int path_make_dir(int root_fd, const char *path, mode_t mode, struct path_made *made,
		  struct err *err)
{
	struct walk w = { .root_fd = root_fd, .make_dirs = true, .dir_mode = mode, .made = made };
	int fd = open_below(root_fd, path, O_PATH | O_DIRECTORY, false);
	struct stat st;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(err, "open directory %s", path);
	fd = walk_path(&w, path);
	if (fd < 0)
		return err_sys(err, "create directory %s", path);
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return fd;
	close(fd);
	errno = ENOTDIR;
	return err_sys(err, "create directory %s", path);
}

int path_make_file(int root_fd, const char *path, mode_t mode, struct path_made *made,
		   struct err *err)
{
	struct walk w = { .root_fd = root_fd,
			  .make_dirs = true,
			  .make_file = true,
			  .dir_mode = 0755,
			  .file_mode = mode,
			  .made = made };
	auto_fd int fd = open_below(root_fd, path, O_PATH, false);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		fd = walk_path(&w, path);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "create file %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "create file %s: a directory is there", path);
	return take_fd(&fd);
}

int path_make_parents(const char *path, mode_t mode, struct err *err)
{
	auto_free char *part = xstrdup(path);

	for (char *slash = strchr(part + !!*part, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return err_sys(err, "create %s", part);
		*slash = '/';
	}
	return 0;
}

static void unmake(const struct path_made_item *item)
{
	char *name = strrchr(item->path, '/');
	auto_fd int dir = -1;
	struct stat st;

	*name++ = '\0';
	dir = open_below(item->root_fd, *item->path ? item->path : "/", O_PATH | O_DIRECTORY, true);
	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (st.st_dev != item->dev || st.st_ino != item->ino)
		return;
	if (item->is_dir || (S_ISREG(st.st_mode) && !st.st_size))
		unlinkat(dir, name, item->is_dir ? AT_REMOVEDIR : 0);
}

void path_made_undo(struct path_made *made)
{
	for (size_t i = made->n; i > 0; i--)
		unmake(&made->v[i - 1]);
	path_made_done(made);
}

void path_made_done(struct path_made *made)
{
	for (size_t i = 0; i < made->n; i++)
		free(made->v[i].path);
	free(made->v);
	*made = (struct path_made){ 0 };
}
