/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/cr/stage_internal.h"
#include "core/linux/idmap.h"
#include "core/linux/mount_fd.h"
#include "core/plan/external_key.h"
#include "core/plan/external_problem.h"
#include "core/plan/external_spec.h"

#define MOUNTINFO_MAX_BYTES (64U << 20)

/* --- our own mounts ----------------------------------------------------------------------------- */

int stage_read_host(struct stage *stage, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct mount_table *host = &stage->host;

	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX_BYTES, &b, err) ||
	    mount_table_parse(b.p, b.n, host, err))
		return err_wrap(err, "/proc/self/mountinfo");
	return 0;
}

const struct mount_row *stage_find_host(const struct stage *stage, uint64_t id)
{
	return mount_table_find_id(&stage->host, (unsigned int)id);
}

/* What mountinfo of the container will show as the root of a bind of that file. */
static const char *root_of(struct stage *stage, int fd, const char *plain,
			   const struct mount_row *host)
{
	auto_free char *asked = plain ? NULL : fd_path(fd);
	const char *path = plain ? plain : asked;
	const char *below = path ? mount_path_below(path, host->mountpoint) : NULL;

	if (!below)
		return NULL;
	if (!*below)
		return host->root;
	return arena_printf(&stage->arena, "%s/%s", str_eq(host->root, "/") ? "" : host->root,
			    below);
}

void stage_see(struct stage *stage, size_t i, int fd, const struct mount_row *host)
{
	struct mount_expect_source *seen = &stage->seen[i];

	*seen = (struct mount_expect_source){ .host_fd = -1 };
	if (!host)
		return;
	seen->root = root_of(stage, fd, stage->entries[i].plain, host);
	seen->has_identity = seen->root;
	seen->major = host->major;
	seen->minor = host->minor;
	seen->fstype = host->fstype;
	seen->is_readonly = host->flags & MS_RDONLY;
	seen->shared = host->shared;
	seen->master = host->master;
	/* a clone is a peer of what it was cloned from */
	if (host->shared)
		seen->host_fd = i < stage->n ? stage->entries[i].tree_fd : stage->root_tree;
}

/* --- a source ----------------------------------------------------------------------------------- */

static enum external_kind kind_of(unsigned int mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return EXTERNAL_KIND_DIRECTORY;
	case S_IFREG: return EXTERNAL_KIND_FILE;
	case S_IFSOCK: return EXTERNAL_KIND_SOCKET;
	case S_IFIFO: return EXTERNAL_KIND_FIFO;
	case S_IFCHR:
	case S_IFBLK: return EXTERNAL_KIND_DEVICE;
	default: return EXTERNAL_KIND_UNKNOWN;
	}
}

/* STATX_ATTR_MOUNT_ROOT and STATX_MNT_ID are of Linux 5.8. */
static int look_at(const struct stage *stage, int fd, struct restore_source *source)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &stx))
		return -1;
	*source = (struct restore_source){
		.is_open = true,
		.kind = kind_of(stx.stx_mode),
		.major = stx.stx_dev_major,
		.minor = stx.stx_dev_minor,
		.inode = stx.stx_ino,
		.is_mount_root = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT,
		.host = stage_find_host(stage, stx.stx_mnt_id),
	};
	return 0;
}

/* Whether no other path says the same; it may be, and isn't, for a name that begins with a dot. */
static bool is_normal(const char *path)
{
	size_t n = strlen(path);

	return *path == '/' && path[n - 1] != '/' && !strstr(path, "//") && !strstr(path, "/.");
}

/*
 * Mostly there is no link in the path, and then it needn't be asked for: procfs makes an inode for each
 * fd that it is asked about, which takes as long as the clone.
 */
static int open_source(const struct stage *stage, const char *source, struct stage_entry *entry)
{
	int fd = -1;

	if (stage->slash_fd >= 0 && is_normal(source))
		fd = path_open_plain(stage->slash_fd, source, O_PATH, NULL);
	if (fd < 0)
		return open(source, O_PATH | O_CLOEXEC);
	entry->plain = source;
	return fd;
}

/* Another device, or none at all, may lie on the host where config.json's has its path. */
static bool is_device(int fd, const struct external_device *wanted)
{
	mode_t type = wanted->type == 'b' ? S_IFBLK : S_IFCHR;
	struct stat st;

	return wanted->type != 'p' && !fstat(fd, &st) && (st.st_mode & S_IFMT) == type &&
	       st.st_rdev == makedev(wanted->major, wanted->minor);
}

