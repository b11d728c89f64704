/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cr/stage_internal.h"
#include "core/linux/mount_fd.h"

/* What is open besides two or three fds per mount. */
#define SPARE_FDS 128

/* --- before the container has begun ------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b, void *rows)
{
	const struct external_mount *v = rows;
	unsigned int x = v[*(const size_t *)a].id, y = v[*(const size_t *)b].id;

	return x < y ? -1 : x > y;
}

size_t stage_find(const struct stage *stage, const struct external_plan *plan, unsigned int id)
{
	size_t low = 0, high = stage->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plan->v[stage->by_id[middle]].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < stage->n && plan->v[stage->by_id[low]].id == id ? stage->by_id[low] : SIZE_MAX;
}

static void allocate(struct stage *stage, const struct external_plan *plan)
{
	struct arena *arena = &stage->arena;

	stage->n = plan->n;
	stage->slash_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	stage->entries = arena_array(arena, plan->n + 1, sizeof(*stage->entries));
	stage->sources = arena_array(arena, plan->n + 1, sizeof(*stage->sources));
	stage->seen = arena_array(arena, plan->n + 1, sizeof(*stage->seen));
	stage->by_id = arena_array(arena, plan->n, sizeof(*stage->by_id));
	for (size_t i = 0; i <= plan->n; i++) {
		stage->entries[i] = (struct stage_entry){ -1, -1, -1, NULL, false, NULL };
		stage->seen[i].host_fd = -1;
	}
	for (size_t i = 0; i < plan->n; i++)
		stage->by_id[i] = i;
	if (plan->n)
		qsort_r(stage->by_id, plan->n, sizeof(*stage->by_id), compare_ids, plan->v);
}

/* A thousand mounts take more fds than the usual soft limit. The restored tasks have their own. */
static void raise_fd_limit(size_t n_mounts)
{
	rlim_t need = n_mounts * 3 + SPARE_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_debug("can't raise the limit of open files to %llu", (unsigned long long)need);
}

/* The root's own row of what was seen comes after the plan's. */
static void open_root(struct stage *stage, const char *rootfs, struct findings *findings)
{
	auto_fd int fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };
	struct statx stx;

	if (fd < 0) {
		findings_add(findings, ERR_NOT_FOUND, "rootfs %s: %s", rootfs, strerror(errno));
		return;
	}
	stage->root_tree = stage_clone(fd, &e);
	if (stage->root_tree < 0)
		findings_add(findings, e.kind, "rootfs %s: %s", rootfs, e.msg);
	else if (!statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx))
		stage_see(stage, stage->n, fd, stage_find_host(stage, stx.stx_mnt_id));
}

void stage_check(struct stage *stage, const char *rootfs, struct external_plan *plan,
		 struct findings *findings)
{
	struct err e = { 0 };

	raise_fd_limit(plan->n);
	allocate(stage, plan);
	if (stage_read_host(stage, &e))
		findings_add(findings, e.kind, "%s", e.msg);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].origin == EXTERNAL_CGROUP)
			stage_foresee_view(stage, plan, i, findings);
		else
			stage_open_source(stage, plan, i, findings);
	open_root(stage, rootfs, findings);
	stage_check_mountpoints(stage, plan, findings);
}

/* --- the container has begun -------------------------------------------------------------------- */

/* The cgroups exist now. */
static int open_views(struct stage *stage, struct external_plan *plan, struct err *err)
{
	struct findings findings = { .err = err };

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].origin == EXTERNAL_CGROUP)
			stage_open_source(stage, plan, i, &findings);
	return findings_end(&findings);
}

static char *staged_path(struct stage *stage, size_t i)
{
	auto_free char *key = images_copy_key(i);

	return arena_printf(&stage->arena, "%s/%s", stage->dir, key);
}

static int finish_clones(struct stage *stage, const struct external_plan *plan, struct err *err)
{
	auto_fd int userns_fd = -1;

	for (size_t i = 0; i < plan->n; i++) {
		if (plan->v[i].is_added && !plan->v[i].source && stage_make_added(stage, i, err))
			return -1;
		if (stage->entries[i].tree_fd < 0)
			continue;
		if (!plan->v[i].is_added)
			stage->entries[i].path = staged_path(stage, i);
		if (stage_finish_clone(stage, plan, i, &userns_fd, err))
			return -1;
	}
	return 0;
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
	bool has_user_ns = stage->spec->ns[SPEC_NS_USER].present;

	if (mkdirat(c->dir_fd, "stage", 0711) && errno != EEXIST)
		return err_sys(err, "create %s", dir);
	stage->dir = has_user_ns ? find_walkable(dir) : take_ptr(&dir);
	stage->root = arena_printf(&stage->arena, "%s/root", stage->dir);
	return 0;
}

