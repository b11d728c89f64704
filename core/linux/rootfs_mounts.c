/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/linux/copy.h"
#include "core/linux/on_proc.h"
#include "core/linux/rootfs_internal.h"

const char *rootfs_label(const struct rootfs *r)
{
	const char *label = r->spec->mount_label;

	return label && *label ? label : NULL;
}

int rootfs_settle(struct rootfs *r, const struct mount_plan_row *row, int *mount_fd,
		  struct err *err)
{
	for (size_t i = 0; i < row->opts.n_propagation; i++)
		if (mount_fd_propagate(*mount_fd, row->opts.propagation[i]))
			return err_sys(err, "change its propagation");
	if (!row->is_ro_at_end)
		return 0;
	r->at_end = xrealloc(r->at_end, r->n_at_end + 1, sizeof(*r->at_end));
	r->at_end[r->n_at_end++] = (struct rootfs_late){ take_fd(mount_fd), row->destination };
	return 0;
}

/* --- what may be mounted on ------------------------------------------------------------------- */

/* ext4 takes a microsecond to add up its statistics: most destinations are told by their device. */
static bool is_on_proc(const struct rootfs *r, int fd)
{
	struct stat st;

	return (fstat(fd, &st) || st.st_dev != r->root_dev) && on_proc(fd);
}

/* `source_fd` is -1 for a mount that is no bind. */
static int check_proc(const struct rootfs *r, const struct mount_plan_row *row, int target_fd,
		      int source_fd, struct err *err)
{
	auto_free char *where = NULL;

	if (strcmp(row->destination, "/proc") != 0 && !is_on_proc(r, target_fd))
		return 0;
	if (path_resolve(r->root_fd, target_fd, &where, err))
		return -1;
	return on_proc_check(row->destination, where, source_fd, row->source, err);
}

static int open_dir(const struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	return path_make_dir(r->root_fd, row->destination, 0755, NULL, err);
}

/* The destination of a bind, of the source's kind if it has to be made. */
static int open_like(const struct rootfs *r, const char *path, int source_fd, struct err *err)
{
	int fd = path_open(r->root_fd, path, O_PATH, NULL);
	struct stat st;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(err, "open the destination");
	if (fstat(source_fd, &st))
		return err_sys(err, "stat the source");
	if (S_ISDIR(st.st_mode))
		return path_make_dir(r->root_fd, path, 0755, NULL, err);
	return path_make_file(r->root_fd, path, 0755, NULL, err);
}

/* --- binds ------------------------------------------------------------------------------------ */

/* Our own copy has the host's locks on its flags; the parent's helps where we may not look. */
static int take_source(struct rootfs *r, const struct mount_plan_row *row,
		       struct mount_fd_bind *bind, struct err *err)
{
	unsigned int flags = row->opts.is_rec_bind ? AT_RECURSIVE : 0U;
	int *given = r->source_fds ? &r->source_fds[row->index] : NULL;

	if (!row->opts.is_idmapped) {
		if (!mount_fd_bind_from(AT_FDCWD, row->source, flags, bind))
			return 0;
		if (errno != EACCES || !given || *given < 0)
			return err_sys(err, "source %s", row->source);
	}
	if (!given || *given < 0)
		return err_set(err, ERR_STATE, "source %s was not prepared by the parent",
			       row->source);
	*bind = (struct mount_fd_bind){ .fd = take_fd(given),
					.is_copy = true,
					.is_recursive = row->opts.is_rec_bind };
	return 0;
}

static int bind_failed(const struct mount_plan_row *row, int source_fd, int target_fd,
		       struct err *err)
{
	struct stat a, b;

	if (errno == EOPNOTSUPP)
		return err_set(err, ERR_UNSUPPORTED, "recursive options (\"rro\") need Linux 5.12");
	err_sys(err, "bind %s", row->source);
	if (fstat(source_fd, &a) || fstat(target_fd, &b) ||
	    S_ISDIR(a.st_mode) == S_ISDIR(b.st_mode))
		return -1;
	err_set(err, ERR_INVALID, "the source %s is a %s, the destination is a %s", row->source,
		S_ISDIR(a.st_mode) ? "directory" : "file",
		S_ISDIR(b.st_mode) ? "directory" : "file");
	return err_hint(err,
			"a directory can only be mounted on a directory, and a file on a file");
}

static int mount_bind(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	const struct mount_opts *o = &row->opts;
	struct mount_fd_attrs attrs = { o->attr_set, o->attr_clr, o->rec_set, o->rec_clr };
	struct mount_fd_target target = { .root_fd = r->root_fd, .path = row->destination };
	struct mount_fd_bind bind;
	auto_fd int target_fd = -1, fd = -1;
	int ret;

	if (take_source(r, row, &bind, err))
		return -1;
	fd = bind.fd;
	target.fd = target_fd = open_like(r, row->destination, fd, err);
	if (target_fd < 0 || check_proc(r, row, target_fd, fd, err))
		return -1;
	ret = mount_fd_bind_to(&bind, &target, &attrs);
	fd = bind.fd;
	if (ret)
		return bind_failed(row, fd, target_fd, err);
	return rootfs_settle(r, row, &fd, err);
}

/* --- file systems ---------------------------------------------------------------------------- */