static void check_device(const struct stage *stage, struct external_plan *plan, size_t i,
			 struct findings *findings)
{
	/* a mask is the null device, whatever config.json has at /dev/null */
	static const struct spec defaults;
	const struct external_mount *m = &plan->v[i];
	const struct spec *spec = m->origin == EXTERNAL_MASK ? &defaults : stage->spec;
	struct external_device wanted;

	if (m->origin != EXTERNAL_DEVICE && m->origin != EXTERNAL_MASK)
		return;
	if (!external_spec_device(spec, m->source, &wanted) ||
	    is_device(stage->entries[i].source_fd, &wanted))
		return;
	external_problem(EXTERNAL_JUDGE(plan, findings), i, ERR_INVALID,
			 "source %.512s: it isn't the device %c %u:%u that config.json has there",
			 m->source, wanted.type, wanted.major, wanted.minor);
}

int stage_clone(int fd, struct err *err)
{
	int tree = mount_fd_clone(fd, "", AT_EMPTY_PATH);

	return tree < 0 ? err_sys(err, "clone the mount") : tree;
}

/* What is added brings its submounts along, as in a new container; CRIU binds them one by one. */
static int clone_source(const struct stage *stage, size_t i, struct err *err)
{
	const struct restore_row *row = &stage->rows[i];
	unsigned int flags = !row->image && row->live->opts.is_rec_bind ? AT_RECURSIVE : 0U;
	int fd = mount_fd_clone(stage->entries[i].source_fd, "", AT_EMPTY_PATH | flags);

	return fd < 0 ? err_sys(err, "clone the mount") : fd;
}

void stage_open_source(struct stage *stage, struct external_plan *plan, size_t i,
		       struct findings *findings)
{
	const struct restore_settle_input in = { .spec = stage->spec,
						 .info = stage->info,
						 .rows = stage->rows,
						 .sources = stage->sources };
	struct external_mount *m = &plan->v[i];
	struct stage_entry *entry = &stage->entries[i];
	struct err e = { 0 };

	/* CRIU mounts that one itself */
	if (!m->source || str_eq(m->key, EXTERNAL_KEY_CRIU_DEVICE)) {
		restore_settle(&in, plan, i, findings);
		return;
	}
	entry->source_fd = open_source(stage, m->source, entry);
	if (entry->source_fd < 0 || look_at(stage, entry->source_fd, &stage->sources[i])) {
		external_problem(EXTERNAL_JUDGE(plan, findings), i, ERR_NOT_FOUND,
				 "source %.512s: %s", m->source, strerror(errno));
		return;
	}
	check_device(stage, plan, i, findings);
	restore_settle(&in, plan, i, findings);
	if (m->problem)
		return;
	entry->tree_fd = clone_source(stage, i, &e);
	stage_see(stage, i, entry->source_fd, stage->sources[i].host);
	if (entry->tree_fd < 0)
		external_problem(EXTERNAL_JUDGE(plan, findings), i, e.kind, "source %.512s: %s",
				 m->source, e.msg);
}

/* A cgroup that is yet to be made will lie on the mount that its nearest ancestor lies on. */
void stage_foresee_view(struct stage *stage, struct external_plan *plan, size_t i,
			struct findings *findings)
{
	const struct restore_settle_input in = { .spec = stage->spec,
						 .info = stage->info,
						 .rows = stage->rows,
						 .sources = stage->sources };
	auto_free char *path = xstrdup(plan->v[i].source);

	for (char *slash; (slash = strrchr(path, '/'));) {
		auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && !look_at(stage, fd, &stage->sources[i])) {
			stage_see(stage, i, fd, stage->sources[i].host);
			break;
		}
		*slash = '\0';
	}
	stage->seen[i].has_identity = false;
	restore_settle(&in, plan, i, findings);
}

/* --- its clone ---------------------------------------------------------------------------------- */

static uint64_t attributes(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		uint64_t attr;
	} map[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY },
		{ MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV },
		{ MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NOATIME, MOUNT_ATTR_NOATIME },
		{ MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
		{ MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	};
	uint64_t attr = 0;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (flags & map[i].flag)
			attr |= map[i].attr;
	return attr;
}

