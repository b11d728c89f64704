/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a cgroup of v2 to the container's user. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_internal.h"

#define DELEGATE_LIST	   "/sys/kernel/cgroup/delegate" /* Linux 4.15 */
#define DELEGATE_MAX_BYTES 65536

static int give(int dir_fd, const struct cgroup_dir *d, const char *file, uid_t uid,
		struct err *err)
{
	if (!fchownat(dir_fd, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) || errno == ENOENT)
		return 0;
	return err_sys(err, "give %s/%s to user %u", d->dir, file, uid);
}

int cgroup_give(const struct cgroup *cg, uid_t uid, struct err *err)
{
	const struct cgroup_dir *d = cgroup_v2(cg);
	auto_fd int dir_fd = cgroup_v2_fd(cg);
	AUTO(buf_done) struct buf list = { 0 };
	char *file, *save = NULL;

	if (!d || cgroup_has_v1(cg) || cgroup_is_rootless())
		return 0;
	if (dir_fd < 0 || fchown(dir_fd, uid, (gid_t)-1))
		return err_sys(err, "give %s to user %u", d->dir, uid);
	if (fd_read_file(AT_FDCWD, DELEGATE_LIST, DELEGATE_MAX_BYTES, &list, NULL))
		buf_str(&list, "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
	for (file = strtok_r(list.p, "\n", &save); file; file = strtok_r(NULL, "\n", &save))
		if (!strchr(file, '/') && give(dir_fd, d, file, uid, err))
			return -1;
	return 0;
}
