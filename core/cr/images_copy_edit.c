/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include "core/cr/image_file.h"
#include "core/cr/images_copy.h"
#include "core/plan/external_key.h"
#include "core/plan/restore_settle.h"
#include "proto/mnt.pb-c.h"

static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };

/* One mount of any namespace. */
struct entry {
	Criu__Image__MntEntry *e;
	const struct images_copy_file *file;
	size_t index;	/* in the file */
	size_t row;	/* of the plan, or SIZE_MAX */
	size_t joins;	/* the row whose source's group it joins from inside, or SIZE_MAX */
	bool can_slave; /* what CRIU takes its master from has one to give */
};

struct editor {
	const struct images_copy *copy;
	const struct images_copy_edit *edit;
	struct arena arena;
	struct entry *v;
	size_t n;
	struct entry **bases; /* external mounts by device and root */
	size_t n_bases;
	struct entry **donors; /* others by device: what they have as source is the kernel's word */
	size_t n_donors;
	uint32_t *groups; /* that have a peer in the container; sorted */
	size_t n_groups;
	uint32_t last_group; /* the highest id in use */
	struct err *err;
};

char *images_copy_key(size_t i)
{
	return xasprintf("k%04zu", i + 1);
}

/* --- the entries -------------------------------------------------------------------------------- */

static const struct external_mount *row_of(const struct editor *ed, const struct entry *entry)
{
	return entry->row == SIZE_MAX ? NULL : &ed->edit->plan->v[entry->row];
}

static int compare_row_ids(const void *a, const void *b, void *plan)
{
	const struct external_mount *v = plan;
	unsigned int x = v[*(const size_t *)a].id, y = v[*(const size_t *)b].id;

	return x < y ? -1 : x > y;
}

static int compare_entry_ids(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return x->e->mnt_id < y->e->mnt_id ? -1 : x->e->mnt_id > y->e->mnt_id;
}

/* Both sorted by mount id, they are gone through side by side. */
static void find_rows(struct editor *ed)
{
	const struct external_plan *plan = ed->edit->plan;
	size_t *rows = arena_array(&ed->arena, plan->n, sizeof(*rows)), n_rows = 0, k = 0;
	struct entry **sorted = arena_array(&ed->arena, ed->n, sizeof(struct entry *));
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].key)
			rows[n_rows++] = i;
	for (size_t i = 0; i < ed->n; i++)
		if (ed->v[i].file == &ed->copy->v[ed->copy->root])
			sorted[n++] = &ed->v[i];
	if (n_rows)
		qsort_r(rows, n_rows, sizeof(*rows), compare_row_ids, plan->v);
	qsort(sorted, n, sizeof(struct entry *), compare_entry_ids);
	for (size_t i = 0; i < n && k < n_rows; i++)
		if (plan->v[rows[k]].id == sorted[i]->e->mnt_id)
			sorted[i]->row = rows[k++];
}

static int compare_places(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	if (x->e->root_dev != y->e->root_dev)
		return x->e->root_dev < y->e->root_dev ? -1 : 1;
	return strcmp(x->e->root, y->e->root);
}

static int compare_devices(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return x->e->root_dev < y->e->root_dev ? -1 : x->e->root_dev > y->e->root_dev;
}

static bool has_key(const Criu__Image__MntEntry *e)
{
	return e->ext_key || e->ext_mount;
}

static void collect(struct editor *ed)
{
	size_t n = 0;

	for (size_t i = 0; i < ed->copy->n; i++)
		n += ed->copy->v[i].mounts.n;
	ed->v = arena_array(&ed->arena, n, sizeof(*ed->v));
	ed->bases = arena_array(&ed->arena, n, sizeof(struct entry *));
	ed->donors = arena_array(&ed->arena, n, sizeof(struct entry *));
	ed->groups = arena_array(&ed->arena, n, sizeof(*ed->groups));
	for (size_t i = 0; i < ed->copy->n; i++)
		for (size_t k = 0; k < ed->copy->v[i].mounts.n; k++)
			ed->v[ed->n++] = (struct entry){ .e = ed->copy->v[i].v[k],
							 .file = &ed->copy->v[i],
							 .index = k,
							 .row = SIZE_MAX,
							 .joins = SIZE_MAX };
	find_rows(ed);
	for (size_t i = 0; i < n; i++) {
		const Criu__Image__MntEntry *e = ed->v[i].e;

		if (ed->v[i].row != SIZE_MAX)
			ed->bases[ed->n_bases++] = &ed->v[i];
		else if (!has_key(e))
			ed->donors[ed->n_donors++] = &ed->v[i];
		if (e->shared_id > ed->last_group)
			ed->last_group = e->shared_id;
		if (e->master_id > ed->last_group)
			ed->last_group = e->master_id;
	}
	qsort(ed->bases, ed->n_bases, sizeof(struct entry *), compare_places);
	qsort(ed->donors, ed->n_donors, sizeof(struct entry *), compare_devices);
}

