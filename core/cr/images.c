/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "core/cr/image_file.h"
#include "core/cr/images.h"
#include "core/plan/external_spec.h"
#include "proto/inventory.pb-c.h"
#include "proto/mnt.pb-c.h"
#include "proto/stats.pb-c.h"

#define MAX_MOUNTS 100000 /* what the kernel allows in a namespace */

/* --- inventory.img, pstree.img, ids-PID.img ------------------------------------------------------- */

static int read_root_pid(int dirfd, unsigned int *pid, struct err *err)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_PSTREE };
	AUTO(image_file_done) struct image_file f = { .name = "pstree.img", .err = err };
	Criu__Image__PstreeEntry *e;
	const uint8_t *p;
	size_t bytes;

	if (image_file_load(dirfd, magics, &f) || image_file_next(&f, &p, &bytes))
		return -1;
	e = criu__image__pstree_entry__unpack(NULL, bytes, p);
	if (!e)
		return image_file_bad(&f, "not a process entry");
	*pid = e->pid;
	criu__image__pstree_entry__free_unpacked(e, NULL);
	return 0;
}

static int read_ids(int dirfd, unsigned int pid, Criu__Image__TaskIds **out, struct err *err)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_IDS };
	char name[64];
	AUTO(image_file_done) struct image_file f = { .name = name, .err = err };
	const uint8_t *p;
	size_t bytes;

	snprintf(name, sizeof(name), "ids-%u.img", pid);
	if (image_file_load(dirfd, magics, &f) || image_file_next(&f, &p, &bytes))
		return -1;
	*out = criu__image__task_ids__unpack(NULL, bytes, p);
	return *out ? 0 : image_file_bad(&f, "not the ids of a task");
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
	inventory.net_ns = own_ns(task->net_ns_id, criu->net_ns_id);
	inventory.has_net_ns = inventory.net_ns != 0;
	inventory.has_user_ns = own_ns(task->user_ns_id, criu->user_ns_id);
	inventory.has_cgroup_ns = own_ns(task->cgroup_ns_id, criu->cgroup_ns_id);
	inventory.has_ipc_ns = own_ns(task->ipc_ns_id, criu->ipc_ns_id);
	inventory.has_uts_ns = own_ns(task->uts_ns_id, criu->uts_ns_id);
	criu__image__task_ids__free_unpacked(task, NULL);
	*out = inventory;
	return 0;
}

int images_read_inventory(int dirfd, struct image_inventory *out, struct err *err)
{
	static const struct image_magics magics = { 0, IMAGE_MAGIC_INVENTORY };
	AUTO(image_file_done) struct image_file f = { .name = "inventory.img", .err = err };
	Criu__Image__InventoryEntry *e;
	const uint8_t *p;
	size_t bytes;
	int ret;

	if (image_file_load(dirfd, magics, &f) || image_file_next(&f, &p, &bytes))
		return -1;
	e = criu__image__inventory_entry__unpack(NULL, bytes, p);
	if (!e)
		return image_file_bad(&f, "not an inventory entry");
	ret = fill_inventory(dirfd, e, out, err);
	criu__image__inventory_entry__free_unpacked(e, NULL);
	return ret;
}

/* --- mountpoints-N.img ---------------------------------------------------------------------------- */

static const struct image_magics mount_magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };

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

int images_next_mount(struct image_file *f, struct arena *arena, struct image_mount *m)
{
	Criu__Image__MntEntry *e;
	const uint8_t *p;
	size_t bytes;

	if (image_file_next(f, &p, &bytes))
		return -1;
	e = criu__image__mnt_entry__unpack(NULL, bytes, p);
	if (!e) {
		f->at = (size_t)(p - f->p);
		return image_file_bad(f, "not a mount entry");
	}
	convert_mount(arena, e, m);
	criu__image__mnt_entry__free_unpacked(e, NULL);
	if (is_normal(arena, m->mountpoint))
		return 0;
	return err_set(f->err, ERR_INVALID, "%s: offset %zu: mountpoint \"%.256s\" %s", f->name,
		       (size_t)(p - f->p), m->mountpoint, "is not an absolute path in normal form");
}

static size_t count_mounts(struct image_file f)
{
	const uint8_t *p;
	size_t bytes, n = 0;

	f.err = NULL;
	while (f.at < f.n && !image_file_next(&f, &p, &bytes))
		n++;
	return n;
}

static int parse_mounts(struct image_file *f, struct image_mounts *out)
{
	bool has_root = false;
	size_t max;

	if (image_file_check(f, mount_magics))
		return -1;
	max = count_mounts(*f);
	if (max > MAX_MOUNTS)
		return err_set(f->err, ERR_INVALID, "%s: %zu mounts, more than a kernel has",
			       f->name, max);
	/* a broken last entry isn't counted, and fails before it is stored */
	out->v = arena_array(&out->arena, max + 1, sizeof(*out->v));
	while (f->at < f->n) {
		if (images_next_mount(f, &out->arena, &out->v[out->n]))
			return -1;
		has_root |= str_eq(out->v[out->n++].mountpoint, "/");
	}
	/* it is among the last ones, so a file that was cut between two entries lacks it */
	return has_root ? 0 : image_file_bad(f, "the file ends without the root mount");
}

int images_parse_mounts(const char *file, const void *bytes, size_t n_bytes,
			struct image_mounts *out, struct err *err)
{
	struct image_file f = { .name = file, .p = bytes, .n = n_bytes, .err = err };
	struct image_mounts mounts = { 0 };

	if (parse_mounts(&f, &mounts)) {
		images_mounts_done(&mounts);
		return -1;
	}
	*out = mounts;
	return 0;
}

int images_read_mounts(int dirfd, struct image_mounts *out, struct err *err)
{
	struct image_inventory inventory;
	char name[64];
	AUTO(image_file_done) struct image_file f = { .name = name, .err = err };

	if (images_read_inventory(dirfd, &inventory, err))
		return -1;
	if (!inventory.mnt_ns)
		return err_set(err, ERR_INVALID,
			       "ids-%u.img: no mount namespace was dumped, so it isn't a container",
			       inventory.root_pid);
	snprintf(name, sizeof(name), "mountpoints-%u.img", inventory.mnt_ns);
	if (image_file_load(dirfd, mount_magics, &f))
		return -1;
	return images_parse_mounts(name, f.p, f.n, out, err);
}

void images_mounts_done(struct image_mounts *mounts)
{
	arena_done(&mounts->arena);
	*mounts = (struct image_mounts){ 0 };
}

/* --- stats-dump ----------------------------------------------------------------------------------- */

int images_read_dump_stats(int dirfd, struct image_dump_stats *out, struct err *err)
{
	static const struct image_magics magics = { IMAGE_MAGIC_SERVICE, IMAGE_MAGIC_STATS };
	AUTO(image_file_done) struct image_file f = { .name = "stats-dump", .err = err };
	Criu__Image__StatsEntry *e;
	const Criu__Image__DumpStats *d;
	const uint8_t *p;
	size_t bytes;

	if (image_file_load(dirfd, magics, &f) || image_file_next(&f, &p, &bytes))
		return -1;
	e = criu__image__stats_entry__unpack(NULL, bytes, p);
	if (!e || !e->dump) {
		criu__image__stats_entry__free_unpacked(e, NULL);
		return image_file_bad(&f, "not the statistics of a dump");
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
