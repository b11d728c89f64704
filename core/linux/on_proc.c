/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/base/log.h"
#include "core/linux/on_proc.h"
#include "core/plan/mount_plan.h"

#define PROC_ROOT_INODE 1

bool on_proc(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

/* A bind of a procfs may take /proc's place. Less than its root is odd, but runc lets it pass. */
static bool is_procfs(int fd, const char *source)
{
	struct stat st;

	if (fd < 0 || !on_proc(fd))
		return false;
	if (!fstat(fd, &st) && st.st_ino != PROC_ROOT_INODE)
		log_warn("%s is mounted on /proc and isn't the root of a procfs",
			 source ? source : "something");
	return true;
}

int on_proc_check(const char *destination, const char *where, int source_fd, const char *source,
		  struct err *err)
{
	if (!strcmp(where, "/proc")) {
		if (is_procfs(source_fd, source))
			return 0;
		return err_set(err, ERR_INVALID, "only a procfs may be mounted on /proc");
	}
	if (!strcmp(destination, "/proc"))
		return err_set(err, ERR_INVALID, "a symlink leads it to %s", where);
	if (mount_plan_may_cover_proc(where))
		return 0;
	return err_set(err, ERR_INVALID, "a symlink leads it to %s: nothing may be mounted there",
		       where);
}
