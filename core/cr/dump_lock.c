/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/cr/dump_lock.h"

#define NAME	"dumping"
#define POLL_NS 10000000

int dump_lock_take(const struct container *c, struct err *err)
{
	auto_fd int fd = openat(c->dir_fd, NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX))
		return err_sys(err, "container %s: lock " NAME, c->id);
	return take_fd(&fd);
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
