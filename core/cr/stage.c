/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/stage.h"
#include "core/plan/mountinfo.h"

/* What MS_ flags of an image become on the clone. */
static uint64_t attributes(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		uint64_t attr;
	} map[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY },	 { MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV },		 { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NOATIME, MOUNT_ATTR_NOATIME },	 { MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME }
	};
	uint64_t attr = 0;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (flags & map[i].flag)
			attr |= map[i].attr;
	return attr;
}

static int clone_tree(int fd, uint64_t attr, struct err *err)
{
	struct mount_attr set = { .attr_set = attr };
	auto_fd int tree = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return err_sys(err, "clone the mount");
	if (attr & MOUNT_ATTR__ATIME)
		set.attr_clr = MOUNT_ATTR__ATIME;
	if (attr && mount_setattr(tree, "", AT_EMPTY_PATH, &set, sizeof(set)))
		return err_sys(err, "set the mount's flags");
	return take_fd(&tree);
}

/* Whether something is mounted exactly there (STATX_ATTR_MOUNT_ROOT, Linux 5.8). */
static bool is_mount_root(int fd)
{
	struct statx stx;

	return !statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) &&
	       stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static void open_source(const struct external_mount *m, struct stage_entry *entry,
			struct findings *findings)
{
	struct stat st;

	entry->source_fd = open(m->source, O_PATH | O_CLOEXEC);
	if (entry->source_fd < 0 || fstat(entry->source_fd, &st)) {
		findings_add(findings, ERR_NOT_FOUND, "%s: source %s: %s", m->mountpoint, m->source,
			     strerror(errno));
		return;
	}
	entry->is_dir = S_ISDIR(st.st_mode);
	if (m->origin == EXTERNAL_SUBMOUNT && !is_mount_root(entry->source_fd))
		findings_add(findings, ERR_INVALID,
			     "%s: source %s: nothing is mounted there, so it isn't the submount "
			     "that was dumped",
			     m->mountpoint, m->source);
}

/* Where something is mounted: the mount id of its parent, and its path in the container. */
struct spot {
	unsigned int parent;
	const char *mountpoint;
};

/*
 * Where the mountpoint lies: a directory of ours that is open, and the path below it. -1 when the
 * parent is a mount that CRIU makes, mountpoint and all.
 */
static int find_parent(const struct stage *stage, const struct external_plan *plan,
		       const struct spot *spot, const char **below)
{
	if (spot->parent == stage->root_id) {
		*below = spot->mountpoint;
		return stage->rootfs_fd;
	}
	for (size_t k = 0; k < plan->n; k++) {
		if (plan->v[k].id != spot->parent)
			continue;
		*below = mount_path_below(spot->mountpoint, plan->v[k].mountpoint);
		return *below ? stage->entries[k].source_fd : -1;
	}
	return -1;
}

/* A mountpoint that is there must be of the source's kind; one that isn't will be. */
static void check_mountpoint(const struct stage *stage, const struct external_plan *plan, size_t i,
			     struct findings *findings)
{
	const struct external_mount *m = &plan->v[i];
	const struct spot spot = { .parent = m->parent, .mountpoint = m->mountpoint };
	bool is_dir = stage->entries[i].is_dir;
	auto_fd int fd = -1;
	const char *below;
	struct stat st;
	int parent;

	if (stage->entries[i].source_fd < 0)
		return;
	parent = find_parent(stage, plan, &spot, &below);
	if (parent >= 0)
		fd = path_open(parent, below, O_PATH, NULL);
	if (fd < 0 || fstat(fd, &st) || S_ISDIR(st.st_mode) == is_dir)
		return;
	findings_add(findings, ERR_INVALID, "%s: source %s is %s, but the mountpoint is %s",
		     m->mountpoint, m->source, is_dir ? "a directory" : "a file",
		     is_dir ? "a file" : "a directory");
}

void stage_check(struct stage *stage, const char *rootfs, unsigned int root_id,
		 const struct external_plan *plan, struct findings *findings)
{
	stage->root_id = root_id;
	stage->entries = xcalloc(plan->n, sizeof(*stage->entries));
	for (; stage->n < plan->n; stage->n++)
		stage->entries[stage->n].source_fd = stage->entries[stage->n].tree_fd = -1;
	stage->rootfs_fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (stage->rootfs_fd < 0)
		findings_add(findings, ERR_NOT_FOUND, "rootfs %s: %s", rootfs, strerror(errno));
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].source && plan->v[i].origin != EXTERNAL_CGROUP)
			open_source(&plan->v[i], &stage->entries[i], findings);
	for (size_t i = 0; i < plan->n; i++)
		check_mountpoint(stage, plan, i, findings);
}

static int make_mountpoint(struct stage *stage, const struct external_plan *plan,
			   const struct spot *spot, bool is_dir, struct err *err)
{
	const char *below;
	int parent = find_parent(stage, plan, spot, &below);
	auto_fd int fd = -1;

	if (parent < 0)
		return 0;
	fd = path_open(parent, below, O_PATH, NULL);
	if (fd < 0)
		fd = is_dir ? path_make_dir(parent, below, 0755, &stage->made, err)
			    : path_make_file(parent, below, 0644, &stage->made, err);
	return fd < 0 ? err_wrap(err, "%s: make its mountpoint", spot->mountpoint) : 0;
}

/*
 * Also for what CRIU mounts itself, in a root file system where nothing was mounted before: a whole
 * file system has a directory. Binds from one place of the container to another have theirs there.
 */