static int mount_new(struct rootfs *r, const struct mount_plan_row *row,
		     const struct mount_fd_fs *fs, int target_fd, struct err *err)
{
	struct mount_fd_target target = { target_fd, r->root_fd, row->destination };
	struct mount_fd_attrs rec = { .rec_set = row->opts.rec_set, .rec_clr = row->opts.rec_clr };
	auto_fd int fd = mount_fd_new(fs, &target, err);

	if (fd < 0)
		return -1;
	if (mount_fd_set(fd, &rec))
		return err_sys(err, "change its attributes");
	if (row->opts.is_copied_up && copy_tree(target_fd, fd, err))
		return err_wrap(err, "tmpcopyup");
	return rootfs_settle(r, row, &fd, err);
}

static struct mount_fd_fs fs_of(const struct mount_plan_row *row)
{
	return (struct mount_fd_fs){ .type = row->type,
				     .source = row->source,
				     .data = row->opts.data,
				     .flags = row->opts.flags };
}

/*
 * proc and sysfs through a symlink have let images put fakes in their place (CVE-2019-16884,
 * CVE-2019-19921, CVE-2023-27561): every component must be a real directory.
 */
static int mount_proc(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	struct mount_fd_fs fs = fs_of(row);
	auto_fd int fd = path_open_plain(r->root_fd, row->destination, O_PATH | O_DIRECTORY, NULL);
	auto_fd int made = -1;

	if (fd < 0 && errno == ENOENT) {
		made = open_dir(r, row, err);
		if (made < 0)
			return -1;
		fd = path_open_plain(r->root_fd, row->destination, O_PATH | O_DIRECTORY, NULL);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(err, ERR_INVALID,
			       "%s may only be mounted on a real directory, not through a symlink",
			       row->type);
	if (fd < 0)
		return err_sys(err, "open the destination");
	if (!mount_new(r, row, &fs, fd, err))
		return 0;
	if (err && err->sys == EPERM && r->spec->ns[SPEC_NS_USER].present)
		err_hint(err,
			 "in a user namespace %s needs a new %s namespace beside it; else bind the "
			 "host's (\"rbind\")",
			 row->type, !strcmp(row->type, "sysfs") ? "network" : "pid");
	return -1;
}

/* A tmpfs takes over the mode of the directory it hides, if it isn't told another. */
static int mount_tmpfs(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	struct mount_fd_fs fs = fs_of(row);
	auto_fd int fd = path_open(r->root_fd, row->destination, O_PATH | O_DIRECTORY, NULL);
	auto_free char *data = NULL;
	struct stat st;

	if (fd >= 0 && !mount_opts_value(fs.data, "mode")) {
		if (fstat(fd, &st))
			return err_sys(err, "stat the destination");
		data = xasprintf("mode=%04o%s%s", st.st_mode & 07777U, *fs.data ? "," : "",
				 fs.data);
		fs.data = data;
	}
	if (fd < 0)
		fd = open_dir(r, row, err);
	if (fd < 0 || check_proc(r, row, fd, -1, err))
		return -1;
	fs.label = rootfs_label(r);
	return mount_new(r, row, &fs, fd, err);
}

/* mqueue has no "context" option; its root is labelled when it is mounted. */
static int label_mqueue(const struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	const char *label = rootfs_label(r);
	auto_fd int fd = -1;
	char link[64];

	if (!label)
		return 0;
	fd = path_open(r->root_fd, row->destination, O_PATH | O_DIRECTORY, err);
	if (fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (setxattr(link, "security.selinux", label, strlen(label) + 1, 0))
		return err_sys(err, "label it %s", label);
	return 0;
}

static int mount_fs(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	bool is_mqueue = !strcmp(row->type, "mqueue");
	struct mount_fd_fs fs = fs_of(row);
	auto_fd int fd = open_dir(r, row, err);

	if (fd < 0 || check_proc(r, row, fd, -1, err))
		return -1;
	fs.label = is_mqueue ? NULL : rootfs_label(r);
	if (mount_new(r, row, &fs, fd, err))
		return -1;
	return is_mqueue ? label_mqueue(r, row, err) : 0;
}

static int remount(struct rootfs *r, const struct mount_plan_row *row, struct err *err)
{
	struct mount_fd_attrs rec = { .rec_set = row->opts.rec_set, .rec_clr = row->opts.rec_clr };
	unsigned long flags = row->opts.flags | (row->opts.is_bind ? MS_BIND : 0UL);
	auto_fd int fd = path_open(r->root_fd, row->destination, O_PATH, err);

	if (fd < 0)
		return -1;
	if (mount_fd_remount(fd, flags, row->opts.data) || mount_fd_set(fd, &rec))
		return err_sys(err, "remount");
	return rootfs_settle(r, row, &fd, err);
}

static int (*const mount_kinds[])(struct rootfs *, const struct mount_plan_row *, struct err *) = {
	[MOUNT_BIND] = mount_bind,
	[MOUNT_PROC] = mount_proc,
	[MOUNT_TMPFS] = mount_tmpfs,
	[MOUNT_FS] = mount_fs,
	[MOUNT_CGROUP] = rootfs_mount_cgroup,
	[MOUNT_REMOUNT] = remount,
};

int rootfs_mount_all(struct rootfs *r, struct err *err)
{
	for (size_t i = 0; i < r->plan->n; i++) {
		const struct mount_plan_row *row = &r->plan->v[i];

		if (mount_kinds[row->kind](r, row, err))
			return err_wrap(err, "mount %zu (%s)", row->index, row->destination);
	}
	return 0;
}