int stage_open(struct stage *stage, const struct container *c, struct external_plan *plan,
	       struct err *err)
{
	if (choose_dir(stage, c, err) || open_views(stage, plan, err) ||
	    stage_make_mountpoints(stage, plan, err))
		return -1;
	return finish_clones(stage, plan, err);
}

/* --- in CRIU's mount namespace ------------------------------------------------------------------ */

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
	return 0;
}

/*
 * The same directory as the one that was read, as this mount namespace has it; its number becomes
 * that fd's, so that CRIU can be told it beforehand. Before the stage is mounted: that may hide it.
 */
static int reopen_images(const struct stage_images *images, struct err *err)
{
	auto_fd int fd = open(images->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat read, here;

	if (fd < 0 || fstat(fd, &here) || fstat(images->fd, &read))
		return err_sys(err, "image directory %s", images->path);
	if (here.st_dev != read.st_dev || here.st_ino != read.st_ino)
		return err_set(err, ERR_STATE, "image directory %s: it was replaced meanwhile",
			       images->path);
	if (dup3(fd, images->fd, O_CLOEXEC) < 0)
		return err_sys(err, "image directory %s", images->path);
	return 0;
}

/* One edited file over the original: CRIU, which opens it by its name, reads ours. */
static int cover_image(const struct stage *stage, const struct stage_images *images,
		       const struct images_copy_file *file, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", stage->dir, file->name);
	auto_fd int to = openat(images->fd, file->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	auto_fd int tree = -1;

	if (to < 0)
		return err_sys(err, "image %s", file->name);
	if (fd < 0)
		return err_sys(err, "create %s", path);
	if (fd_write_all(fd, file->edited.p, file->edited.n, err))
		return err_wrap(err, "%s", path);
	tree = mount_fd_clone(AT_FDCWD, path, 0);
	if (tree < 0 || mount_fd_attach(tree, to))
		return err_sys(err, "mount the edited copy over %s/%s", images->path, file->name);
	return 0;
}

static int cover_images(const struct stage *stage, const struct stage_images *images,
			struct err *err)
{
	for (size_t i = 0; i < images->copy->n; i++)
		if (cover_image(stage, images, &images->copy->v[i], err))
			return -1;
	return 0;
}

/* What CRIU gets under the same number is the view. */
static int enter_view(const struct stage *stage, const struct stage_images *images, struct err *err)
{
	auto_fd int fd = images_view_enter(images->view, images->copy, stage->dir, err);

	if (fd < 0)
		return -1;
	return dup3(fd, images->fd, O_CLOEXEC) < 0 ? err_sys(err, "dup3") : 0;
}

int stage_enter(const struct stage *stage, const struct stage_images *images, struct err *err)
{
	if (unshare(CLONE_NEWNS))
		return err_sys(err, "make a mount namespace for CRIU");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return err_sys(err, "make CRIU's mounts private");
	if (!images->view->n && reopen_images(images, err))
		return -1;
	if (mount("kedge", stage->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711"))
		return err_sys(err, "mount a tmpfs at %s", stage->dir);
	if (images->view->n ? enter_view(stage, images, err) : cover_images(stage, images, err))
		return err_wrap(err, "image directory %s", images->path);
	if (put(stage->root_tree, stage->root, true, err))
		return -1;
	for (size_t i = 0; i < stage->n; i++) {
		const struct stage_entry *entry = &stage->entries[i];
		bool is_dir = stage->sources[i].kind == EXTERNAL_KIND_DIRECTORY;

		if (entry->path && put(entry->tree_fd, entry->path, is_dir, err))
			return -1;
	}
	return 0;
}

void stage_done(struct stage *stage, bool undo)
{
	if (undo)
		path_made_undo(&stage->made);
	else
		path_made_done(&stage->made);
	for (size_t i = 0; stage->entries && i <= stage->n; i++) {
		fd_close(&stage->entries[i].source_fd);
		fd_close(&stage->entries[i].tree_fd);
		fd_close(&stage->entries[i].work_fd);
	}
	if (stage->entries)
		fd_close(&stage->slash_fd);
	stage->entries = NULL;
	stage->n = 0;
	fd_close(&stage->root_tree);
	free(take_ptr(&stage->dir));
	mount_table_done(&stage->host);
	arena_done(&stage->arena);
}
