/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/linux/idmap.h"
#include "core/linux/rootfs_internal.h"

/* --- the parent: sources that the child can't get by itself ----------------------------------- */

/* The last user namespace made, as the volumes of a pod mostly share their mappings. */
struct idmap_cache {
	const struct mount_plan_row *row;
	int fd;
};

static bool same_maps(const struct spec_id_maps *a, const struct spec_id_maps *b)
{
	return a->n == b->n && !memcmp(a->v, b->v, a->n * sizeof(*a->v));
}

static bool same_idmap(const struct mount_plan_row *a, const struct mount_plan_row *b)
{
	if (a->idmap_userns || b->idmap_userns)
		return str_eq(a->idmap_userns, b->idmap_userns);
	return same_maps(a->uid_maps, b->uid_maps) && same_maps(a->gid_maps, b->gid_maps);
}

static int map_source(int fd, const struct mount_plan_row *row, struct idmap_cache *cache,
		      struct err *err)
{
	if (!cache->row || !same_idmap(cache->row, row)) {
		fd_close(&cache->fd);
		cache->row = NULL;
		if (row->idmap_userns)
			cache->fd = open(row->idmap_userns, O_RDONLY | O_CLOEXEC);
		else
			cache->fd = idmap_userns(row->uid_maps, row->gid_maps, err);
		if (cache->fd < 0 && row->idmap_userns)
			return err_sys(err, "open %s", row->idmap_userns);
		if (cache->fd < 0)
			return -1;
		cache->row = row;
	}
	return idmap_mount(fd, cache->fd, row->opts.is_rec_idmapped, err);
}

/*
 * The copy was made in the host's namespace, and would be a peer of the original where a copy made
 * in the container's is its slave. A user namespace makes slaves of peers in any case.
 */
static int propagate_source(int fd, const struct spec *spec, struct err *err)
{
	unsigned long how = spec->rootfs_propagation;

	if ((how & MS_SHARED) && !spec->ns[SPEC_NS_USER].present)
		return 0;
	how = how & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE;
	return mount_fd_propagate(fd, how | MS_REC) ? err_sys(err, "change its propagation") : 0;
}

static int open_source(const struct spec *spec, const struct mount_plan_row *row,
		       struct idmap_cache *cache, struct err *err)
{
	auto_fd int fd =
		mount_fd_clone(AT_FDCWD, row->source, row->opts.is_rec_bind ? AT_RECURSIVE : 0U);

	if (fd < 0 && errno == ENOSYS) {
		if (row->opts.is_idmapped)
			err_set(err, ERR_UNSUPPORTED, "idmapped mounts need Linux 5.12");
		return -1; /* else the child must do with its own rights */
	}
	if (fd < 0)
		return err_sys(err, "source %s", row->source);
	if (row->opts.is_idmapped && map_source(fd, row, cache, err))
		return err_wrap(err, "source %s", row->source);
	if (propagate_source(fd, spec, err))
		return err_wrap(err, "source %s", row->source);
	return take_fd(&fd);
}

static bool needs_parent(const struct spec *spec, const struct mount_plan_row *row)
{
	return row->kind == MOUNT_BIND && (row->opts.is_idmapped || spec->ns[SPEC_NS_USER].present);
}

int rootfs_open_sources(const struct spec *spec, const struct mount_plan *plan, int **fds,
			struct err *err)
{
	struct idmap_cache cache = { .fd = -1 };
	struct err inner = { 0 };
	int *v = NULL;
	size_t i;

	for (i = 0; i < plan->n && inner.kind == ERR_NONE; i++) {
		const struct mount_plan_row *row = &plan->v[i];

		if (!needs_parent(spec, row))
			continue;
		if (!v) {
			v = xcalloc(plan->n, sizeof(*v));
			memset(v, 0xff, plan->n * sizeof(*v));
		}
		v[i] = open_source(spec, row, &cache, &inner);
		if (inner.kind != ERR_NONE)
			err_wrap(&inner, "mount %zu (%s)", row->index, row->destination);
	}
	fd_close(&cache.fd);
	if (inner.kind == ERR_NONE) {
		*fds = v;
		return 0;
	}
	rootfs_close_sources(v, plan);
	if (err)
		*err = inner;
	return -1;
}

void rootfs_close_sources(int *fds, const struct mount_plan *plan)
{
	for (size_t i = 0; fds && i < plan->n; i++)
		fd_close(&fds[i]);
	free(fds);
}

/* --- the child: the root itself --------------------------------------------------------------- */

/*
 * A bind below a shared mount would show in the namespaces of its peers, and pivot_root() refuses
 * it. The mount that holds the rootfs is found by going up until one takes the change: only the
 * root of a mount does.
 */
static int make_parent_private(const char *path, struct err *err)
{
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int depth = 0; fd >= 0 && depth < PATH_MAX; depth++) {
		int up;

		if (!mount_fd_propagate(fd, MS_PRIVATE))
			return 0;
		if (errno != EINVAL)
			break;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd_close(&fd);
		fd = up;
	}
	return err_sys(err, "make the mount that holds %s private", path);
}

static int cut_off(const struct rootfs *r, struct err *err)
{
	unsigned long how = r->spec->rootfs_propagation;

	how = how ? how : MS_SLAVE | MS_REC;
	if (r->no_pivot && (how & MS_PRIVATE))
		return err_set(err, ERR_INVALID,
			       "a private rootfsPropagation isn't safe without pivot_root");
	if (mount(NULL, "/", NULL, how, NULL))
		return err_sys(err, "set rootfsPropagation");
	if ((how & MS_REC) && !(how & MS_SHARED))
		return 0; /* nothing here is shared any more */
	return make_parent_private(r->path, err);
}

static int bind_root(struct rootfs *r, struct err *err)
{
	struct mount_fd_target target = { .root_fd = r->host_fd, .path = r->path };
	static const struct mount_fd_attrs as_it_is = { 0 };
	auto_fd int fd = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_fd_bind bind;
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st) ||
	    mount_fd_bind_from(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &bind))
		return err_sys(err, "root file system %s", r->path);
	r->root_dev = st.st_dev;
	target.fd = fd;
	ret = mount_fd_bind_to(&bind, &target, &as_it_is);
	r->root_fd = bind.fd;
	if (ret)
		return err_sys(err, "mount the root file system %s on itself", r->path);
	/* as with runc nothing arrives there that the host mounts below it, unless that is asked for */
	if (!r->spec->rootfs_propagation && mount_fd_propagate(r->root_fd, MS_PRIVATE))
		return err_sys(err, "make the root private");
	return 0;
}

int rootfs_prepare(struct rootfs *r, struct err *err)
{
	umask(0);
	r->host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->host_fd < 0)
		return err_sys(err, "open /");
	r->has_host_fd = true;
	return cut_off(r, err) || bind_root(r, err) ? -1 : 0;
}

void rootfs_done(struct rootfs *r)
{
	for (size_t i = 0; i < r->n_at_end; i++)
		close(r->at_end[i].fd);
	free(r->at_end);
	r->at_end = NULL;
	r->n_at_end = 0;
	if (r->has_null)
		close(r->null.fd);
	if (r->has_host_fd)
		close(r->host_fd);
	r->has_null = r->has_host_fd = false;
	fd_close(&r->root_fd);
}
