/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/linux/idmap.h"
#include "core/linux/namespaces.h"

/* A child in a new user namespace that does nothing until it is killed. */
static pid_t fork_userns(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

int idmap_userns(const struct spec_id_maps *uid_maps, const struct spec_id_maps *gid_maps,
		 struct err *err)
{
	auto_pid pid_t pid = fork_userns();
	char path[64];
	int fd;

	if (pid < 0)
		return err_sys(err, "make a user namespace for an idmapped mount");
	if (namespaces_write_id_maps(pid, uid_maps, gid_maps, err))
		return err_wrap(err, "idmapped mount");
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

int idmap_mount(int mount_fd, int userns_fd, bool is_recursive, struct err *err)
{
	unsigned int flags = AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0U);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
				   .userns_fd = (unsigned int)userns_fd };

	if (!mount_setattr(mount_fd, "", flags, &attr, sizeof(attr)))
		return 0;
	if (errno == ENOSYS)
		return err_set(err, ERR_UNSUPPORTED, "idmapped mounts need Linux 5.12");
	if (errno == EINVAL)
		return err_set(err, ERR_UNSUPPORTED,
			       "this kernel can't make idmapped mounts of that file system");
	return err_sys(err, "map the ids of the mount");
}
