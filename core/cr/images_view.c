/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/images_view.h"
#include "core/linux/idmap.h"
#include "core/linux/mount_fd.h"

/* Incremental dumps name their predecessor by this symlink. */
#define PARENT	    "parent"
#define MAX_PARENTS 100
/* Two clocks' offsets. */
#define MAX_TIMENS_BYTES 4096

static DIR *open_dir(int fd, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);

	if (dir)
		return dir;
	fd_close(&own);
	err_sys(err, "open the directory");
	return NULL;
}

/* --- the clones ----------------------------------------------------------------------------------- */

/* The first image that not everybody may read, "it" if that is the directory itself, or NULL. */
static char *find_private(DIR *dir)
{
	const struct dirent *entry;
	struct stat st;

	if (fstat(dirfd(dir), &st) || !(st.st_mode & S_IXOTH))
		return xstrdup("it");
	while ((entry = readdir(dir)))
		if (str_ends(entry->d_name, ".img") &&
		    (fstatat(dirfd(dir), entry->d_name, &st, 0) || !(st.st_mode & S_IROTH)))
			return xstrdup(entry->d_name);
	return NULL;
}

/* `why` owners can't be mapped. */
static int do_without(int fd, const struct err *why, struct err *err)
{
	DIR *dir = open_dir(fd, err);
	auto_free char *name = NULL;

	if (!dir)
		return -1;
	name = find_private(dir);
	closedir(dir);
	if (!name)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"%.256s can't be read by the root of the container's user namespace: %.512s", name,
		why->msg);
	return err_hint(err,
			"let everybody read the images (chmod -R o+rX), or move them to a file "
			"system that can map owners (ext4, xfs, btrfs, tmpfs)");
}

static int open_userns(const struct spec *spec, struct err *err)
{
	const char *path = spec->ns[SPEC_NS_USER].path;
	int fd;

	if (!path)
		return idmap_userns(&spec->uid_maps, &spec->gid_maps, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

static int clone_dir(int fd, int userns_fd, struct err *err)
{
	auto_fd int tree = mount_fd_clone(fd, "", AT_EMPTY_PATH);
	struct err why = { 0 };

	if (tree < 0)
		return err_sys(err, "clone the mount");
	if (idmap_mount(tree, userns_fd, false, &why) && do_without(fd, &why, err))
		return -1;
	return take_fd(&tree);
}

static int add_dir(int fd, int userns_fd, struct images_view *view, struct err *err)
{
	int tree = clone_dir(fd, userns_fd, err);

	if (tree < 0)
		return -1;
	view->tree_fds = xrealloc(view->tree_fds, view->n + 1, sizeof(*view->tree_fds));
	view->tree_fds[view->n++] = tree;
	return 0;
}

int images_view_open(int images_fd, const struct spec *spec, struct images_view *view,
		     struct err *err)
{
	auto_fd int userns_fd = -1, fd = -1;

	if (!spec->ns[SPEC_NS_USER].present)
		return 0;
	userns_fd = open_userns(spec, err);
	if (userns_fd < 0 || add_dir(images_fd, userns_fd, view, err))
		return -1;
	for (int parent = images_fd; view->n <= MAX_PARENTS; parent = fd) {
		int next = openat(parent, PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (next < 0)
			return 0;
		fd_close(&fd);
		fd = next;
		if (add_dir(fd, userns_fd, view, err))
			return err_wrap(err, "predecessor %zu", view->n);
	}
	return err_set(err, ERR_INVALID, "it has more than %d predecessors", MAX_PARENTS);
}

/* --- the links ------------------------------------------------------------------------------------ */

static int write_file(int dir_fd, const char *name, const struct buf *content, struct err *err)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "create %s", name);
	if (fd_write_all(fd, content->p, content->n, err))
		return err_wrap(err, "%s", name);
	return fchmod(fd, 0644) ? err_sys(err, "chmod %s", name) : 0;
}

static int copy_file(int from_fd, int to_fd, const char *name, struct err *err)
{
	AUTO(buf_done) struct buf content = { 0 };

	if (fd_read_file(from_fd, name, MAX_TIMENS_BYTES, &content, err))
		return -1;
	return write_file(to_fd, name, &content, err);
}

static int add_entry(int from_fd, int to_fd, size_t i, const char *name, struct err *err)
{
	auto_free char *to = NULL;
	struct stat st;

	if (name[0] == '.' || !strcmp(name, PARENT) ||
	    !fstatat(to_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (!strncmp(name, "timens-", strlen("timens-")) && str_ends(name, ".img"))
		return copy_file(from_fd, to_fd, name, err);
	to = xasprintf("../clone%zu/%s", i, name);
	return symlinkat(to, to_fd, name) ? err_sys(err, "link %s", name) : 0;
}

/* For everybody: CRIU opens a predecessor's for reading. */
static int make_dir(const char *dir, const char *what, size_t i, struct err *err)
{
	auto_free char *name = xasprintf("%s/%s%zu", dir, what, i);
	auto_fd int fd = -1;

	if (mkdir(name, 0700))
		return err_sys(err, "create %s", name);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755))
		return err_sys(err, "open %s", name);
	return take_fd(&fd);
}

/* Private, so that it leads to no mount but CRIU's. */
static int attach(int tree_fd, int to_fd, struct err *err)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };

	if (mount_setattr(tree_fd, "", AT_EMPTY_PATH, &private, sizeof(private)) ||
	    mount_fd_attach(tree_fd, to_fd))
		return err_sys(err, "mount a clone of the image directory");
	return 0;
}

static int link_dir(const struct images_view *view, const struct images_copy *copy, const char *dir,
		    size_t i, struct err *err)
{
	auto_fd int clone_fd = make_dir(dir, "clone", i, err), fd = -1;
	auto_free char *parent = xasprintf("../images%zu", i + 1);
	const struct dirent *entry;
	DIR *from;
	int ret = 0;

	if (clone_fd < 0 || attach(view->tree_fds[i], clone_fd, err))
		return -1;
	fd = make_dir(dir, "images", i, err);
	if (fd < 0)
		return -1;
	for (size_t k = 0; !i && !ret && k < copy->n; k++)
		ret = write_file(fd, copy->v[k].name, &copy->v[k].edited, err);
	from = ret ? NULL : open_dir(view->tree_fds[i], err);
	if (!from)
		return -1;
	while (!ret && (entry = readdir(from)))
		ret = add_entry(dirfd(from), fd, i, entry->d_name, err);
	closedir(from);
	if (!ret && i + 1 < view->n && symlinkat(parent, fd, PARENT))
		ret = err_sys(err, "link " PARENT);
	return ret ? -1 : take_fd(&fd);
}

int images_view_enter(const struct images_view *view, const struct images_copy *copy,
		      const char *dir, struct err *err)
{
	auto_fd int first = -1;

	for (size_t i = 0; i < view->n; i++) {
		int fd = link_dir(view, copy, dir, i, err);

		if (fd < 0)
			return -1;
		if (i)
			fd_close(&fd);
		else
			first = fd;
	}
	return take_fd(&first);
}

void images_view_done(struct images_view *view)
{
	for (size_t i = 0; i < view->n; i++)
		fd_close(&view->tree_fds[i]);
	free(view->tree_fds);
	*view = (struct images_view){ 0 };
}
