/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/dump_lock.h"

#define NAME	       "dumping"
#define NAME_MAX_BYTES 64
#define POLL_NS	       10000000
#define DEATH_MS       1000

int dump_lock_take(const struct container *c, struct err *err)
{
	auto_fd int fd = openat(c->dir_fd, NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX))
		return err_sys(err, "container %s: lock " NAME, c->id);
	return take_fd(&fd);
}

int dump_lock_sign(const void *ctx, struct err *err)
{
	const int *fd = ctx;
	struct proc_stat self;
	char text[NAME_MAX_BYTES];
	int n;

	if (proc_stat_read(getpid(), &self, err))
		return -1;
	n = snprintf(text, sizeof(text), "%d %llu\n", (int)getpid(), self.start_time);
	if (ftruncate(*fd, 0) || pwrite(*fd, text, (size_t)n, 0) != n)
		return err_sys(err, "write " NAME);
	return 0;
}

int dump_lock_wait(const struct container *c, unsigned int timeout_ms, struct err *err)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	unsigned long long deadline_us = proc_now_us() + 1000ULL * timeout_ms;
	auto_fd int fd = openat(c->dir_fd, NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "container %s: open " NAME, c->id);
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, "container %s: lock " NAME, c->id);
		if (proc_now_us() >= deadline_us)
			return err_set(err, ERR_TIMEOUT, "container %s: CRIU does not let it go",
				       c->id);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* Its group as well: tar, iptables and action scripts. */
static int kill_owner(const struct container *c, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	auto_fd int pidfd = -1;
	unsigned long long start_time;
	int pid;

	if (fd_read_file(c->dir_fd, NAME, NAME_MAX_BYTES, &b, err))
		return -1;
	if (!b.n || sscanf(b.p, "%d %llu", &pid, &start_time) != 2 || pid <= 1)
		return err_set(err, ERR_INVALID, NAME " names no process");
	pidfd = proc_open(pid, start_time, err);
	if (pidfd < 0)
		return -1;
	/* while its first process is there, the group is nobody else's */
	if (getpgid(pid) == pid)
		kill(-pid, SIGKILL);
	return proc_signal(pidfd, SIGKILL, err);
}

int dump_lock_break(struct container *c, unsigned int timeout_ms, struct err *err)
{
	struct err late = { 0 }, e = { 0 };

	if (c->lock_fd < 0 && container_lock(c, err))
		return -1;
	if (!dump_lock_wait(c, timeout_ms, &late))
		return 0;
	if (late.kind == ERR_TIMEOUT) {
		/* what was killed may be gone before it gets the second signal */
		if (kill_owner(c, &e))
			log_debug("container %s: kill its CRIU: %s", c->id, e.msg);
		if (!dump_lock_wait(c, DEATH_MS, &late))
			return 0;
	}
	if (err)
		*err = late;
	return -1;
}
