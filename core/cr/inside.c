/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/cr/inside.h"
#include "core/run/sync.h"

/* In the child. setns() makes the namespace's root our root and working directory. */
static int make_readonly(int pidfd, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (setns(pidfd, CLONE_NEWNS))
		return err_sys(err, "enter the restored mount namespace");
	if (mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof(attr)))
		return err_sys(err, "make the restored root read-only");
	return 0;
}

int inside_make_root_readonly(pid_t pid, struct err *err)
{
	auto_fd int pidfd = proc_open(pid, 0, err);
	int socks[2], got, status;
	pid_t child;

	if (pidfd < 0 || sync_pair(socks, err))
		return -1;
	child = fork();
	if (child == 0) {
		struct err e = { 0 };

		if (make_readonly(pidfd, &e))
			sync_send_error(socks[1], &e);
		else
			sync_send(socks[1], SYNC_READY, NULL);
		_exit(0);
	}
	fd_close(&socks[1]);
	got = child < 0 ? err_sys(err, "fork")
			: sync_expect(socks[0], SYNC_READY, "the helper in the container", err);
	fd_close(&socks[0]);
	if (child > 0)
		proc_wait(child, &status, NULL);
	return got;
}