/* --- what a mount that isn't external is bound from --------------------------------------------- */

static struct entry *base_at(const struct editor *ed, uint32_t device, char *root)
{
	Criu__Image__MntEntry e = { .root_dev = device, .root = root };
	struct entry wanted = { .e = &e }, *key = &wanted;
	struct entry **found =
		bsearch(&key, ed->bases, ed->n_bases, sizeof(struct entry *), compare_places);

	return found ? *found : NULL;
}

/* The external mount of the same file system whose root is the nearest above. */
static struct entry *find_base(const struct editor *ed, const Criu__Image__MntEntry *e)
{
	auto_free char *root = xstrdup(e->root);

	for (;;) {
		struct entry *base = base_at(ed, e->root_dev, *root ? root : (char *)"/");
		char *slash = strrchr(root, '/');

		if (base || !slash)
			return base;
		*slash = '\0';
	}
}

static bool is_on_root_fs(const struct editor *ed, const Criu__Image__MntEntry *e)
{
	const struct images_copy_file *file = &ed->copy->v[ed->copy->root];

	for (size_t i = file->mounts.n; i-- > 0;)
		if (file->v[i]->mnt_id == file->root_id)
			return e->root_dev == file->v[i]->root_dev;
	return false;
}

static bool can_slave(const struct editor *ed, const struct entry *entry)
{
	const struct entry *base = entry->row != SIZE_MAX ? entry : find_base(ed, entry->e);

	if (base)
		return ed->edit->can_slave[base->row];
	return is_on_root_fs(ed, entry->e) && ed->edit->root_can_slave;
}

/* --- one entry ---------------------------------------------------------------------------------- */

/* protobuf-c frees the strings, so they have to be from malloc. */
static void set_text(char **field, const char *text)
{
	free(*field);
	*field = text ? xstrdup(text) : NULL;
}

static void set_groups(Criu__Image__MntEntry *e, uint32_t shared, uint32_t master)
{
	e->has_shared_id = shared != 0;
	e->shared_id = shared;
	e->has_master_id = master != 0;
	e->master_id = master;
}

static uint32_t new_group(struct editor *ed)
{
	return ++ed->last_group;
}

/*
 * Masters outside are given out later; here only that there is one is said. Peers by the host's
 * group are none of each other's if that isn't to be joined again: new mounts would each have a
 * group, and two sources on two file systems can't have one.
 */
static void set_propagation(struct editor *ed, struct entry *entry)
{
	const struct checkpoint_mount *noted =
		checkpoint_info_find(ed->edit->info, entry->e->mnt_id);
	bool was_hosts = noted && noted->propagation == EXTERNAL_SHARED;
	Criu__Image__MntEntry *e = entry->e;
	uint32_t shared = was_hosts ? 0 : e->shared_id, master = was_hosts ? 0 : e->master_id;

	switch (row_of(ed, entry)->propagation) {
	case EXTERNAL_SHARED: entry->joins = entry->row; /* fall through */
	case EXTERNAL_PRIVATE: set_groups(e, 0, 0); break;
	case EXTERNAL_SLAVE: set_groups(e, 0, new_group(ed)); break;
	case EXTERNAL_SLAVE_SHARED:
		set_groups(e, shared ? shared : new_group(ed), new_group(ed));
		break;
	default: set_groups(e, shared || master ? shared : new_group(ed), master);
	}
}

static void set_flags(Criu__Image__MntEntry *e, unsigned long flags)
{
	e->flags = (uint32_t)((e->flags & ~restore_settle_mask(~0UL)) | flags);
}

