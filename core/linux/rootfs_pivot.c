/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/masks.h"
#include "core/linux/rootfs_internal.h"
#include "core/plan/mountinfo.h"

#define MAX_MOUNTINFO_BYTES (64U << 20)

/*
 * pivot_root(".", ".") puts the old root on top of the new one, where it can be unmounted without a
 * directory of its own (pivot_root(2), NOTES). It is made a slave first, so that the unmounting
 * doesn't reach the host.
 */
static int pivot(const struct rootfs *r, struct err *err)
{
	if (fchdir(r->root_fd) || syscall(SYS_pivot_root, ".", "."))
		return err_sys(err, "pivot_root");
	if (fchdir(r->host_fd) || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) ||
	    umount2(".", MNT_DETACH))
		return err_sys(err, "unmount the host's root");
	return chdir("/") ? err_sys(err, "chdir to /") : 0;
}

/*
 * Without pivot_root() the host's tree stays mounted below. A whole procfs or sysfs there would
 * let the container mount fresh ones without our masks (mount_too_revealing() in the kernel), so
 * each is unmounted, or covered where that isn't allowed.
 */
static int hide_host_mount(const char *path, struct err *err)
{
	if (mount(NULL, path, NULL, MS_SLAVE | MS_REC, NULL))
		return errno == ENOENT ? 0 : err_sys(err, "make %s a slave", path);
	if (!umount2(path, MNT_DETACH))
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return err_sys(err, "unmount %s", path);
	if (mount("tmpfs", path, "tmpfs", 0, NULL))
		return err_sys(err, "cover %s", path);
	return 0;
}

static int hide_host_mounts(const struct rootfs *r, struct err *err)
{
	AUTO(mount_table_done) struct mount_table table = { 0 };
	AUTO(buf_done) struct buf text = { 0 };

	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MAX_MOUNTINFO_BYTES, &text, err) ||
	    mount_table_parse(text.p, text.n, &table, err))
		return -1;
	for (size_t i = 0; i < table.n; i++) {
		const struct mount_row *m = &table.v[i];

		if (strcmp(m->fstype, "proc") && strcmp(m->fstype, "sysfs"))
			continue;
		if (strcmp(m->root, "/") || path_is_below(m->mountpoint, r->path))
			continue;
		if (hide_host_mount(m->mountpoint, err))
			return -1;
	}
	return 0;
}

static int move_root(const struct rootfs *r, struct err *err)
{
	if (hide_host_mounts(r, err))
		return -1;
	if (mount_fd_attach(r->root_fd, r->host_fd) && mount(r->path, "/", NULL, MS_MOVE, NULL))
		return err_sys(err, "move the root file system to /");
	if (fchdir(r->root_fd) || chroot(".") || chdir("/"))
		return err_sys(err, "chroot");
	return 0;
}

int rootfs_pivot(struct rootfs *r, struct err *err)
{
	unsigned long how = r->spec->rootfs_propagation;

	if (r->no_pivot ? move_root(r, err) : pivot(r, err))
		return -1;
	fd_close(&r->host_fd);
	r->has_host_fd = false;
	if (how && mount_fd_propagate(r->root_fd, how))
		return err_sys(err, "set rootfsPropagation");
	return 0;
}

/* A hook's process that is just ending may still hold a file open for writing. */
static int make_readonly(int fd)
{
	static const struct mount_fd_attrs ro = { .set = MOUNT_ATTR_RDONLY };
	static const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	int ret = mount_fd_set(fd, &ro);

	for (int i = 0; i < 4 && ret && errno == EBUSY; i++) {
		nanosleep(&pause, NULL);
		ret = mount_fd_set(fd, &ro);
	}
	return ret;
}

int rootfs_finish(struct rootfs *r, struct err *err)
{
	const struct spec *spec = r->spec;

	for (size_t i = 0; i < r->n_at_end; i++)
		if (make_readonly(r->at_end[i].fd))
			return err_sys(err, "make %s read-only", r->at_end[i].destination);
	if (spec->root.readonly && make_readonly(r->root_fd))
		return err_sys(err, "make the root read-only");
	umask(022);
	if (masks_protect(r->root_fd, &spec->readonly_paths, err))
		return -1;
	return masks_hide(r->root_fd, &r->null, &spec->masked_paths, rootfs_label(r), err);
}
