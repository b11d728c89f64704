/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/masks.h"
#include "core/linux/rootfs_internal.h"

/* config-linux.md#default-devices, but for console and ptmx, which are no nodes here */
static const struct spec_device default_devices[] = {
	{ .type = 'c', .path = (char *)"/dev/null", .major = 1, .minor = 3 },
	{ .type = 'c', .path = (char *)"/dev/zero", .major = 1, .minor = 5 },
	{ .type = 'c', .path = (char *)"/dev/full", .major = 1, .minor = 7 },
	{ .type = 'c', .path = (char *)"/dev/random", .major = 1, .minor = 8 },
	{ .type = 'c', .path = (char *)"/dev/urandom", .major = 1, .minor = 9 },
	{ .type = 'c', .path = (char *)"/dev/tty", .major = 5, .minor = 0 },
};

static const struct {
	const char *name;
	const char *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

/* A device on its way: the directory that it belongs in, opened, and its name there. */
struct node {
	const struct spec_device *dev;
	int dir_fd;
	const char *name;
};

static mode_t type_of(const struct spec_device *dev)
{
	if (dev->type == 'p')
		return S_IFIFO;
	return dev->type == 'b' ? S_IFBLK : S_IFCHR;
}

static bool is_device(const struct stat *st, const struct spec_device *dev)
{
	if ((st->st_mode & S_IFMT) != type_of(dev))
		return false;
	return dev->type == 'p' || st->st_rdev == makedev(dev->major, dev->minor);
}

/* The host's node, checked: the path may mean something else here than to who wrote the spec. */
static int bind_from_host(const struct node *node, struct mount_fd_bind *bind, struct err *err)
{
	const struct spec_device *dev = node->dev;
	struct stat st;

	if (mount_fd_bind_from(AT_FDCWD, dev->path, 0, bind))
		return err_sys(err, "the host's %s", dev->path);
	if (!fstat(bind->fd, &st) && is_device(&st, dev))
		return 0;
	close(bind->fd);
	return err_set(err, ERR_INVALID, "the host's %s isn't device %u:%u", dev->path, dev->major,
		       dev->minor);
}

/* Only the initial user namespace may make nodes; elsewhere the host's is bound over a file. */
static int bind_node(const struct node *node, struct err *err)
{
	static const struct mount_fd_attrs as_it_is = { 0 };
	struct mount_fd_target target = { .root_fd = node->dir_fd, .path = node->name };
	auto_fd int target_fd = -1, fd = -1;
	struct mount_fd_bind bind;
	int ret;

	if (mknodat(node->dir_fd, node->name, S_IFREG | 0666, 0) && errno != EEXIST)
		return err_sys(err, "create a file for it");
	target_fd = openat(node->dir_fd, node->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target_fd < 0)
		return err_sys(err, "open the file for it");
	if (bind_from_host(node, &bind, err))
		return -1;
	target.fd = target_fd;
	ret = mount_fd_bind_to(&bind, &target, &as_it_is);
	fd = bind.fd;
	return ret ? err_sys(err, "bind the host's %s", node->dev->path) : 0;
}

/* What an image brings in the place of a device stays only if it is that device. */
static int accept_existing(const struct node *node, struct err *err)
{
	struct stat st;

	if (fstatat(node->dir_fd, node->name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "stat");
	if (is_device(&st, node->dev))
		return 0;
	err_set(err, ERR_EXISTS, "something else is there");
	return err_hint(err, "remove it from the image, or mount a tmpfs on /dev");
}

static int make_node(const struct rootfs *r, const struct node *node, struct err *err)
{
	const struct spec_device *dev = node->dev;
	mode_t mode = dev->has_mode ? dev->mode & 07777 : 0666;

	if (r->spec->ns[SPEC_NS_USER].present && dev->type != 'p')
		return bind_node(node, err);
	if (mknodat(node->dir_fd, node->name, type_of(dev) | mode,
		    makedev(dev->major, dev->minor))) {
		if (errno == EEXIST)
			return accept_existing(node, err);
		if (errno == EPERM && dev->type != 'p')
			return bind_node(node, err);
		return err_sys(err, "create it");
	}
	if ((dev->uid || dev->gid) &&
	    fchownat(node->dir_fd, node->name, dev->uid, dev->gid, AT_SYMLINK_NOFOLLOW))
		return err_sys(err, "chown it");
	return 0;
}

/* `dev_fd` is /dev, where nearly all of them go; other directories are opened, or made. */
static int make_device(const struct rootfs *r, int dev_fd, const struct spec_device *dev,
		       struct err *err)
{
	auto_free char *path = path_normalize(dev->path);
	struct node node = { .dev = dev, .dir_fd = dev_fd };
	char *slash = strrchr(path, '/');
	auto_fd int dir_fd = -1;

	if (!strcmp(path, "/dev/ptmx"))
		return 0; /* a link, see below */
	node.name = slash + 1;
	*slash = '\0';
	if (!*node.name)
		return err_set(err, ERR_INVALID, "device \"%s\": not a file's path", dev->path);
	if (strcmp(path, "/dev")) {
		dir_fd = path_make_dir(r->root_fd, *path ? path : "/", 0755, NULL, err);
		if (dir_fd < 0)
			return err_wrap(err, "device %s", dev->path);
		node.dir_fd = dir_fd;
	}
	return make_node(r, &node, err) ? err_wrap(err, "device %s", dev->path) : 0;
}

static bool spec_has(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_devices; i++)
		if (!strcmp(spec->devices[i].path, path))
			return true;
	return false;
}

static int make_devices(const struct rootfs *r, int dev_fd, struct err *err)
{
	const struct spec *spec = r->spec;

	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++)
		if (!spec_has(spec, default_devices[i].path) &&
		    make_device(r, dev_fd, &default_devices[i], err))
			return -1;
	for (size_t i = 0; i < spec->n_devices; i++)
		if (make_device(r, dev_fd, &spec->devices[i], err))
			return -1;
	return 0;
}