static void edit_external(struct editor *ed, struct entry *entry)
{
	const struct external_mount *m = row_of(ed, entry);
	auto_free char *key = images_copy_key(entry->row);
	Criu__Image__MntEntry *e = entry->e;

	if (str_eq(m->key, EXTERNAL_KEY_CRIU_DEVICE))
		return;
	set_text(&e->ext_key, key);
	e->has_ext_mount = false;
	e->ext_mount = false;
	e->has_deleted = false;
	e->deleted = false;
	set_flags(e, m->flags);
	set_propagation(ed, entry);
}

/* CRIU pivots into a copy of the root: that can't be unbindable, and is to be written to. */
static void edit_made(const struct editor *ed, const struct entry *entry)
{
	if (entry->e->mnt_id == entry->file->root_id)
		entry->e->flags &= ~(uint32_t)MS_UNBINDABLE;
	else
		set_flags(entry->e, ed->edit->flags[entry->index]);
}

/* What CRIU's mnt[] took although it makes or binds it itself: as if it hadn't. */
static void edit_internal(struct editor *ed, Criu__Image__MntEntry *e)
{
	const struct checkpoint_mount *noted = checkpoint_info_find(ed->edit->info, e->mnt_id);
	struct entry wanted = { .e = e }, *key = &wanted;
	struct entry **donor =
		bsearch(&key, ed->donors, ed->n_donors, sizeof(struct entry *), compare_devices);

	set_text(&e->ext_key, NULL);
	e->has_ext_mount = false;
	e->ext_mount = false;
	if (donor)
		set_text(&e->source, (*donor)->e->source);
	else
		set_text(&e->source, noted && noted->fs_source ? noted->fs_source : "none");
}

static int refuse(const struct editor *ed, const struct entry *entry, const char *why)
{
	return err_set(ed->err, ERR_INVALID, "%s: mount %u (%.256s): %s", entry->file->name,
		       entry->e->mnt_id, entry->e->mountpoint, why);
}

/*
 * CRIU would mount these anew by the image's own options, with the host's paths: no image decides
 * that. Binds from the root file system or from another mount are none of it.
 */
static bool names_host_paths(const struct editor *ed, const Criu__Image__MntEntry *e)
{
	switch (e->fstype) {
	case CRIU__IMAGE__FS_TYPE__FS_OVERLAYFS:
	case CRIU__IMAGE__FS_TYPE__FS_AUFS:
	case CRIU__IMAGE__FS_TYPE__FS_SIMFS:
	case CRIU__IMAGE__FS_TYPE__FS_AUTO: return !is_on_root_fs(ed, e) && !find_base(ed, e);
	default: return false;
	}
}

static int edit_entry(struct editor *ed, struct entry *entry)
{
	Criu__Image__MntEntry *e = entry->e;
	bool is_nested = entry->file != &ed->copy->v[ed->copy->root];

	if (entry->row != SIZE_MAX) {
		edit_external(ed, entry);
		return 0;
	}
	if (names_host_paths(ed, e))
		return refuse(ed, entry,
			      "it would be made of layers or a device of the host that only the "
			      "image names");
	if (has_key(e) && is_nested && !find_base(ed, e))
		return refuse(ed, entry,
			      "an external mount of an inner mount namespace that no other mount "
			      "shows");
	if (has_key(e))
		edit_internal(ed, e);
	if (!is_nested)
		edit_made(ed, entry);
	return 0;
}

/* --- peer groups -------------------------------------------------------------------------------- */

static int compare_groups(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool has_peer(const struct editor *ed, uint32_t group)
{
	return bsearch(&group, ed->groups, ed->n_groups, sizeof(group), compare_groups);
}

static void list_groups(struct editor *ed)
{
	ed->n_groups = 0;
	for (size_t i = 0; i < ed->n; i++)
		if (ed->v[i].e->shared_id)
			ed->groups[ed->n_groups++] = ed->v[i].e->shared_id;
	qsort(ed->groups, ed->n_groups, sizeof(*ed->groups), compare_groups);
}

struct host_group {
	uint32_t group;
	size_t row;
};

/* What shares with a mount that goes back to its group on the host goes there as well. */
static void join_host_groups(struct editor *ed)
{
	const struct external_plan *plan = ed->edit->plan;
	struct host_group *v = arena_array(&ed->arena, plan->n, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].propagation == EXTERNAL_SHARED && plan->v[i].shared)
			v[n++] = (struct host_group){ plan->v[i].shared, i };
	qsort(v, n, sizeof(*v), compare_groups);
	for (size_t i = 0; i < ed->n; i++) {
		struct entry *entry = &ed->v[i];
		const struct host_group *found;

		if (entry->row != SIZE_MAX || !entry->e->shared_id)
			continue;
		found = bsearch(&entry->e->shared_id, v, n, sizeof(*v), compare_groups);
		if (!found)
			continue;
		entry->joins = found->row;
		set_groups(entry->e, 0, 0);
	}
}