#define ALL_ATTRIBUTES                                                                  \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
	 MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)

static int open_userns(const struct mount_plan_row *row, struct err *err)
{
	int fd;

	if (!row->idmap_userns)
		return idmap_userns(row->uid_maps, row->gid_maps, err);
	fd = open(row->idmap_userns, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open %s", row->idmap_userns) : fd;
}

/* `*userns_fd` is the last mapping that was made, for what is below the same entry. */
static int map_ids(const struct stage *stage, size_t i, int *userns_fd, struct err *err)
{
	const struct live_mount *live = stage->rows[i].live;
	bool is_recursive = !stage->rows[i].image && live->opts.is_rec_idmapped;

	if (i && stage->rows[i - 1].live != live)
		fd_close(userns_fd);
	if (*userns_fd < 0)
		*userns_fd = open_userns(&stage->mounts->v[live->index], err);
	if (*userns_fd < 0)
		return -1;
	return idmap_mount(stage->entries[i].tree_fd, *userns_fd, is_recursive, err);
}

/* What is added has its attributes from the options, submounts too. A remount sets all anew. */
static int set_attributes(const struct stage *stage, const struct external_mount *m, size_t i)
{
	const struct restore_row *row = &stage->rows[i];
	struct mount_attr set = { .attr_set = attributes(m->flags), .attr_clr = ALL_ATTRIBUTES };
	int fd = stage->entries[i].tree_fd;

	for (const struct live_mount *e = row->image ? NULL : row->live; e; e = e->remount) {
		const struct mount_opts *o = &e->opts;
		struct mount_fd_attrs attrs = { .rec_set = o->rec_set, .rec_clr = o->rec_clr };

		if (e == row->live) {
			attrs.set = o->attr_set;
			attrs.clr = o->attr_clr;
		}
		if (mount_fd_set(fd, &attrs))
			return -1;
	}
	if (!row->image && !row->live->remount)
		return 0;
	return mount_setattr(fd, "", AT_EMPTY_PATH, &set, sizeof(set));
}

int stage_finish_clone(struct stage *stage, const struct external_plan *plan, size_t i,
		       int *userns_fd, struct err *err)
{
	const struct mount_row *host = stage->sources[i].host;
	const struct external_mount *m = &plan->v[i];
	int ret = 0;

	if (set_attributes(stage, m, i))
		ret = err_sys(err, "set the mount's flags");
	else if (m->is_idmapped && stage->rows[i].live && !(host && host->is_idmapped))
		ret = map_ids(stage, i, userns_fd, err);
	return ret ? err_wrap(err, "%s: source %s", m->mountpoint, m->source) : 0;
}

static uint32_t host_id(const struct spec_id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->n; i++)
		if (id >= maps->v[i].container_id && id - maps->v[i].container_id < maps->v[i].size)
			return maps->v[i].host_id + (id - maps->v[i].container_id);
	return id;
}

/* We make it in the host's user namespace, where its owner has another number. */
static const char *add_owner(struct stage *stage, const char *data, const char *key,
			     const struct spec_id_maps *maps)
{
	const char *value = mount_opts_value(data, key);
	uint32_t id = value ? (uint32_t)strtoul(value, NULL, 10) : 0;

	return arena_printf(&stage->arena, "%s%s%s=%u", data, *data ? "," : "", key,
			    host_id(maps, id));
}

int stage_make_added(struct stage *stage, size_t i, struct err *err)
{
	const struct live_mount *live = stage->rows[i].live;
	const struct spec *spec = stage->spec;
	const char *label = spec->mount_label;
	struct mount_fd_fs fs = { .type = live->mount->type,
				  .source = live->mount->source,
				  .data = live->opts.data,
				  .label = label && *label ? label : NULL,
				  /* as in a new container only the mount is read-only */
				  .flags = live->opts.flags & ~(unsigned long)MS_RDONLY };

	if (spec->ns[SPEC_NS_USER].present) {
		fs.data = add_owner(stage, fs.data, "uid", &spec->uid_maps);
		fs.data = add_owner(stage, fs.data, "gid", &spec->gid_maps);
	}
	stage->sources[i].kind = EXTERNAL_KIND_DIRECTORY;
	stage->entries[i].tree_fd = mount_fd_detached(&fs, err);
	return stage->entries[i].tree_fd < 0 ? err_wrap(err, "%s", live->destination) : 0;
}
