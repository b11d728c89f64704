/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mount.h>

#include "core/cr/images_left_out.h"
#include "core/plan/external_spec.h"
#include "core/plan/image_check.h"
#include "core/plan/left_out.h"
#include "proto/mnt.pb-c.h"

/* of a device, as CRIU packs them */
#define MAX_MAJOR 0xfffU
#define MAX_MINOR 0xfffffU

static int compare_ids(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

static unsigned int *sort_ids(const struct image_mounts *mounts)
{
	unsigned int *ids = xcalloc(mounts->n, sizeof(*ids));

	for (size_t i = 0; i < mounts->n; i++)
		ids[i] = mounts->v[i].id;
	qsort(ids, mounts->n, sizeof(*ids), compare_ids);
	return ids;
}

/* Take out what the image has. */
static size_t drop_known(const struct image_mounts *mounts, const struct checkpoint_mount **v,
			 size_t n)
{
	auto_free unsigned int *ids = sort_ids(mounts);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!bsearch(&v[i]->id, ids, mounts->n, sizeof(*ids), compare_ids))
			v[kept++] = v[i];
	return kept;
}

/* What only the sidecar knows of: mostly nothing. */
static const struct checkpoint_mount **list(const struct image_mounts *mounts,
					    const struct checkpoint_info *info, size_t *n)
{
	const struct checkpoint_mount **v = xcalloc(info->n, sizeof(*v));

	*n = 0;
	for (size_t i = 0; i < info->n; i++) {
		const struct checkpoint_mount *m = &info->v[i], *below;

		if (!m->key || !left_out_is_lost(m->fstype, NULL))
			continue;
		below = checkpoint_info_find(info, m->parent);
		if (left_out_is_lost(m->fstype, below ? below->fstype : NULL))
			v[(*n)++] = m;
	}
	if (*n)
		*n = drop_known(mounts, v, *n);
	return v;
}

static void to_image(struct arena *arena, const struct checkpoint_mount *m, struct image_mount *to)
{
	*to = (struct image_mount){
		.id = m->id,
		.parent = m->parent,
		.major = m->major & MAX_MAJOR,
		.minor = m->minor & MAX_MINOR,
		.fstype = image_check_number(m->fstype),
		.flags = m->flags | (m->is_unbindable ? MS_UNBINDABLE : 0UL),
		.shared = m->shared,
		.master = m->master,
		.mountpoint = arena_strdup(arena, m->mountpoint),
		.root = arena_strdup(arena, m->root ? m->root : "/"),
		.source = arena_strdup(arena, m->fs_source ? m->fs_source : "none"),
		.options = "",
		.key = arena_strdup(arena, m->key),
	};
}

static Criu__Image__MntEntry *to_entry(const struct image_mount *m)
{
	Criu__Image__MntEntry *e = xmalloc(sizeof(*e));

	criu__image__mnt_entry__init(e);
	e->mnt_id = m->id;
	e->parent_mnt_id = m->parent;
	e->fstype = m->fstype;
	e->root_dev = m->major << 20 | m->minor;
	e->flags = (uint32_t)m->flags;
	e->has_sb_flags = true;
	e->has_shared_id = m->shared;
	e->shared_id = m->shared;
	e->has_master_id = m->master;
	e->master_id = m->master;
	e->mountpoint = xstrdup(m->mountpoint);
	e->root = xstrdup(m->root);
	e->source = xstrdup(m->source);
	e->options = xstrdup(m->options);
	e->ext_key = xstrdup(m->key);
	return e;
}

static int check(const struct checkpoint_mount *m, struct arena *arena, struct err *err)
{
	if (str_eq(m->mountpoint, external_spec_normal_path(arena, m->mountpoint)))
		return 0;
	return err_set(err, ERR_INVALID,
		       "kedge.json: mount %u: mountpoint \"%.256s\" is not an absolute path in "
		       "normal form",
		       m->id, m->mountpoint);
}

/* CRIU's dump ends with a mount on a tracefs: nobody has written that. */
static int check_children(const struct image_mounts *mounts, const struct checkpoint_mount **lost,
			  size_t n_lost, struct err *err)
{
	auto_free unsigned int *ids = xcalloc(n_lost, sizeof(*ids));

	for (size_t i = 0; i < n_lost; i++)
		ids[i] = lost[i]->id;
	qsort(ids, n_lost, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < mounts->n + n_lost; i++) {
		bool is_lost = i >= mounts->n;
		unsigned int id = is_lost ? lost[i - mounts->n]->id : mounts->v[i].id;
		unsigned int parent = is_lost ? lost[i - mounts->n]->parent : mounts->v[i].parent;

		if (bsearch(&parent, ids, n_lost, sizeof(*ids), compare_ids))
			return err_set(
				err, ERR_INVALID,
				"kedge.json: mount %u is one that CRIU leaves out, and mount %u "
				"lies on it",
				parent, id);
	}
	return 0;
}

int images_left_out_list(struct image_mounts *mounts, const struct checkpoint_info *info, size_t *n,
			 struct err *err)
{
	size_t n_lost;
	auto_free const struct checkpoint_mount **lost = list(mounts, info, &n_lost);
	struct image_mount *v;

	for (size_t i = 0; i < n_lost; i++)
		if (check(lost[i], &mounts->arena, err))
			return -1;
	*n = n_lost;
	if (!n_lost)
		return 0;
	if (check_children(mounts, lost, n_lost, err))
		return -1;
	v = arena_array(&mounts->arena, n_lost + mounts->n, sizeof(*v));
	for (size_t i = 0; i < n_lost; i++)
		to_image(&mounts->arena, lost[i], &v[i]);
	memcpy(v + n_lost, mounts->v, mounts->n * sizeof(*v));
	mounts->v = v;
	mounts->n += n_lost;
	return 0;
}

int images_left_out_add(struct images_copy_file *file, const struct checkpoint_info *info,
			struct err *err)
{
	size_t n, n_old = file->mounts.n;

	if (images_left_out_list(&file->mounts, info, &n, err))
		return -1;
	if (!n)
		return 0;
	file->v = xrealloc(file->v, n + n_old, sizeof(*file->v));
	memmove(file->v + n, file->v, n_old * sizeof(*file->v));
	for (size_t i = 0; i < n; i++)
		file->v[i] = to_entry(&file->mounts.v[i]);
	return 0;
}
