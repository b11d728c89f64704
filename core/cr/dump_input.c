/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/cr/dump_input.h"
#include "core/linux/destinations.h"
#include "core/linux/mount_ids.h"
#include "core/plan/external_spec.h"
#include "core/run/record.h"

#define MOUNTINFO_MAX_BYTES (64U << 20)

struct mount_rows {
	const struct mount_row **v;
	size_t n;
};

/* No server is asked: an NFS or FUSE that doesn't answer must not hold up the checkpoint. */
#define STAT_FLAGS (AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC)

static int read_mounts(const char *path, struct buf *text, struct mount_table *table,
		       struct err *err)
{
	if (fd_read_file(AT_FDCWD, path, MOUNTINFO_MAX_BYTES, text, err) ||
	    mount_table_parse(text->p, text->n, table, err))
		return err_wrap(err, "%s", path);
	return 0;
}

static enum external_kind kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return EXTERNAL_KIND_DIRECTORY;
	if (S_ISREG(mode))
		return EXTERNAL_KIND_FILE;
	if (S_ISSOCK(mode))
		return EXTERNAL_KIND_SOCKET;
	if (S_ISFIFO(mode))
		return EXTERNAL_KIND_FIFO;
	return S_ISCHR(mode) || S_ISBLK(mode) ? EXTERNAL_KIND_DEVICE : EXTERNAL_KIND_UNKNOWN;
}

static struct external_seen seen_of(const struct statx *stx)
{
	return (struct external_seen){ .state = EXTERNAL_SEEN_THERE,
				       .kind = kind_of(stx->stx_mode),
				       .major = stx->stx_dev_major,
				       .minor = stx->stx_dev_minor,
				       .inode = stx->stx_ino };
}

/* What is covered by another mount stays unknown: no path leads there. */
static struct external_seen look_at_mount(int root_fd, const struct mount_row *row)
{
	const struct external_seen unknown = { 0 };
	auto_fd int fd = path_open_plain(root_fd, row->mountpoint, O_PATH, NULL);
	struct statx stx;

	if (fd < 0 ||
	    statx(fd, "", AT_EMPTY_PATH | STAT_FLAGS, STATX_TYPE | STATX_INO | STATX_MNT_ID, &stx))
		return unknown;
	if (!(stx.stx_mask & STATX_MNT_ID) || stx.stx_mnt_id != row->id)
		return unknown;
	return seen_of(&stx);
}

static struct external_seen look_at_source(const char *path)
{
	struct external_seen seen = { 0 };
	struct statx stx;

	if (!path || *path != '/')
		return seen;
	if (!statx(AT_FDCWD, path, STAT_FLAGS, STATX_TYPE | STATX_INO, &stx))
		return seen_of(&stx);
	if (errno == ENOENT || errno == ENOTDIR)
		seen.state = EXTERNAL_SEEN_MISSING;
	return seen;
}

/* File systems that somebody answers for; "fuse" is also fuse.sshfs and fuseblk. */
static bool is_served(const struct mount_row *row)
{
	static const char *const types[] = { "fuse",   "nfs",  "cifs", "smb",	"9p",
					     "virtio", "ceph", "afs",  "autofs" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_starts(row->fstype, types[i]))
			return true;
	return false;
}

/* The mounts of servers, which few containers have; what the root lies on can't be avoided. */
static struct mount_rows served_mounts(struct arena *arena, const struct mount_table *table)
{
	struct mount_rows served = { .v = arena_array(arena, table->n, sizeof(*served.v)) };

	for (size_t i = 0; i < table->n; i++)
		if (is_served(&table->v[i]) && !str_eq(table->v[i].mountpoint, "/"))
			served.v[served.n++] = &table->v[i];
	return served;
}

/* The container may have put a server of its own, which needn't answer, over the way to a mount. */
static bool is_behind(const struct mount_rows *served, const struct mount_row *row)
{
	for (size_t i = 0; i < served->n; i++) {
		const char *below = mount_path_below(row->mountpoint, served->v[i]->mountpoint);

		if (below && *below)
			return true;
	}
	return false;
}

static void look_at_files(struct dump_input *look, int root_fd)
{
	const struct spec *spec = look->in.spec;
	struct external_seen *seen = arena_array(&look->arena, look->container.n, sizeof(*seen));
	struct external_seen *sources = arena_array(&look->arena, spec->mounts.n, sizeof(*sources));
	const struct mount_rows served = served_mounts(&look->arena, &look->container);

	for (size_t i = 0; i < look->container.n; i++)
		if (!is_behind(&served, &look->container.v[i]))
			seen[i] = look_at_mount(root_fd, &look->container.v[i]);
	for (size_t i = 0; i < spec->mounts.n; i++)
		sources[i] = look_at_source(external_spec_source(&look->arena, spec, i));
	look->in.seen = seen;
	look->in.sources = sources;
}

/* By the record where there is one: the way may lead through anything that the container has mounted. */
static void find_destinations(struct dump_input *look, int root_fd)
{
	const struct spec *spec = look->in.spec;
	const char **paths = arena_array(&look->arena, spec->mounts.n, sizeof(*paths));

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (look->in.record)
			paths[i] = i < look->record.n ? look->record.v[i].destination : NULL;
		else
			paths[i] = destinations_resolve_one(root_fd, spec->mounts.v[i].destination,
							    &look->arena);
	look->in.destinations = paths;
}

static void find_unique_ids(struct dump_input *look, pid_t pid)
{
	AUTO(mount_ids_done) struct mount_ids ids = { 0 };
	uint64_t *unique = arena_array(&look->arena, look->container.n, sizeof(*unique));

	mount_ids_read(pid, &ids);
	for (size_t i = 0; i < look->container.n; i++)
		unique[i] = mount_ids_find(&ids, look->container.v[i].id);
	look->in.unique_ids = unique;
}

int dump_input_read(const struct container *c, const struct spec *spec,
		    const struct cr_options *opts, struct dump_input *look, struct err *err)
{
	AUTO(buf_done) struct buf host = { 0 };
	auto_fd int root_fd = -1;
	char path[64];

	look->in = (struct external_dump_input){ .spec = spec,
						 .container = &look->container,
						 .host = &look->host,
						 .args = &look->args };
	if (external_args_parse(EXTERNAL_CHECKPOINT, &opts->external, &opts->ext_mount_map,
				&look->args, err))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)c->pid);
	if (read_mounts(path, &look->mountinfo, &look->container, err) ||
	    read_mounts("/proc/self/mountinfo", &host, &look->host, err))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, "open %s", path);
	record_read(c, &look->record);
	if (look->record.table.n)
		look->in.record = &look->record;
	find_destinations(look, root_fd);
	find_unique_ids(look, c->pid);
	look_at_files(look, root_fd);
	return 0;
}

int dump_input_check(const struct container *c, const struct dump_input *look, struct err *err)
{
	AUTO(buf_done) struct buf now = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)c->pid);
	if (fd_read_file(AT_FDCWD, path, MOUNTINFO_MAX_BYTES, &now, err))
		return -1;
	if (now.n == look->mountinfo.n && !memcmp(now.p, look->mountinfo.p, now.n))
		return 0;
	err_set(err, ERR_STATE, "its mounts changed while the checkpoint was being made");
	return err_hint(err, "try again");
}

void dump_input_done(struct dump_input *look)
{
	external_args_done(&look->args);
	mount_table_done(&look->container);
	mount_table_done(&look->host);
	mount_record_done(&look->record);
	buf_done(&look->mountinfo);
	arena_done(&look->arena);
}
