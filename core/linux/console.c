/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/console.h"

/* What runc calls a master when it sends one. */
#define MASTER_NAME "/dev/ptmx"

static bool is_devpts(int fd)
{
	struct statfs sfs;

	return !fstatfs(fd, &sfs) && sfs.f_type == DEVPTS_SUPER_MAGIC;
}

static int open_devpts(int dev_fd, struct err *err)
{
	auto_fd int fd = path_open_plain(dev_fd, "pts", O_PATH | O_DIRECTORY, err);

	if (fd < 0)
		err_wrap(err, "process.terminal needs /dev/pts");
	else if (!is_devpts(fd))
		err_set(err, ERR_INVALID,
			"process.terminal needs a devpts, but /dev/pts is something else");
	else
		return take_fd(&fd);
	return err_hint(err, "add a mount of type devpts on /dev/pts to the mounts in config.json");
}

/* devpts has one device besides its ptys, which is c 5:2; anything else was mounted over it. */
static int open_master(int pts_fd, struct err *err)
{
	auto_fd int fd = openat(pts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	int unlocked = 0;
	struct stat st;

	if (fd < 0)
		return err_sys(err, "open /dev/pts/ptmx");
	if (fstat(fd, &st) || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || !is_devpts(fd))
		return err_set(err, ERR_INVALID, "/dev/pts/ptmx isn't the device of a devpts");
	if (ioctl(fd, TIOCSPTLCK, &unlocked))
		return err_sys(err, "unlock a pty");
	return take_fd(&fd);
}

int console_new(int dev_fd, struct console *console, struct err *err)
{
	auto_fd int pts_fd = open_devpts(dev_fd, err);
	auto_fd int master = pts_fd < 0 ? -1 : open_master(pts_fd, err);
	auto_fd int slave = -1;

	if (master < 0)
		return -1;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, "open the slave of a pty");
	*console = (struct console){ .master = take_fd(&master), .slave = take_fd(&slave) };
	return 0;
}

void console_done(struct console *console)
{
	fd_close(&console->master);
	fd_close(&console->slave);
}

int console_resize(int master, uint16_t rows, uint16_t columns, struct err *err)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (ioctl(master, TIOCSWINSZ, &size))
		return err_sys(err, "set the size of the terminal");
	return 0;
}

/* Whatever is there will do to mount on, if mounting there means there. */
static int open_mountpoint(int dev_fd, struct err *err)
{
	const int flags = O_NOFOLLOW | O_CLOEXEC;
	auto_fd int fd = openat(dev_fd, "console", O_RDONLY | O_CREAT | O_EXCL | flags, 0600);
	struct stat st;

	if (fd < 0 && errno == EEXIST)
		fd = openat(dev_fd, "console", O_PATH | flags);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, "make /dev/console");
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID, "/dev/console is a %s; it must be a file",
			       S_ISDIR(st.st_mode) ? "directory" : "symlink");
	return take_fd(&fd);
}

static int bind_by_path(int fd, int target)
{
	char from[64], to[64];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), "/proc/self/fd/%d", target);
	return mount(from, to, NULL, MS_BIND, NULL);
}

int console_bind(int slave, int dev_fd, struct err *err)
{
	auto_fd int target = open_mountpoint(dev_fd, err);
	auto_fd int tree = -1;
	int ret;

	if (target < 0)
		return -1;
	tree = open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 && errno != ENOSYS)
		return err_sys(err, "clone the mount of the terminal");
	if (tree >= 0)
		ret = move_mount(tree, "", target, "",
				 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	else
		ret = bind_by_path(slave, target);
	return ret ? err_sys(err, "mount the terminal on /dev/console") : 0;
}

int console_attach_stdio(int slave, struct err *err)
{
	if (ioctl(slave, TIOCSCTTY, 0))
		return err_sys(err, "take the terminal as controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(err, "take the terminal as fd %d", fd);
	return 0;
}

int console_send(const char *socket_path, int fd, struct err *err)
{
	auto_fd int sock = fd_connect_unix(socket_path, err);

	if (sock < 0)
		return -1;
	if (fd_send_with(sock, fd, MASTER_NAME, strlen(MASTER_NAME), err))
		return err_wrap(err, "socket %s", socket_path);
	return 0;
}
