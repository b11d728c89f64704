/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/plan/mount_opts.h"
#include "shim/task/mounts.h"
#include "shim/task/overlay.h"

/* mount(2) is enough here: the rows are the administrator's, and nothing else lives in the bundle. */
static int mount_at(const Task__Mount *m, const struct mount_opts *o, const char *target,
		    struct err *err)
{
	unsigned long bind = MS_BIND | (o->is_rec_bind ? MS_REC : 0U);
	unsigned long flags = o->is_bind ? bind : o->flags;

	if (mount(m->source, target, m->type, flags, o->is_bind ? NULL : o->data))
		return err_sys(err, "mount %s (%s) at %s", m->source, m->type, target);
	if (o->is_bind && o->flags &&
	    mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | o->flags, NULL))
		return err_sys(err, "set the options of %s", target);
	for (size_t i = 0; i < o->n_propagation; i++)
		if (mount(NULL, target, NULL, o->propagation[i], NULL))
			return err_sys(err, "set the propagation of %s", target);
	return 0;
}

/* Long options are good in a directory of their own; this is a worker, which may go there. */
static int mount_from(const char *dir, const Task__Mount *m, const struct mount_opts *o,
		      const char *target, struct err *err)
{
	int ret;

	if (dir && chdir(dir))
		return err_sys(err, "chdir %s", dir);
	ret = mount_at(m, o, target, err);
	if (dir && chdir("/"))
		return err_sys(err, "chdir /");
	return ret;
}

/* What lies below the root file system is reached as from inside it. */
static int open_target(const char *rootfs, const char *target, struct err *err)
{
	auto_fd int root_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return err_sys(err, "open %s", rootfs);
	return path_make_dir(root_fd, target, 0755, NULL, err);
}

static int mount_one(const char *rootfs, const Task__Mount *m, struct err *err)
{
	AUTO(overlay_short_done) struct overlay_short shorter = { 0 };
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_mount row = {
		.destination = m->target,
		.type = m->type,
		.source = m->source,
		.options = { .v = m->options, .n = m->n_options },
	};
	auto_free char *target = xstrdup(rootfs);
	struct mount_opts opts = { 0 };
	auto_fd int fd = -1;

	if (str_eq(m->type, "overlay") && overlay_is_long(m->options, m->n_options) &&
	    overlay_shorten(m->options, m->n_options, &shorter)) {
		row.options.v = shorter.options.v;
		row.options.n = shorter.options.n;
	}
	if (mount_opts_parse(&row, &arena, &opts, err))
		return -1;
	if (*m->target) {
		fd = open_target(rootfs, m->target, err);
		if (fd < 0)
			return -1;
		free(target);
		target = xasprintf("/proc/self/fd/%d", fd);
	}
	return mount_from(shorter.dir, m, &opts, target, err);
}

int mounts_make(const char *bundle, Task__Mount *const *mounts, size_t n, struct err *err)
{
	auto_free char *rootfs = xasprintf("%s/rootfs", bundle);

	for (size_t i = 0; i < n; i++) {
		if (!mount_one(rootfs, mounts[i], err))
			continue;
		err_wrap(err, "rootfs");
		mounts_remove(bundle, NULL);
		return -1;
	}
	return 0;
}

int mounts_remove(const char *bundle, struct err *err)
{
	auto_free char *rootfs = xasprintf("%s/rootfs", bundle);

	while (!umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	if (errno == EINVAL || errno == ENOENT)
		return 0;
	return err_sys(err, "unmount %s", rootfs);
}