/* ptmx must be the container's own devpts instance, whatever the image has there. */
static int link_ptmx(int dev_fd, struct err *err)
{
	if (!symlinkat("pts/ptmx", dev_fd, "ptmx"))
		return 0;
	if (errno == EEXIST && !unlinkat(dev_fd, "ptmx", 0) &&
	    !symlinkat("pts/ptmx", dev_fd, "ptmx"))
		return 0;
	return err_sys(err, "create link /dev/ptmx");
}

static int make_links(int dev_fd, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i].target, dev_fd, links[i].name) && errno != EEXIST)
			return err_sys(err, "create link /dev/%s", links[i].name);
	if (!access("/proc/kcore", F_OK) && symlinkat("/proc/kcore", dev_fd, "core") &&
	    errno != EEXIST)
		return err_sys(err, "create link /dev/core");
	return link_ptmx(dev_fd, err);
}

/*
 * The container's own node needs no key when CRIU dumps the masks; the host's serves where that
 * isn't one. Opened once and looked at then, so that nobody can exchange it (CVE-2025-31133).
 */
static int open_null(struct rootfs *r, struct err *err)
{
	auto_fd int fd = path_open(r->root_fd, "/dev/null", O_PATH | O_NOFOLLOW, NULL);
	auto_fd int host = -1;

	if (fd >= 0 && masks_is_null(fd)) {
		r->null = (struct mount_fd_bind){ .fd = take_fd(&fd) };
		r->has_null = true;
		return 0;
	}
	host = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (host < 0)
		return err_sys(err, "open /dev/null");
	if (!masks_is_null(host))
		return err_set(err, ERR_INVALID, "the host's /dev/null isn't a null device");
	if (mount_fd_bind_from(host, "", AT_EMPTY_PATH, &r->null))
		return err_sys(err, "copy the host's /dev/null");
	r->has_null = true;
	return 0;
}

int rootfs_devices(struct rootfs *r, struct err *err)
{
	if (r->plan->makes_dev) {
		auto_fd int dev_fd = path_make_dir(r->root_fd, "/dev", 0755, NULL, err);

		if (dev_fd < 0 || make_devices(r, dev_fd, err) || make_links(dev_fd, err))
			return -1;
	}
	return r->spec->masked_paths.n ? open_null(r, err) : 0;
}
