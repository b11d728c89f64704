/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>

#include "core/base/fd.h"
#include "core/cr/inside_enter.h"

#define MAX_MOUNTINFO_BYTES (64U << 20)

int inside_enter(int pidfd, struct inside_place *place, struct err *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_sys(err, "hide from the container");
	place->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->proc_fd < 0)
		return err_sys(err, "open /proc");
	/* this makes the namespace's root our root and working directory */
	if (setns(pidfd, CLONE_NEWNS))
		return err_sys(err, "enter the restored mount namespace");
	place->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return place->root_fd < 0 ? err_sys(err, "open the restored root") : 0;
}

int inside_read_mounts(int dir_fd, const char *path, struct mount_table *table, struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };

	if (fd_read_file(dir_fd, path, MAX_MOUNTINFO_BYTES, &text, err))
		return -1;
	return mount_table_parse(text.p, text.n, table, err);
}
