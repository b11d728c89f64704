/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "core/base/fd.h"

#define REMOVE_DEPTH_MAX 64

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *p, size_t bytes, struct err *err)
{
	const char *at = p;

	while (bytes) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "write");
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t max_bytes, struct buf *out, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			break;
		if (b.n + (size_t)n > max_bytes)
			return err_set(err, ERR_LIMIT, "it is larger than %zu bytes", max_bytes);
		buf_add(&b, chunk, (size_t)n);
	}
	buf_add(&b, "", 0);
	buf_done(out);
	*out = b;
	b = (struct buf){ 0 };
	return 0;
}

int fd_read_file(int dirfd, const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (fd_read_all(fd, max_bytes, out, err))
		return err_wrap(err, "%s", path);
	return 0;
}

int fd_write_file(int dirfd, const char *path, const char *text, struct err *err)
{
	auto_fd int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t bytes = strlen(text);
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "open %s", path);
	do {
		n = write(fd, text, bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "write \"%s\" to %s", text, path);
	if ((size_t)n != bytes)
		return err_set(err, ERR_SYS, "write \"%s\" to %s: only %zd of %zu bytes taken",
			       text, path, n, bytes);
	return 0;
}

/*
 * The temporary is always a new file: in a directory like /tmp somebody else may have put a link
 * there, and a process that was killed may have left one under the pid that is ours now.
 */
static int open_temporary(int dirfd, const char *tmp, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = openat(dirfd, tmp, flags, mode);

	if (fd >= 0 || errno != EEXIST || unlinkat(dirfd, tmp, 0))
		return fd;
	return openat(dirfd, tmp, flags, mode);
}

static int write_synced(int dirfd, const char *tmp, const struct iovec *content, mode_t mode,
			struct err *err)
{
	auto_fd int fd = open_temporary(dirfd, tmp, mode);

	if (fd < 0)
		return err_sys(err, "create %s", tmp);
	if (fchmod(fd, mode))
		return err_sys(err, "chmod %s", tmp);
	if (fd_write_all(fd, content->iov_base, content->iov_len, err))
		return err_wrap(err, "%s", tmp);
	if (fsync(fd))
		return err_sys(err, "fsync %s", tmp);
	return 0;
}

static int replace(int dirfd, const char *path, const struct iovec *content, mode_t mode,
		   struct err *err)
{
	auto_free char *tmp = xasprintf("%s.tmp%d", path, (int)getpid());

	if (write_synced(dirfd, tmp, content, mode, err)) {
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	if (renameat(dirfd, tmp, dirfd, path)) {
		err_sys(err, "rename %s to %s", tmp, path);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return 0;
}

int fd_replace_file(int dirfd, const char *path, const struct buf *content, mode_t mode,
		    struct err *err)
{
	struct iovec iov = { .iov_base = content->p, .iov_len = content->n };

	return replace(dirfd, path, &iov, mode, err);
}

int fd_replace_text(int dirfd, const char *path, const char *text, mode_t mode, struct err *err)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };

	return replace(dirfd, path, &iov, mode, err);
}

int fd_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

static int cloexec_by_proc(unsigned int first, struct err *err)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	if (!d)
		return err_sys(err, "open /proc/self/fd");
	while ((e = readdir(d))) {
		unsigned long long fd;

		if (!str_to_u64(e->d_name, INT_MAX, &fd) && fd >= first)
			fd_cloexec((int)fd, true);
	}
	closedir(d);
	return 0;
}

int fd_cloexec_from(unsigned int first, struct err *err)
{
	if (!syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC))
		return 0;
	if (errno != ENOSYS && errno != EINVAL)
		return err_sys(err, "close_range from %u", first);
	return cloexec_by_proc(first, err);
}

static bool is_kept(int fd, const int *keep, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

static int close_by_proc(unsigned int first, const int *keep, size_t n, struct err *err)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	if (!d)
		return err_sys(err, "open /proc/self/fd");
	while ((e = readdir(d))) {
		unsigned long long fd;

		if (!str_to_u64(e->d_name, INT_MAX, &fd) && fd >= first && (int)fd != dirfd(d) &&
		    !is_kept((int)fd, keep, n))
			close((int)fd);
	}
	closedir(d);
	return 0;
}

