/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/images.h"
#include "core/plan/external_spec.h"
#include "proto/inventory.pb-c.h"
#include "proto/mnt.pb-c.h"
#include "proto/stats.pb-c.h"

#define MAGIC_COMMON	0x54564319
#define MAGIC_SERVICE	0x55105940
#define MAGIC_INVENTORY 0x58313116
#define MAGIC_PSTREE	0x50273030
#define MAGIC_IDS	0x54432030
#define MAGIC_MOUNTS	0x55563928
#define MAGIC_STATS	0x57093306

/* A thousand mounts take about 200 KiB; the kernel allows 100,000 in a namespace. */
#define MAX_FILE_BYTES (64 << 20)
#define MAX_MOUNTS     100000

/* A file in memory and how far it has been read. */
struct reader {
	const char *file;
	const uint8_t *p;
	size_t n;
	size_t at;
	struct err *err;
};

static int bad_here(const struct reader *r, const char *what)
{
	return err_set(r->err, ERR_INVALID, "%s: offset %zu: %s", r->file, r->at, what);
}

static int read_u32(struct reader *r, uint32_t *out)
{
	uint32_t le;

	if (r->n - r->at < sizeof(le))
		return bad_here(r, "the file ends too early");
	memcpy(&le, r->p + r->at, sizeof(le));
	r->at += sizeof(le);
	*out = le32toh(le);
	return 0;
}

static int expect_magic(struct reader *r, uint32_t wanted)
{
	uint32_t magic = 0;

	if (read_u32(r, &magic))
		return -1;
	if (magic == wanted)
		return 0;
	r->at -= sizeof(magic);
	return err_set(r->err, ERR_INVALID, "%s: offset %zu: magic %#010x instead of %#010x",
		       r->file, r->at, magic, wanted);
}

/* Step over the next message; gives where it begins. */
static int next_message(struct reader *r, const uint8_t **p, size_t *bytes)
{
	uint32_t len = 0;

	if (read_u32(r, &len))
		return -1;
	if (len > r->n - r->at)
		return err_set(
			r->err, ERR_INVALID,
			"%s: offset %zu: the next entry has %u bytes, the file only %zu more",
			r->file, r->at - sizeof(len), len, r->n - r->at);
	*p = r->p + r->at;
	*bytes = len;
	r->at += len;
	return 0;
}

/* Read the regular file `name`; a FIFO or a device that somebody put there would hang us. */
static int read_file(int dirfd, const char *name, struct buf *out, struct err *err)
{
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ELOOP)) {
		auto_free char *dir = fd_path(dirfd);

		err_set(err, ERR_INVALID, "%s is not in %s", name, dir ? dir : "the directory");
		return err_hint(err, "--image-path has to be a directory that a checkpoint was "
				     "written to");
	}
	if (fd < 0)
		return err_sys(err, "open %s", name);
	if (fstat(fd, &st))
		return err_sys(err, "stat %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", name);
	if (st.st_size > MAX_FILE_BYTES)
		return err_set(err, ERR_INVALID, "%s has %lld bytes, more than any real one", name,
			       (long long)st.st_size);
	if (fd_read_all(fd, MAX_FILE_BYTES, out, err))
		return err_wrap(err, "%s", name);
	return 0;
}

/* Read the file and check its magics, of which the first may be 0: none. */
static int load(int dirfd, const uint32_t magics[2], struct buf *file, struct reader *r)
{
	if (read_file(dirfd, r->file, file, r->err))
		return -1;
	r->p = (const uint8_t *)file->p;
	r->n = file->n;
	r->at = 0;
	if (magics[0] && expect_magic(r, magics[0]))
		return -1;
	return expect_magic(r, magics[1]);
}

/* --- inventory.img, pstree.img, ids-PID.img ------------------------------------------------------- */

static int read_root_pid(int dirfd, unsigned int *pid, struct err *err)
{
	static const uint32_t magics[] = { MAGIC_COMMON, MAGIC_PSTREE };
	AUTO(buf_done) struct buf file = { 0 };
	struct reader r = { .file = "pstree.img", .err = err };
	Criu__Image__PstreeEntry *e;
	const uint8_t *p;
	size_t bytes;

	if (load(dirfd, magics, &file, &r) || next_message(&r, &p, &bytes))
		return -1;
	e = criu__image__pstree_entry__unpack(NULL, bytes, p);
	if (!e)
		return bad_here(&r, "not a process entry");
	*pid = e->pid;
	criu__image__pstree_entry__free_unpacked(e, NULL);
	return 0;
}

