/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/copy.h"

#define MAX_DEPTH   256
#define CHUNK_BYTES (1U << 30)

/* One entry on its way from one open directory to another. */
struct entry {
	int from, to;
	const char *name;
	struct stat st;
	int depth;
};

static int copy_entries(int from_fd, int to_fd, int depth, struct err *err);

static int copy_dir(const struct entry *e, struct err *err)
{
	auto_fd int from = openat(e->from, e->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int to = -1;

	if (from < 0)
		return err_sys(err, "open %s", e->name);
	if (mkdirat(e->to, e->name, 0700))
		return err_sys(err, "create %s", e->name);
	to = openat(e->to, e->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return err_sys(err, "open the new %s", e->name);
	return copy_entries(from, to, e->depth + 1, err) ? err_wrap(err, "%s", e->name) : 0;
}

/* O_NONBLOCK: a fifo that takes the file's place meanwhile must not hold us up. */
static int copy_file(const struct entry *e, struct err *err)
{
	auto_fd int from =
		openat(e->from, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_fd int to = -1;
	ssize_t n;

	if (from < 0)
		return err_sys(err, "open %s", e->name);
	to = openat(e->to, e->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(err, "create %s", e->name);
	do {
		n = sendfile(to, from, NULL, CHUNK_BYTES);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_sys(err, "copy %s", e->name) : 0;
}

static int copy_link(const struct entry *e, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(e->from, e->name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read link %s", e->name);
	target[n] = '\0';
	return symlinkat(target, e->to, e->name) ? err_sys(err, "create %s", e->name) : 0;
}

/* Gives 1 for a node that this user may not make. */
static int copy_node(const struct entry *e, struct err *err)
{
	if (!mknodat(e->to, e->name, e->st.st_mode, e->st.st_rdev))
		return 0;
	if (errno != EPERM)
		return err_sys(err, "create %s", e->name);
	log_debug("not copied, it may not be made here: %s", e->name);
	return 1;
}

/* The owner before the mode, as chown() takes set-user-id bits away. */
static int copy_metadata(const struct entry *e, struct err *err)
{
	struct timespec times[2] = { e->st.st_atim, e->st.st_mtim };

	if (fchownat(e->to, e->name, e->st.st_uid, e->st.st_gid, AT_SYMLINK_NOFOLLOW) &&
	    errno != EPERM && errno != EINVAL)
		return err_sys(err, "chown %s", e->name);
	if (!S_ISLNK(e->st.st_mode) && fchmodat(e->to, e->name, e->st.st_mode & 07777, 0))
		return err_sys(err, "chmod %s", e->name);
	if (utimensat(e->to, e->name, times, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "set the times of %s", e->name);
	return 0;
}

static int copy_entry(struct entry *e, struct err *err)
{
	int ret;

	if (fstatat(e->from, e->name, &e->st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat %s", e->name);
	if (S_ISDIR(e->st.st_mode))
		ret = copy_dir(e, err);
	else if (S_ISREG(e->st.st_mode))
		ret = copy_file(e, err);
	else if (S_ISLNK(e->st.st_mode))
		ret = copy_link(e, err);
	else
		ret = copy_node(e, err);
	if (ret)
		return ret < 0 ? -1 : 0;
	return copy_metadata(e, err);
}

static int copy_entries(int from_fd, int to_fd, int depth, struct err *err)
{
	struct dirent *d;
	int fd, ret = 0;
	DIR *dir;

	if (depth > MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "it is nested more than %d deep", MAX_DEPTH);
	fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		err_sys(err, "list the directory");
		fd_close(&fd);
		return -1;
	}
	while (!ret && (d = readdir(dir))) {
		struct entry e = { .from = fd, .to = to_fd, .name = d->d_name, .depth = depth };

		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			ret = copy_entry(&e, err);
	}
	closedir(dir);
	return ret;
}

int copy_tree(int from_fd, int to_fd, struct err *err)
{
	return copy_entries(from_fd, to_fd, 0, err);
}
