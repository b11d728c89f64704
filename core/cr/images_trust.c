/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/images_trust.h"

/* Incremental dumps name their predecessor by this symlink. */
#define PARENT	    "parent"
#define MAX_PARENTS 100

static int distrust(const char *what, const char *name, const struct stat *st, struct err *err)
{
	bool is_foreign = st->st_uid && st->st_uid != geteuid();

	if (is_foreign)
		err_set(err, ERR_DENIED, "%s%s%s belongs to user %u", what, *name ? "/" : "", name,
			st->st_uid);
	else
		err_set(err, ERR_DENIED, "%s%s%s: other users may write to it", what,
			*name ? "/" : "", name);
	return err_hint(err,
			"who can write images can run programs as root: make them root's alone "
			"(chown root, chmod go-w), or say --allow-unsafe-images");
}

static bool is_safe(const struct stat *st)
{
	if (st->st_uid && st->st_uid != geteuid())
		return false;
	return S_ISLNK(st->st_mode) || !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int check_files(DIR *dir, const char *path, struct err *err)
{
	const struct dirent *entry;
	struct stat st;

	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".."))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
			if (errno == ENOENT)
				continue;
			return err_sys(err, "stat %s/%s", path, entry->d_name);
		}
		if (!is_safe(&st))
			return distrust(path, strcmp(entry->d_name, ".") ? entry->d_name : "", &st,
					err);
	}
	return 0;
}

static int check_dir(int at, const char *path, struct err *err)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int ret;

	if (!dir) {
		fd_close(&fd);
		return err_sys(err, "open %s", path);
	}
	ret = check_files(dir, path, err);
	closedir(dir);
	return ret;
}

int images_trust_check(int dirfd, const char *path, struct err *err)
{
	auto_free char *name = xstrdup(path);
	auto_fd int fd = -1;

	for (int i = 0; i < MAX_PARENTS; i++) {
		int at = fd < 0 ? dirfd : fd, parent;
		char *longer;

		if (check_dir(at, name, err))
			return -1;
		parent = openat(at, PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0)
			return 0;
		fd_close(&fd);
		fd = parent;
		longer = xasprintf("%s/" PARENT, name);
		free(name);
		name = longer;
	}
	return err_set(err, ERR_INVALID, "%s: it has more than %d parents", path, MAX_PARENTS);
}
