/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/linux/procfs.h"

/* The inode of a procfs' root; a bind mount of something deeper has another one. */
#define PROC_ROOT_INO 1

static bool is_procfs(int fd)
{
	struct statfs sfs;

	return !fstatfs(fd, &sfs) && sfs.f_type == PROC_SUPER_MAGIC;
}

static bool is_procfs_root(int fd)
{
	struct stat st;

	return is_procfs(fd) && !fstat(fd, &st) && st.st_ino == PROC_ROOT_INO;
}

static int open_fresh(bool with_sys)
{
	auto_fd int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	/* Linux 5.8; without it the handle shows more, and is as private. */
	if (!with_sys && fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0) && errno != EINVAL)
		return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int open_clone(void)
{
	return open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

int procfs_open(bool with_sys, struct err *err)
{
	auto_fd int fd = open_fresh(with_sys);

	if (fd < 0)
		fd = open_clone();
	if (fd < 0)
		fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open /proc");
	if (!is_procfs_root(fd))
		return err_set(err, ERR_DENIED, "/proc isn't the root of a procfs");
	return take_fd(&fd);
}

/* Before Linux 5.6. A handle of our own has no mounts on it, and procfs itself has no "..". */
static int open_plain(int procfd, const char *path)
{
	auto_fd int fd = -1;

	if (*path == '/' || strstr(path, "..")) {
		errno = EXDEV;
		return -1;
	}
	fd = openat(procfd, path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !is_procfs(fd)) {
		errno = EXDEV;
		return -1;
	}
	return take_fd(&fd);
}

static int open_below(int procfd, const char *path)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, procfd, path, &how, sizeof(how));

	return fd < 0 && errno == ENOSYS ? open_plain(procfd, path) : fd;
}

int procfs_write(int procfd, const char *path, const char *text, struct err *err)
{
	auto_fd int fd = open_below(procfd, path);
	size_t bytes = strlen(text);
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "open /proc/%s", path);
	do {
		n = write(fd, text, bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "write \"%s\" to /proc/%s", text, path);
	if ((size_t)n != bytes)
		return err_set(err, ERR_SYS,
			       "write \"%s\" to /proc/%s: only %zd of %zu bytes taken", text, path,
			       n, bytes);
	return 0;
}