static bool has_outer_master(const struct editor *ed, const struct entry *entry)
{
	return entry->e->master_id && !has_peer(ed, entry->e->master_id);
}

static int compare_shared(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return compare_groups(&x->e->shared_id, &y->e->shared_id);
}

/* Peers have one master, or none: that of all of them. */
static void set_masters(struct editor *ed, struct entry **peers, size_t n)
{
	bool is_slave = false, can = true;
	uint32_t master;

	for (size_t i = 0; i < n; i++) {
		is_slave |= has_outer_master(ed, peers[i]);
		can &= peers[i]->can_slave;
	}
	if (!is_slave)
		return;
	master = can ? new_group(ed) : 0;
	for (size_t i = 0; i < n; i++)
		set_groups(peers[i]->e, peers[i]->e->shared_id, master);
}

static void give_masters(struct editor *ed)
{
	struct entry **sorted = arena_array(&ed->arena, ed->n, sizeof(struct entry *));
	size_t i, end;

	for (i = 0; i < ed->n; i++) {
		sorted[i] = &ed->v[i];
		if (has_outer_master(ed, sorted[i]))
			sorted[i]->can_slave = can_slave(ed, sorted[i]);
	}
	qsort(sorted, ed->n, sizeof(struct entry *), compare_shared);
	for (i = 0; i < ed->n; i = end) {
		uint32_t shared = sorted[i]->e->shared_id;

		for (end = i + 1; shared && end < ed->n; end++)
			if (sorted[end]->e->shared_id != shared)
				break;
		set_masters(ed, &sorted[i], end - i);
	}
}

/* --- the result --------------------------------------------------------------------------------- */

static enum external_propagation propagation_of(const struct editor *ed, const struct entry *entry)
{
	const Criu__Image__MntEntry *e = entry->e;

	if (entry->joins != SIZE_MAX)
		return EXTERNAL_SHARED;
	if (has_outer_master(ed, entry))
		return e->shared_id ? EXTERNAL_SLAVE_SHARED : EXTERNAL_SLAVE;
	return e->shared_id || e->master_id ? EXTERNAL_OWN_GROUP : EXTERNAL_PRIVATE;
}

static void tell(struct editor *ed)
{
	size_t n = 0;

	for (size_t i = 0; i < ed->n; i++) {
		if (ed->v[i].file != &ed->copy->v[ed->copy->root])
			continue;
		ed->edit->propagation[n] = propagation_of(ed, &ed->v[i]);
		ed->edit->joins[n] = ed->v[i].joins;
		ed->edit->peers[n] = ed->v[i].e->shared_id;
		ed->edit->masters[n++] = has_outer_master(ed, &ed->v[i]) ? 0
									 : ed->v[i].e->master_id;
	}
}

static void write_file(struct images_copy_file *file)
{
	buf_done(&file->edited);
	image_file_put_magics(&file->edited, magics);
	for (size_t i = 0; i < file->mounts.n; i++) {
		size_t bytes = criu__image__mnt_entry__get_packed_size(file->v[i]);
		auto_free uint8_t *p = xmalloc(bytes);

		criu__image__mnt_entry__pack(file->v[i], p);
		image_file_put_length(&file->edited, bytes);
		buf_add(&file->edited, p, bytes);
	}
}

int images_copy_edit(struct images_copy *copy, const struct images_copy_edit *edit, struct err *err)
{
	struct editor ed = { .copy = copy, .edit = edit, .err = err };
	int ret = 0;

	collect(&ed);
	for (size_t i = 0; i < ed.n && !ret; i++)
		ret = edit_entry(&ed, &ed.v[i]);
	if (!ret) {
		join_host_groups(&ed);
		list_groups(&ed);
		give_masters(&ed);
		tell(&ed);
		for (size_t i = 0; i < copy->n; i++)
			write_file(&copy->v[i]);
	}
	arena_done(&ed.arena);
	return ret;
}