int fd_close_others(unsigned int preserve, const int *keep, size_t n, struct err *err)
{
	unsigned int first = 3 + preserve;

	for (int fd = 3; fd < (int)first; fd++)
		if (fcntl(fd, F_GETFD) > 0 && !is_kept(fd, keep, n))
			close(fd);
	for (;;) {
		unsigned int next = ~0U; /* the lowest of those to keep */

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= (int)first && (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (first < next && syscall(SYS_close_range, first, next - (next != ~0U), 0)) {
			if (errno == ENOSYS)
				return close_by_proc(first, keep, n, err);
			return err_sys(err, "close_range from %u", first);
		}
		if (next == ~0U)
			return 0;
		first = next + 1;
	}
}

char *fd_path(int fd)
{
	char link[64], target[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target);
}

int fd_send_with(int sock, int fd, const void *p, size_t bytes, struct err *err)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = bytes };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl = { .buf = { 0 } };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = ctl.buf,
			      .msg_controllen = sizeof(ctl.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(err, "send a file descriptor") : 0;
}

int fd_send(int sock, int fd, struct err *err)
{
	return fd_send_with(sock, fd, "", 1, err);
}

int fd_connect_unix(const char *path, struct err *err)
{
	auto_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (sock < 0)
		return err_sys(err, "make a socket");
	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(err, ERR_LIMIT, "socket path %s is longer than %zu bytes", path,
			       sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (connect(sock, (struct sockaddr *)&sa, sizeof(sa)))
		return err_sys(err, "connect to %s", path);
	return take_fd(&sock);
}

/* CMSG_SPACE() has room for a second fd, which would stay open unseen: CMSG_LEN() has not. */
int fd_recv(int sock, struct err *err)
{
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl = { .buf = { 0 } };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = ctl.buf,
			      .msg_controllen = CMSG_LEN(sizeof(int)) };
	auto_fd int fd = -1;
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "receive a file descriptor");
	c = CMSG_FIRSTHDR(&msg);
	if (!n || !c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return err_set(err, ERR_INVALID, "the peer sent no file descriptor");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (msg.msg_flags & MSG_CTRUNC)
		return err_set(err, ERR_INVALID, "the peer sent more than one file descriptor");
	return take_fd(&fd);
}

/* --- removing a tree ---------------------------------------------------------------------------- */

/*
 * The mount that `fd` lies on; a bind mount from the same file system has the same device and
 * another id. From /proc/self/fdinfo (Linux 3.15), as statx() tells it from 5.8 on only.
 */
static int mount_id(int fd, unsigned long long *id)
{
	AUTO(buf_done) struct buf b = { 0 };
	const char *at;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (fd_read_file(AT_FDCWD, path, 65536, &b, NULL))
		return -1;
	at = strstr(b.p, "mnt_id:");
	return at && sscanf(at, "mnt_id: %llu", id) == 1 ? 0 : -1;
}

static int remove_one(int parent, const char *name, unsigned long long mount, int depth,
		      struct err *err);

static int remove_entries(DIR *d, unsigned long long mount, int depth, struct err *err)
{
	struct dirent *e;

	if (depth > REMOVE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "it is nested more than %d deep", REMOVE_DEPTH_MAX);
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (remove_one(dirfd(d), e->d_name, mount, depth, err))
			return -1;
	}
	return 0;
}

static int remove_one(int parent, const char *name, unsigned long long mount, int depth,
		      struct err *err)
{
	unsigned long long here;
	auto_fd int fd = -1;
	int ret;
	DIR *d;

	if (!unlinkat(parent, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, "remove %s", name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", name);
	if (mount_id(fd, &here) || here != mount)
		return err_set(err, ERR_STATE, "remove %s: something is mounted there", name);
	d = fdopendir(fd);
	if (!d)
		return err_sys(err, "list %s", name);
	take_fd(&fd);
	ret = remove_entries(d, mount, depth + 1, err);
	closedir(d);
	if (ret)
		return err_wrap(err, "%s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT)
		return err_sys(err, "remove %s", name);
	return 0;
}

int fd_remove_tree(int dirfd, const char *name, struct err *err)
{
	unsigned long long mount;
	auto_fd int parent = -1;
	auto_fd int fd = -1;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	parent = fd < 0 ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return err_sys(err, "open %s", name);
	if (mount_id(parent, &mount))
		return err_set(err, ERR_SYS, "remove %s: /proc does not tell its mount", name);
	return remove_one(dirfd, name, mount, 0, err);
}
