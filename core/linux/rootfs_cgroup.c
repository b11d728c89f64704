/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/rootfs_internal.h"

#define CGROUP_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static struct mount_fd_attrs attrs_of(const struct mount_plan_row *row)
{
	return (struct mount_fd_attrs){ row->opts.attr_set, row->opts.attr_clr, row->opts.rec_set,
					row->opts.rec_clr };
}

/* Bind `dir` of the host. Gives the mount's fd. */
static int bind_dir(const struct mount_plan_row *row, const char *dir,
		    const struct mount_fd_target *target, struct err *err)
{
	struct mount_fd_attrs attrs = attrs_of(row);
	struct mount_fd_bind bind;

	if (mount_fd_bind_from(AT_FDCWD, dir, AT_RECURSIVE, &bind))
		return err_sys(err, "source %s", dir);
	if (mount_fd_bind_to(&bind, target, &attrs)) {
		err_sys(err, "bind %s", dir);
		close(bind.fd);
		return -1;
	}
	return bind.fd;
}

/* --- v2 --------------------------------------------------------------------------------------- */

/* What a bind shows in place of a cgroup2 that can't be mounted: our cgroup, or the whole tree. */
static const char *v2_dir(const struct rootfs *r)
{
	for (size_t i = 0; i < r->cgroup->n; i++)
		if (!*r->cgroup->v[i].controllers)
			return r->has_cgroup_ns ? r->cgroup->v[i].dir : r->cgroup->v[i].root;
	return NULL;
}

/*
 * A user namespace without a cgroup namespace may not mount cgroup2 (EPERM), and some hosts say
 * EBUSY: then it is bound, as runc does.
 */
static int mount_v2(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	auto_fd int target_fd = path_make_dir(r->root_fd, row->destination, 0755, NULL, err);
	struct mount_fd_target target = { target_fd, r->root_fd, row->destination };
	struct mount_fd_fs fs = { .type = "cgroup2",
				  .source = row->source,
				  .data = row->opts.data,
				  .flags = row->opts.flags };
	struct mount_fd_attrs rec = { .rec_set = row->opts.rec_set, .rec_clr = row->opts.rec_clr };
	const char *dir = v2_dir(r);
	struct err inner = { 0 };
	auto_fd int fd = -1;

	if (target_fd < 0)
		return -1;
	fd = mount_fd_new(&fs, &target, &inner);
	if (fd < 0 && dir && (inner.sys == EPERM || inner.sys == EBUSY))
		fd = bind_dir(row, dir, &target, &inner);
	if (fd < 0 && err)
		*err = inner;
	if (fd < 0)
		return -1;
	if (mount_fd_set(fd, &rec))
		return err_sys(err, "change its attributes");
	return rootfs_settle(r, row, &fd, err);
}

/* --- v1 --------------------------------------------------------------------------------------- */

/* One hierarchy: fresh where a cgroup namespace makes it show our part, else bound. */
static int mount_view(const struct rootfs *r, const struct mount_plan_row *row, int tmpfs_fd,
		      const struct cgroup_mount_view *view, struct err *err)
{
	struct mount_fd_target target = { .root_fd = tmpfs_fd, .path = view->name };
	struct mount_fd_fs fs = { .type = "cgroup",
				  .source = "cgroup",
				  .data = view->options,
				  .flags = CGROUP_FLAGS | (row->opts.flags & MS_RDONLY) };
	auto_fd int target_fd = -1, fd = -1;

	if (mkdirat(tmpfs_fd, view->name, 0755))
		return err_sys(err, "create directory %s", view->name);
	target_fd = openat(tmpfs_fd, view->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target_fd < 0)
		return err_sys(err, "open directory %s", view->name);
	target.fd = target_fd;
	fd = r->has_cgroup_ns ? mount_fd_new(&fs, &target, err)
			      : bind_dir(row, view->dir, &target, err);
	if (fd < 0)
		return err_wrap(err, "hierarchy %s", view->name);
	for (size_t i = 0; i < view->links.n; i++)
		if (symlinkat(view->name, tmpfs_fd, view->links.v[i]) && errno != EEXIST)
			return err_sys(err, "create link %s", view->links.v[i]);
	return 0;
}

static int mount_v1(struct rootfs *r, const struct mount_plan_row *row,
		    const struct cgroup_mount_view *views, size_t n, struct err *err)
{
	auto_fd int target_fd = path_make_dir(r->root_fd, row->destination, 0755, NULL, err);
	struct mount_fd_target target = { target_fd, r->root_fd, row->destination };
	struct mount_fd_fs fs = { .type = "tmpfs",
				  .source = "tmpfs",
				  .data = "mode=755",
				  .label = rootfs_label(r),
				  .flags = CGROUP_FLAGS };
	struct mount_fd_attrs attrs = { .set = row->opts.attr_set & MOUNT_ATTR_RDONLY,
					.rec_set = row->opts.rec_set,
					.rec_clr = row->opts.rec_clr };
	auto_fd int fd = -1;

	if (target_fd < 0)
		return -1;
	fd = mount_fd_new(&fs, &target, err);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (mount_view(r, row, fd, &views[i], err))
			return -1;
	if (mount_fd_set(fd, &attrs))
		return err_sys(err, "change its attributes");
	return rootfs_settle(r, row, &fd, err);
}

int rootfs_mount_cgroup(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	struct cgroup_mount_view *views = NULL;
	size_t n = 0;
	int ret;

	if (cgroup_mount_views(r->cgroup, &views, &n, err))
		return -1;
	ret = n ? mount_v1(r, row, views, n, err) : mount_v2(r, row, err);
	cgroup_mount_views_done(views, n);
	return ret;
}