static int read_ids(int dirfd, unsigned int pid, Criu__Image__TaskIds **out, struct err *err)
{
	static const uint32_t magics[] = { MAGIC_COMMON, MAGIC_IDS };
	AUTO(buf_done) struct buf file = { 0 };
	char name[64];
	struct reader r = { .file = name, .err = err };
	const uint8_t *p;
	size_t bytes;

	snprintf(name, sizeof(name), "ids-%u.img", pid);
	if (load(dirfd, magics, &file, &r) || next_message(&r, &p, &bytes))
		return -1;
	*out = criu__image__task_ids__unpack(NULL, bytes, p);
	return *out ? 0 : bad_here(&r, "not the ids of a task");
}

/* A namespace is the task's own when CRIU was in another one. */
static unsigned int own_ns(unsigned int task, unsigned int criu)
{
	return task != criu ? task : 0;
}

static int fill_inventory(int dirfd, const Criu__Image__InventoryEntry *e,
			  struct image_inventory *out, struct err *err)
{
	const Criu__Image__TaskIds none = CRIU__IMAGE__TASK_IDS__INIT;
	const Criu__Image__TaskIds *criu = e->root_ids ? e->root_ids : &none;
	struct image_inventory inventory = { .version = e->img_version };
	Criu__Image__TaskIds *task;

	inventory.lsm = e->has_lsmtype ? e->lsmtype : 0;
	inventory.is_tcp_closed = e->tcp_close;
	if (read_root_pid(dirfd, &inventory.root_pid, err) ||
	    read_ids(dirfd, inventory.root_pid, &task, err))
		return -1;
	inventory.mnt_ns = own_ns(task->mnt_ns_id, criu->mnt_ns_id);
	inventory.has_pid_ns = own_ns(task->pid_ns_id, criu->pid_ns_id);
	inventory.has_net_ns = own_ns(task->net_ns_id, criu->net_ns_id);
	inventory.has_user_ns = own_ns(task->user_ns_id, criu->user_ns_id);
	inventory.has_cgroup_ns = own_ns(task->cgroup_ns_id, criu->cgroup_ns_id);
	criu__image__task_ids__free_unpacked(task, NULL);
	*out = inventory;
	return 0;
}

int images_read_inventory(int dirfd, struct image_inventory *out, struct err *err)
{
	static const uint32_t magics[] = { 0, MAGIC_INVENTORY };
	AUTO(buf_done) struct buf file = { 0 };
	struct reader r = { .file = "inventory.img", .err = err };
	Criu__Image__InventoryEntry *e;
	const uint8_t *p;
	size_t bytes;
	int ret;

	if (load(dirfd, magics, &file, &r) || next_message(&r, &p, &bytes))
		return -1;
	e = criu__image__inventory_entry__unpack(NULL, bytes, p);
	if (!e)
		return bad_here(&r, "not an inventory entry");
	ret = fill_inventory(dirfd, e, out, err);
	criu__image__inventory_entry__free_unpacked(e, NULL);
	return ret;
}

/* --- mountpoints-N.img ---------------------------------------------------------------------------- */

/* Images from before ext_key have the key where the root would be. */
static const char *key_of(const Criu__Image__MntEntry *e)
{
	if (e->ext_key)
		return e->ext_key;
	return e->ext_mount ? e->root : NULL;
}

static void convert_mount(struct arena *arena, const Criu__Image__MntEntry *e,
			  struct image_mount *m)
{
	*m = (struct image_mount){
		.id = e->mnt_id,
		.parent = e->parent_mnt_id,
		.major = e->root_dev >> 20,
		.minor = e->root_dev & 0xfffff,
		.fstype = e->fstype,
		.flags = e->flags,
		.shared = e->shared_id,
		.master = e->master_id,
		.mountpoint = arena_strdup(arena, e->mountpoint),
		.root = arena_strdup(arena, e->root),
		.source = arena_strdup(arena, e->source),
		.options = arena_strdup(arena, e->options),
		.key = arena_strdup(arena, key_of(e)),
		.is_deleted = e->deleted,
		.has_plugin = e->with_plugin,
	};
}

/* What a mountpoint has to look like for it to be compared with others, and to be safe. */
static bool is_normal(struct arena *arena, const char *path)
{
	return *path == '/' && str_eq(path, external_spec_normal_path(arena, path));
}

