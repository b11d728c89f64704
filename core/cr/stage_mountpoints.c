/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/base/fd.h"
#include "core/cr/stage_internal.h"
#include "core/plan/external_problem.h"

/* Where something is mounted. */
struct spot {
	unsigned int parent; /* mount id in the image */
	const char *mountpoint;
};

/* What holds a mountpoint: row `row` of the plan, or the root file system (SIZE_MAX). */
struct holder {
	size_t row;
	int fd;		   /* the clone of that mount alone: what CRIU will see */
	const char *below; /* the mountpoint's path there; "" is the mount's own root */
};

static bool is_root(const struct image_mount *im)
{
	return str_eq(im->mountpoint, "/");
}

/* False when the parent is a mount that CRIU makes, mountpoint and all, or can't be opened. */
static bool find_holder(const struct stage *stage, const struct external_plan *plan,
			const struct spot *spot, struct holder *holder)
{
	size_t row = stage_find(stage, plan, spot->parent);

	*holder = (struct holder){ .row = row, .fd = stage->root_tree };
	if (row != SIZE_MAX) {
		holder->fd = stage->entries[row].tree_fd;
		holder->below = mount_path_below(spot->mountpoint, plan->v[row].mountpoint);
	} else if (spot->parent == stage->root_id) {
		holder->below = spot->mountpoint + 1;
	}
	return holder->below && holder->fd >= 0;
}

/* The root of a mount may be a file. */
static int open_spot(const struct holder *holder)
{
	if (!*holder->below)
		return fcntl(holder->fd, F_DUPFD_CLOEXEC, 0);
	return path_open(holder->fd, holder->below, O_PATH, NULL);
}

/*
 * Images have mountpoints without links, and so has CRIU. One that is in the way now would lead it
 * elsewhere, or nowhere.
 */
static bool has_link(const struct holder *holder)
{
	auto_fd int fd = *holder->below ? path_open_plain(holder->fd, holder->below, O_PATH, NULL)
					: -1;

	return *holder->below && fd < 0 && errno == ELOOP;
}

static const char *holder_name(const struct external_plan *plan, const struct holder *holder)
{
	return holder->row == SIZE_MAX ? "the root file system" : plan->v[holder->row].source;
}

static bool is_dir(const struct stage *stage, size_t i)
{
	return stage->sources[i].kind == EXTERNAL_KIND_DIRECTORY;
}

/* config.json's own entry is there. Elsewhere, only the image says that something is mounted. */
static bool is_where_config_has_it(const struct stage *stage, const struct external_mount *m,
				   size_t i)
{
	const struct live_mount *live = stage->rows[i].live;

	if (!live)
		return m->origin != EXTERNAL_CONFIG && m->origin != EXTERNAL_USER;
	return m->origin == EXTERNAL_SUBMOUNT || str_eq(live->destination, m->mountpoint);
}

/* Whether the container may only read what holds the mountpoint. */
static bool is_readonly(const struct external_plan *plan, const struct holder *holder)
{
	struct statvfs fs;

	return (holder->row != SIZE_MAX && (plan->v[holder->row].flags & MS_RDONLY)) ||
	       (!fstatvfs(holder->fd, &fs) && (fs.f_flag & ST_RDONLY));
}

static void check_mountpoint(struct stage *stage, struct external_plan *plan, size_t i,
			     struct findings *findings)
{
	const struct external_mount *m = &plan->v[i];
	const struct spot spot = { .parent = m->parent, .mountpoint = m->mountpoint };
	struct holder holder;
	auto_fd int fd = -1;
	struct statvfs fs;
	struct stat st;

	if (!stage->sources[i].is_open || !find_holder(stage, plan, &spot, &holder))
		return;
	if (!m->is_added && has_link(&holder)) {
		external_problem(
			EXTERNAL_JUDGE(plan, findings), i, ERR_INVALID,
			"source %.512s: there is a symlink on the way to its mountpoint in "
			"%.512s, and there was none at the checkpoint",
			m->source, holder_name(plan, &holder));
		return;
	}
	fd = open_spot(&holder);
	if (fd >= 0) {
		stage->entries[i].has_mountpoint = true;
		if (fstat(fd, &st) || S_ISDIR(st.st_mode) == is_dir(stage, i))
			return;
		/* not "is a directory": Docker would take that for the program's */
		external_problem(EXTERNAL_JUDGE(plan, findings), i, ERR_INVALID,
				 "source %.512s (%s) doesn't fit its mountpoint (%s)", m->source,
				 is_dir(stage, i) ? "a directory" : "a file",
				 is_dir(stage, i) ? "a file" : "a directory");
	} else if (errno == ENOENT && !m->is_added &&
		   ((!fstatvfs(holder.fd, &fs) && (fs.f_flag & ST_RDONLY)) ||
		    (!is_where_config_has_it(stage, m, i) && is_readonly(plan, &holder)))) {
		external_problem(EXTERNAL_JUDGE(plan, findings), i, ERR_INVALID,
				 "source %.512s: its mountpoint is missing in %.512s, which is "
				 "read-only",
				 m->source, holder_name(plan, &holder));
	}
}

