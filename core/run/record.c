/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/destinations.h"
#include "core/linux/mount_ids.h"
#include "core/plan/external_spec.h"
#include "core/plan/mount_index.h"
#include "core/run/record.h"

#define RECORD		 "mounts"
#define RECORD_NEW	 "mounts.new"
#define RECORD_MAX_BYTES (128U << 20)
#define MOUNTINFO_MAX	 (64U << 20)

static void add_path(struct buf *out, const char *path)
{
	mount_path_encode(out, path);
	buf_str(out, "\n");
}

/*
 * A path at which something is mounted has no links in it. Only for the others the container is
 * asked, which takes as long as all the rest.
 */
static void add_destinations(const struct spec *spec, int root_fd, const struct mount_index *index,
			     struct buf *out)
{
	AUTO(arena_done) struct arena arena = { 0 };

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const char *path = external_spec_destination(&arena, spec, i, NULL);
		size_t n;

		if (!path || !mount_index_at(index, path, &n))
			path = destinations_resolve_one(root_fd, spec->mounts.v[i].destination,
							&arena);
		if (!path)
			continue;
		buf_addf(out, "destination %zu ", i);
		add_path(out, path);
	}
}

/* What can't be looked at has no line. */
static void add_source(const char *source, size_t index, struct buf *out)
{
	struct stat st;

	if (*source != '/' || stat(source, &st))
		return;
	buf_addf(out, "source %zu %u:%u %llu ", index, major(st.st_dev), minor(st.st_dev),
		 (unsigned long long)st.st_ino);
	add_path(out, source);
}

static void add_sources(const struct spec *spec, struct buf *out)
{
	AUTO(arena_done) struct arena arena = { 0 };

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const char *source = external_spec_source(&arena, spec, i);

		if (source)
			add_source(source, i, out);
	}
}

static void add_ids(pid_t pid, struct buf *out)
{
	AUTO(mount_ids_done) struct mount_ids ids = { 0 };

	mount_ids_read(pid, &ids);
	for (size_t i = 0; i < ids.n; i++)
		buf_addf(out, "id %u %llu\n", ids.v[i].id, (unsigned long long)ids.v[i].unique_id);
}

static const struct mount_row *find_origin(const struct mount_index *index,
					   const struct mount_origin *origin)
{
	size_t n, depth;
	const struct mount_row *const *rows = mount_index_at(index, origin->mountpoint, &n);

	for (size_t i = 0; i < n; i++) {
		const struct mount_row *row = rows[i], *below;

		for (depth = 0; depth < n; depth++) {
			below = mount_index_id(index, row->parent);
			if (!below || below == row || !str_eq(below->mountpoint, row->mountpoint))
				break;
			row = below;
		}
		if (depth == origin->depth)
			return rows[i];
	}
	return NULL;
}

static void add_origins(const struct mount_origins *origins, const struct mount_index *index,
			struct buf *out)
{
	for (size_t i = 0; origins && i < origins->n; i++) {
		const struct mount_origin *origin = &origins->v[i];
		const struct mount_row *row = origin->mountpoint ? find_origin(index, origin)
								 : NULL;

		if (origin->mountpoint && !row)
			continue;
		buf_addf(out, "%s %zu %u", origin->below ? "submount" : "mount", origin->entry,
			 row ? row->id : 0);
		if (origin->below) {
			buf_str(out, " /");
			mount_path_encode(out, origin->below);
		}
		buf_str(out, "\n");
	}
}

static int compose(const struct spec *spec, pid_t pid, const struct mount_origins *origins,
		   struct buf *out, struct err *err)
{
	AUTO(buf_done) struct buf mountinfo = { 0 };
	AUTO(mount_table_done) struct mount_table table = { 0 };
	AUTO(mount_index_done) struct mount_index index = { 0 };
	auto_fd int root_fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, "open %s", path);
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	if (fd_read_file(AT_FDCWD, path, MOUNTINFO_MAX, &mountinfo, err) ||
	    mount_table_parse(mountinfo.p, mountinfo.n, &table, err))
		return -1;
	mount_index_build(&table, &index);
	buf_str(out, MOUNT_RECORD_HEADER "\n");
	add_destinations(spec, root_fd, &index, out);
	add_sources(spec, out);
	add_ids(pid, out);
	add_origins(origins, &index, out);
	buf_str(out, "mountinfo\n");
	buf_add(out, mountinfo.p, mountinfo.n);
	return 0;
}

static int write_record(const struct container *c, const struct buf *text, struct err *err)
{
	auto_fd int fd = openat(c->dir_fd, RECORD_NEW,
				O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "create %s", RECORD_NEW);
	if (fd_write_all(fd, text->p, text->n, err))
		return err_wrap(err, "%s", RECORD_NEW);
	if (renameat(c->dir_fd, RECORD_NEW, c->dir_fd, RECORD))
		return err_sys(err, "rename %s", RECORD_NEW);
	return 0;
}

void record_mounts(const struct container *c, const struct spec *spec, pid_t pid,
		   const struct mount_origins *origins)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };

	if (!compose(spec, pid, origins, &text, &err) && !write_record(c, &text, &err))
		return;
	log_warn("container %s: its mounts aren't recorded, a checkpoint will know less of them: "
		 "%s",
		 c->id, err.msg);
}

void record_read(const struct container *c, struct mount_record *record)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };

	if (!fd_read_file(c->dir_fd, RECORD, RECORD_MAX_BYTES, &text, &err) &&
	    !mount_record_parse(text.p, text.n, record, &err))
		return;
	if (err.kind != ERR_NOT_FOUND)
		log_warn("container %s: the record of its mounts can't be used: %s", c->id,
			 err.msg);
}