static int parse_mount(struct reader *r, struct arena *arena, struct image_mount *m)
{
	Criu__Image__MntEntry *e;
	const uint8_t *p;
	size_t bytes;

	if (next_message(r, &p, &bytes))
		return -1;
	e = criu__image__mnt_entry__unpack(NULL, bytes, p);
	if (!e) {
		r->at = (size_t)(p - r->p);
		return bad_here(r, "not a mount entry");
	}
	convert_mount(arena, e, m);
	criu__image__mnt_entry__free_unpacked(e, NULL);
	if (is_normal(arena, m->mountpoint))
		return 0;
	return err_set(r->err, ERR_INVALID, "%s: offset %zu: mountpoint \"%.256s\" %s", r->file,
		       (size_t)(p - r->p), m->mountpoint, "is not an absolute path in normal form");
}

static size_t count_mounts(struct reader r)
{
	const uint8_t *p;
	size_t bytes, n = 0;

	r.err = NULL;
	while (r.at < r.n && !next_message(&r, &p, &bytes))
		n++;
	return n;
}

static int parse_mounts(struct reader *r, struct image_mounts *out)
{
	bool has_root = false;
	size_t max;

	if (expect_magic(r, MAGIC_COMMON) || expect_magic(r, MAGIC_MOUNTS))
		return -1;
	max = count_mounts(*r);
	if (max > MAX_MOUNTS)
		return err_set(r->err, ERR_INVALID, "%s: %zu mounts, more than a kernel has",
			       r->file, max);
	/* a broken last entry isn't counted, and fails before it is stored */
	out->v = arena_array(&out->arena, max + 1, sizeof(*out->v));
	while (r->at < r->n) {
		if (parse_mount(r, &out->arena, &out->v[out->n]))
			return -1;
		has_root |= str_eq(out->v[out->n++].mountpoint, "/");
	}
	/* CRIU writes it last, so a file that was cut between two entries lacks it */
	return has_root ? 0 : bad_here(r, "the file ends without the root mount");
}

int images_parse_mounts(const char *file, const void *bytes, size_t n_bytes,
			struct image_mounts *out, struct err *err)
{
	struct reader r = { .file = file, .p = bytes, .n = n_bytes, .err = err };
	struct image_mounts mounts = { 0 };

	if (parse_mounts(&r, &mounts)) {
		images_mounts_done(&mounts);
		return -1;
	}
	*out = mounts;
	return 0;
}

int images_read_mounts(int dirfd, struct image_mounts *out, struct err *err)
{
	AUTO(buf_done) struct buf file = { 0 };
	struct image_inventory inventory;
	char name[64];

	if (images_read_inventory(dirfd, &inventory, err))
		return -1;
	if (!inventory.mnt_ns)
		return err_set(err, ERR_INVALID,
			       "ids-%u.img: no mount namespace was dumped, so it isn't a container",
			       inventory.root_pid);
	snprintf(name, sizeof(name), "mountpoints-%u.img", inventory.mnt_ns);
	if (read_file(dirfd, name, &file, err))
		return -1;
	return images_parse_mounts(name, file.p, file.n, out, err);
}

void images_mounts_done(struct image_mounts *mounts)
{
	arena_done(&mounts->arena);
	*mounts = (struct image_mounts){ 0 };
}

/* --- stats-dump ----------------------------------------------------------------------------------- */

int images_read_dump_stats(int dirfd, struct image_dump_stats *out, struct err *err)
{
	static const uint32_t magics[] = { MAGIC_SERVICE, MAGIC_STATS };
	AUTO(buf_done) struct buf file = { 0 };
	struct reader r = { .file = "stats-dump", .err = err };
	Criu__Image__StatsEntry *e;
	const Criu__Image__DumpStats *d;
	const uint8_t *p;
	size_t bytes;

	if (load(dirfd, magics, &file, &r) || next_message(&r, &p, &bytes))
		return -1;
	e = criu__image__stats_entry__unpack(NULL, bytes, p);
	if (!e || !e->dump) {
		criu__image__stats_entry__free_unpacked(e, NULL);
		return bad_here(&r, "not the statistics of a dump");
	}
	d = e->dump;
	*out = (struct image_dump_stats){
		.freezing_us = d->freezing_time,
		.frozen_us = d->frozen_time,
		.memdump_us = d->memdump_time,
		.memwrite_us = d->memwrite_time,
		.pages_scanned = d->pages_scanned,
		.pages_written = d->pages_written,
		.pages_skipped = d->pages_skipped_parent,
	};
	criu__image__stats_entry__free_unpacked(e, NULL);
	return 0;
}