/* A whole file system is a directory. Of a bind within the container only the sidecar knows. */
static enum external_kind kind_of_internal(const struct stage *stage, const struct image_mount *im)
{
	const struct checkpoint_mount *noted;

	if (str_eq(im->root, "/"))
		return EXTERNAL_KIND_DIRECTORY;
	noted = checkpoint_info_find(stage->info, im->id);
	return noted ? noted->kind : EXTERNAL_KIND_UNKNOWN;
}

/* Below the root and the sources these need a mountpoint: see stage_make_mountpoints(). */
static bool is_made_by_criu(const struct stage *stage, const struct external_plan *plan,
			    const struct image_mount *im)
{
	return kind_of_internal(stage, im) && !is_root(im) &&
	       stage_find(stage, plan, im->id) == SIZE_MAX;
}

/* No image makes anything in what the container may only read. */
static void check_made(const struct stage *stage, const struct external_plan *plan,
		       const struct image_mount *im, struct findings *findings)
{
	const struct spot spot = { im->parent, im->mountpoint };
	struct holder holder;
	auto_fd int fd = -1;

	if (!find_holder(stage, plan, &spot, &holder) || holder.row == SIZE_MAX)
		return;
	fd = open_spot(&holder);
	if (fd < 0 && is_readonly(plan, &holder))
		findings_add(findings, ERR_INVALID,
			     "%.256s: its mountpoint is missing in %.512s, which is read-only",
			     im->mountpoint, holder_name(plan, &holder));
}

void stage_check_mountpoints(struct stage *stage, struct external_plan *plan,
			     struct findings *findings)
{
	for (size_t i = 0; i < plan->n; i++)
		check_mountpoint(stage, plan, i, findings);
	for (size_t i = 0; i < stage->n_image; i++)
		if (is_made_by_criu(stage, plan, &stage->image[i]))
			check_made(stage, plan, &stage->image[i], findings);
}

/*
 * In a clone of its own: the one that CRIU gets may become read-only, and then nothing could be
 * undone.
 */
static int writable_fd(struct stage *stage, const struct holder *holder, struct err *err)
{
	struct stage_entry *entry;

	if (holder->row == SIZE_MAX)
		return stage->root_tree;
	entry = &stage->entries[holder->row];
	if (entry->work_fd < 0)
		entry->work_fd = stage_clone(entry->source_fd, err);
	return entry->work_fd;
}

static int make_mountpoint(struct stage *stage, const struct external_plan *plan,
			   const struct spot *spot, bool as_dir, struct err *err)
{
	struct holder holder;
	auto_fd int fd = -1;
	int at;

	if (!find_holder(stage, plan, spot, &holder))
		return 0;
	fd = open_spot(&holder);
	if (fd >= 0)
		return 0;
	at = writable_fd(stage, &holder, err);
	if (at >= 0)
		fd = as_dir ? path_make_dir(at, holder.below, 0755, &stage->made, err)
			    : path_make_file(at, holder.below, 0644, &stage->made, err);
	if (fd >= 0)
		return 0;
	return err_wrap(err, "%s: make its mountpoint in %s", spot->mountpoint,
			holder_name(plan, &holder));
}

/* Also for what CRIU mounts itself, in a root file system where nothing was mounted before. */
int stage_make_mountpoints(struct stage *stage, const struct external_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct spot spot = { plan->v[i].parent, plan->v[i].mountpoint };
		bool as_dir = is_dir(stage, i) || !stage->sources[i].is_open;

		if (!stage->entries[i].has_mountpoint && !plan->v[i].is_added &&
		    make_mountpoint(stage, plan, &spot, as_dir, err))
			return -1;
	}
	for (size_t i = 0; i < stage->n_image; i++) {
		const struct image_mount *im = &stage->image[i];
		const struct spot spot = { im->parent, im->mountpoint };
		enum external_kind kind = kind_of_internal(stage, im);

		if (is_made_by_criu(stage, plan, im) &&
		    make_mountpoint(stage, plan, &spot, kind == EXTERNAL_KIND_DIRECTORY, err))
			return -1;
	}
	return 0;
}
