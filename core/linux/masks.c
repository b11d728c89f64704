/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/masks.h"
#include "core/linux/mount_fd.h"

static const struct mount_fd_attrs as_it_is;

bool masks_is_null(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* Open one of the paths: 1 and the fd, 0 if there is no such thing, -1. */
static int open_path(int root_fd, const char *path, int *out, struct err *err)
{
	int fd = path_open(root_fd, path, O_PATH, NULL);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(err, "open %s", path);
	*out = fd;
	return 1;
}

/*
 * Bind `what` over `target`. A detached mount goes there itself and is then no longer detached; it
 * can't be copied before (Linux 6.15).
 */
static int cover(struct mount_fd_bind *what, const struct mount_fd_target *target)
{
	struct mount_fd_bind bind;
	int ret, saved;

	if (what->is_copy) {
		ret = mount_fd_attach(what->fd, target->fd);
		what->is_copy = ret;
		return ret;
	}
	if (mount_fd_bind_from(what->fd, "", AT_EMPTY_PATH, &bind))
		return -1;
	ret = mount_fd_bind_to(&bind, target, &as_it_is);
	saved = errno;
	close(bind.fd);
	errno = saved;
	return ret;
}

/* The first directory gets the tmpfs itself, the others copies. */
static int hide_dir(const struct mount_fd_target *target, const char *label,
		    struct mount_fd_bind *empty, struct err *err)
{
	struct mount_fd_fs fs = { .type = "tmpfs",
				  .source = "tmpfs",
				  .label = label,
				  .flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC };

	if (empty->fd >= 0)
		return cover(empty, target) ? err_sys(err, "bind an empty directory") : 0;
	empty->fd = mount_fd_new(&fs, target, err);
	return empty->fd < 0 ? -1 : 0;
}

/* What covers files and what covers directories. */
struct covers {
	struct mount_fd_bind *null;
	struct mount_fd_bind empty;
	const char *label;
};

static int hide(const struct mount_fd_target *target, struct covers *with, struct err *err)
{
	struct stat st;

	if (fstat(target->fd, &st))
		return err_sys(err, "stat");
	if (S_ISDIR(st.st_mode))
		return hide_dir(target, with->label, &with->empty, err);
	return cover(with->null, target) ? err_sys(err, "bind /dev/null") : 0;
}

int masks_hide(int root_fd, struct mount_fd_bind *null, const struct spec_strings *paths,
	       const char *label, struct err *err)
{
	struct covers with = { .null = null, .empty = { .fd = -1 }, .label = label };
	int ret = 0;

	for (size_t i = 0; i < paths->n && !ret; i++) {
		struct mount_fd_target target = { .root_fd = root_fd, .path = paths->v[i] };
		auto_fd int fd = -1;
		int found = open_path(root_fd, paths->v[i], &fd, err);

		target.fd = fd;
		if (found < 0 || (found && hide(&target, &with, err)))
			ret = err_wrap(err, "mask %s", paths->v[i]);
	}
	fd_close(&with.empty.fd);
	return ret;
}

/* Kernels without mount_setattr() can do the top mount only, as runc always does. */
static int protect(const struct mount_fd_target *target)
{
	static const struct mount_fd_attrs all = { .rec_set = MOUNT_ATTR_RDONLY };
	static const struct mount_fd_attrs top = { .set = MOUNT_ATTR_RDONLY };
	struct mount_fd_bind bind;
	int ret, saved;

	if (mount_fd_bind_from(target->fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &bind))
		return -1;
	ret = mount_fd_bind_to(&bind, target, &all);
	if (ret && errno == EOPNOTSUPP)
		ret = mount_fd_set(bind.fd, &top);
	saved = errno;
	close(bind.fd);
	errno = saved;
	return ret;
}

int masks_protect(int root_fd, const struct spec_strings *paths, struct err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct mount_fd_target target = { .root_fd = root_fd, .path = paths->v[i] };
		auto_fd int fd = -1;
		int found = open_path(root_fd, paths->v[i], &fd, err);

		target.fd = fd;
		if (found < 0)
			return -1;
		if (found && protect(&target))
			return err_sys(err, "make %s read-only", paths->v[i]);
	}
	return 0;
}
