/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h - file descriptors with one owner, and whole-file reading and writing
 *
 * Every fd made here is CLOEXEC from birth. An empty fd is -1.
 */
#ifndef KEDGE_CORE_BASE_FD_H
#define KEDGE_CORE_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/str.h"

/* `auto_fd int fd = -1;` is closed when it leaves its scope. */
static inline void auto_fd_cleanup(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define auto_fd __attribute__((cleanup(auto_fd_cleanup)))

/* Hand an fd over: gives the value and leaves -1 behind. */
static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

/* Close `*fd` if it is one and leave -1. errno stays. */
void fd_close(int *fd);

/* Write all `bytes` bytes. Errors: ERR_SYS with "write" and errno. */
int fd_write_all(int fd, const void *p, size_t bytes, struct err *err);

/* Read to the end of the file, at most `max_bytes`. Errors: ERR_LIMIT when there is more, ERR_SYS. */
int fd_read_all(int fd, size_t max_bytes, struct buf *out, struct err *err);

/* Read the file `path` below `dirfd` (AT_FDCWD allowed). Errors as fd_read_all, the path named. */
int fd_read_file(int dirfd, const char *path, size_t max_bytes, struct buf *out, struct err *err);

/*
 * Write `text` with one write() to the existing file `path` below `dirfd`, as sysfs, procfs and
 * cgroupfs want it: neither created nor truncated. Errors: from errno, path and text named.
 */
int fd_write_file(int dirfd, const char *path, const char *text, struct err *err);

/*
 * Replace `path` below `dirfd` in one step: write a temporary beside it, fsync, rename. Readers see
 * the old or the new content, never a part. Errors: from errno, the path named.
 */
int fd_replace_file(int dirfd, const char *path, const struct buf *content, mode_t mode,
		    struct err *err);

/* The same with the bytes of `text`. */
int fd_replace_text(int dirfd, const char *path, const char *text, mode_t mode, struct err *err);

/* Set or clear FD_CLOEXEC. Returns 0, or -1 with errno. */
int fd_cloexec(int fd, bool on);

/* Mark every fd from `first` up CLOEXEC (close_range(2), Linux 5.11; /proc/self/fd before). */
int fd_cloexec_from(unsigned int first, struct err *err);

/*
 * Close every fd from 3 up but the `n` in `keep` (any order; -1 is none) and those of the first
 * `preserve` that aren't CLOEXEC: they came from our caller. For a process that enters a container:
 * an fd of a host directory is a way out, by a path like /proc/self/fd/7/.. also in the moment of
 * execve, before CLOEXEC works (CVE-2024-21626). Errors: ERR_SYS.
 */
int fd_close_others(unsigned int preserve, const int *keep, size_t n, struct err *err);

/* The path that /proc/self/fd shows for `fd`, or NULL with errno set; the caller frees. */
char *fd_path(int fd);

/* Send one fd with one byte over a unix socket. Errors: ERR_SYS. */
int fd_send(int sock, int fd, struct err *err);

/* The same with `bytes` (> 0) bytes of data beside it, in one message. */
int fd_send_with(int sock, int fd, const void *p, size_t bytes, struct err *err);

/* Connect to the unix stream socket at `path`. Gives the fd. Errors: ERR_LIMIT, ERR_SYS. */
int fd_connect_unix(const char *path, struct err *err);

/*
 * Receive one fd sent by fd_send (or any SCM_RIGHTS message). Gives the fd, CLOEXEC.
 * Errors: ERR_INVALID for a message with none or with several, ERR_SYS.
 */
int fd_recv(int sock, struct err *err);

/*
 * Remove the directory tree `name` in `dirfd`, following no symlink. A missing one is fine. Errors:
 * ERR_STATE when something is mounted in it (what lies there stays), ERR_LIMIT for more than 64
 * levels, else from errno. Needs /proc.
 */
int fd_remove_tree(int dirfd, const char *name, struct err *err);

#endif