static int make_mountpoints(struct stage *stage, const struct external_plan *plan,
			    const struct image_mounts *images, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct spot spot = { plan->v[i].parent, plan->v[i].mountpoint };

		if (make_mountpoint(stage, plan, &spot, stage->entries[i].is_dir, err))
			return -1;
	}
	for (size_t i = 0; i < images->n; i++) {
		const struct image_mount *im = &images->v[i];
		const struct spot spot = { im->parent, im->mountpoint };

		if (!im->key && str_eq(im->root, "/") && !str_eq(im->mountpoint, "/") &&
		    make_mountpoint(stage, plan, &spot, true, err))
			return -1;
	}
	return 0;
}

/* The entry that another row with the same key has already, or NULL. */
static const struct stage_entry *same_key(const struct stage *stage,
					  const struct external_plan *plan, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(plan->v[k].key, plan->v[i].key))
			return &stage->entries[k];
	return NULL;
}

static int clone_source(struct stage *stage, struct external_plan *plan, size_t i, struct err *err)
{
	const struct stage_entry *twin = same_key(stage, plan, i);
	struct stage_entry *entry = &stage->entries[i];
	struct external_mount *m = &plan->v[i];

	if (!m->key)
		return 0; /* CRIU binds its own AUTOGENERATED mount */
	entry->path = twin ? xstrdup(twin->path) : xasprintf("%s/k%04zu", stage->dir, i);
	if (!twin)
		entry->tree_fd = clone_tree(entry->source_fd, attributes(m->flags), err);
	if (!twin && entry->tree_fd < 0)
		return err_wrap(err, "%s: source %s", m->mountpoint, m->source);
	m->source = entry->path;
	return 0;
}

/* The cgroups exist now. */
static int open_views(struct stage *stage, const struct external_plan *plan, struct err *err)
{
	struct findings findings = { .err = err };

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].origin == EXTERNAL_CGROUP && stage->entries[i].source_fd < 0)
			open_source(&plan->v[i], &stage->entries[i], &findings);
	return findings_end(&findings);
}

/*
 * In a user namespace CRIU has no right to pass through directories that others may not: the first
 * such one above the stage becomes the stage. Only CRIU's mount namespace loses sight of it.
 */
static char *find_walkable(const char *path)
{
	auto_free char *dir = xstrdup(path);

	for (char *p = dir + 1;; p++) {
		char was = *p;
		struct stat st;

		if (was && was != '/')
			continue;
		*p = '\0';
		if (!was || (!stat(dir, &st) && !(st.st_mode & S_IXOTH)))
			return take_ptr(&dir);
		*p = was;
	}
}

static int choose_dir(struct stage *stage, const struct container *c, struct err *err)
{
	auto_free char *dir = xasprintf("%s/%s/stage", c->store->root, c->id);

	if (mkdirat(c->dir_fd, "stage", 0711) && errno != EEXIST)
		return err_sys(err, "create %s", dir);
	stage->dir = stage->has_user_ns ? find_walkable(dir) : take_ptr(&dir);
	stage->root = xasprintf("%s/root", stage->dir);
	return 0;
}

int stage_open(struct stage *stage, const struct container *c, const struct image_mounts *images,
	       struct external_plan *plan, struct err *err)
{
	if (choose_dir(stage, c, err) || open_views(stage, plan, err) ||
	    make_mountpoints(stage, plan, images, err))
		return -1;
	for (size_t i = 0; i < plan->n; i++)
		if (clone_source(stage, plan, i, err))
			return -1;
	stage->root_tree = clone_tree(stage->rootfs_fd, 0, err);
	if (stage->root_tree < 0)
		return err_wrap(err, "rootfs %s", c->rootfs);
	return 0;
}

/* A place of the right kind, and the tree on it. */
static int put(int tree_fd, const char *path, bool is_dir, struct err *err)
{
	auto_fd int file = -1;

	if (is_dir && mkdir(path, 0700))
		return err_sys(err, "create %s", path);
	if (!is_dir) {
		file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (file < 0)
			return err_sys(err, "create %s", path);
	}
	if (move_mount(tree_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH))
		return err_sys(err, "mount at %s", path);
	/* CRIU makes a slave of its source's peer group, so there has to be one; others it detaches */
	if (mount(NULL, path, NULL, MS_SHARED, NULL))
		return err_sys(err, "share %s", path);
	return 0;
}

int stage_enter(const struct stage *stage, struct err *err)
{
	if (unshare(CLONE_NEWNS))
		return err_sys(err, "make a mount namespace for CRIU");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return err_sys(err, "make CRIU's mounts private");
	if (mount("kedge", stage->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711"))
		return err_sys(err, "mount a tmpfs at %s", stage->dir);
	if (put(stage->root_tree, stage->root, true, err))
		return -1;
	for (size_t i = 0; i < stage->n; i++) {
		const struct stage_entry *entry = &stage->entries[i];

		if (entry->tree_fd >= 0 && put(entry->tree_fd, entry->path, entry->is_dir, err))
			return -1;
	}
	return 0;
}

void stage_done(struct stage *stage, bool undo)
{
	for (size_t i = 0; i < stage->n; i++) {
		fd_close(&stage->entries[i].source_fd);
		fd_close(&stage->entries[i].tree_fd);
		free(stage->entries[i].path);
	}
	free(take_ptr(&stage->entries));
	stage->n = 0;
	if (undo)
		path_made_undo(&stage->made);
	else
		path_made_done(&stage->made);
	fd_close(&stage->rootfs_fd);
	fd_close(&stage->root_tree);
	free(take_ptr(&stage->dir));
	free(take_ptr(&stage->root));
}
