/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/drift.h"
#include "core/plan/entry_match.h"
#include "core/plan/external_key.h"
#include "core/plan/external_problem.h"
#include "core/plan/external_restore.h"
#include "core/plan/external_restore_entry.h"
#include "core/plan/external_spec.h"
#include "core/plan/mountinfo.h"

/* A submount of a submount of … this many is nobody's real mount tree. */
#define MAX_DEPTH 128

struct restore {
	const struct external_restore_input *in;
	struct external_plan plan;
	struct restore_row *rows;
	const struct external_pair **pairs; /* per row what the user says, or NULL */
	size_t *by_id;			    /* rows of the plan sorted by mount id */
	struct entry_matches matches;
	const struct image_stack *stacks; /* per mount of the image */
	struct findings findings;
	bool lacks_source;
};

/* --- ways to a source: each gives true when the row has one now ----------------------------------- */

static const char *mapped(struct restore *r, size_t i, const char *source)
{
	r->rows[i].unmapped = source;
	return remap_path(r->in->remap, &r->plan.arena, source);
}

static bool from_user(struct restore *r, size_t i)
{
	struct external_mount *m = &r->plan.v[i];
	const struct external_pair *pair = r->pairs[i];

	if (!pair)
		return false;
	m->source = r->rows[i].unmapped = pair->to;
	m->origin = EXTERNAL_USER;
	m->is_user_mapped = true;
	return true;
}

static bool from_config(struct restore *r, size_t i)
{
	struct external_mount *m = &r->plan.v[i];
	const struct live_mount *live = r->rows[i].live;
	const char *source;

	if (!live)
		return false;
	source = external_spec_source(&r->plan.arena, r->in->live->spec, live->index);
	if (!source)
		return false;
	m->source = mapped(r, i, source);
	m->origin = EXTERNAL_CONFIG;
	return true;
}

static bool from_caller(struct restore *r, size_t i)
{
	struct external_mount *m = &r->plan.v[i];

	for (size_t k = 0; k < r->in->n_extras; k++) {
		const struct external_source *extra = &r->in->extras[k];

		if (!str_eq(extra->mountpoint, m->mountpoint))
			continue;
		m->source = r->rows[i].unmapped = extra->path;
		m->origin = extra->origin;
		return true;
	}
	return false;
}

/* runc and crun key every masked file as "/dev/null". */
static bool from_mask(struct restore *r, size_t i)
{
	struct external_mount *m = &r->plan.v[i];
	const struct spec_strings *masked = &r->in->live->spec->masked_paths;
	bool is_mask = str_eq(m->key, "/dev/null");

	for (size_t k = 0; k < masked->n && !is_mask; k++)
		is_mask = str_eq(masked->v[k], m->mountpoint) &&
			  str_eq(str_last_part(m->root), "null");
	if (is_mask) {
		m->source = r->rows[i].unmapped = "/dev/null";
		m->origin = EXTERNAL_MASK;
	}
	return is_mask;
}

static bool from_device(struct restore *r, size_t i)
{
	struct external_mount *m = &r->plan.v[i];

	if (!str_eq(str_last_part(m->root), str_last_part(m->mountpoint)) ||
	    !external_spec_device(r->in->live->spec, m->mountpoint, NULL))
		return false;
	m->source = r->rows[i].unmapped = m->mountpoint;
	m->origin = EXTERNAL_DEVICE;
	return true;
}

/* CRIU mounts it itself if the user passes dev[NAME]:/dev/x; the image's source is "dev[NAME]". */
static bool from_device_option(struct restore *r, size_t i)
{
	const struct strv *passed_on = &r->in->args->passed_on;
	const char *name = r->rows[i].image->source;
	struct external_mount *m = &r->plan.v[i];

	if (!str_eq(m->key, EXTERNAL_KEY_CRIU_DEVICE))
		return false;
	for (size_t k = 0; k < passed_on->n; k++) {
		const char *word = passed_on->v[k];

		if (!str_starts(word, name) || word[strlen(name)] != ':')
			continue;
		m->source = r->rows[i].unmapped = word + strlen(name) + 1;
		m->origin = EXTERNAL_USER;
		return true;
	}
	return false;
}

/* The host path that CRIU's mnt[] or ours wrote into the image. */
static const char *path_of_image(const struct restore *r, size_t i)
{
	if (str_eq(r->plan.v[i].key, EXTERNAL_KEY_CRIU_AUTO))
		return r->rows[i].image->source;
	return external_key_auto_path(r->plan.v[i].key);
}

static bool from_image(struct restore *r, size_t i)
{
	const char *path = path_of_image(r, i);

	if (!r->in->args->is_auto || !path || *path != '/')
		return false;
	r->plan.v[i].source = mapped(r, i, path);
	r->plan.v[i].origin = EXTERNAL_AUTO;
	return true;
}

static int compare_ids(const void *a, const void *b, void *plan)
{
	const struct external_mount *v = plan;
	unsigned int x = v[*(const size_t *)a].id, y = v[*(const size_t *)b].id;

	return x < y ? -1 : x > y;
}

/* The row with that mount id, or SIZE_MAX. */
static size_t find_row(const struct restore *r, unsigned int id)
{
	size_t low = 0, high = r->plan.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->plan.v[r->by_id[middle]].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->plan.n && r->plan.v[r->by_id[low]].id == id ? r->by_id[low] : SIZE_MAX;
}

static const char *join(struct restore *r, const char *base, const char *below)
{
	return arena_printf(&r->plan.arena, "%s/%s", str_eq(base, "/") ? "" : base, below);
}

/*
 * As the parent's, plus the rest. --map may move the submount further than its parent; but where the
 * user's own word overrules --map for the parent, it does for what lies below.
 */
static const char *source_below(struct restore *r, size_t parent, const char *below)
{
	const struct external_mount *m = &r->plan.v[parent];
	const char *unmapped = r->rows[parent].unmapped;

	if (!str_eq(remap_path(r->in->remap, &r->plan.arena, unmapped), m->source))
		return join(r, m->source, below);
	return remap_path(r->in->remap, &r->plan.arena, join(r, unmapped, below));
}

/* What it came along with: what it lies on, unless it was moved out of there. */
static size_t find_base(struct restore *r, size_t i, const char **below)
{
	const struct checkpoint_mount *noted = r->rows[i].noted;
	size_t p = find_row(r, r->plan.v[i].parent);

	if (!checkpoint_mount_was_moved_out(noted)) {
		*below = p == SIZE_MAX ? NULL
				       : mount_path_below(r->plan.v[i].mountpoint,
							  r->plan.v[p].mountpoint);
		return p;
	}
	*below = noted->below;
	for (p = 0; p < r->plan.n; p++)
		if (r->rows[p].noted && r->rows[p].noted->origin != EXTERNAL_SUBMOUNT &&
		    r->rows[p].noted->mount_index == noted->mount_index)
			return p;
	return SIZE_MAX;
}

static bool from_parent(struct restore *r, size_t i)
{
	struct external_mount *m = &r->plan.v[i];
	const char *below;
	size_t p = find_base(r, i, &below);

	if (p == SIZE_MAX || p == i || !r->plan.v[p].source || !below || !*below)
		return false;
	m->source = source_below(r, p, below);
	m->origin = EXTERNAL_SUBMOUNT;
	m->mount_index = r->plan.v[p].mount_index;
	m->below = below;
	r->rows[i].unmapped = join(r, r->rows[p].unmapped, below);
	r->rows[i].live = r->rows[p].live;
	return true;
}

/* --- the rows ------------------------------------------------------------------------------------- */

static void add_row(struct restore *r, const struct image_mount *im)
{
	const struct checkpoint_mount *noted =
		checkpoint_info_find_at(r->in->info, im->id, im->mountpoint);
	const char *key = noted ? noted->key : im->key;
	size_t i = r->plan.n;

	if (!im->key || !key)
		return;
	r->plan.v[i] = (struct external_mount){
		.id = im->id,
		.parent = im->parent,
		.mountpoint = im->mountpoint,
		.criu_path = im->mountpoint,
		.key = key,
		.mount_index = SIZE_MAX,
		.root = im->root,
		.flags = im->flags,
		.shared = im->shared,
		.master = im->master,
		.is_deleted = im->is_deleted,
	};
	r->rows[i].image = im;
	r->rows[i].noted = noted;
	r->rows[i].stack = &r->stacks[im - r->in->mounts];
	if (!checkpoint_mount_was_moved_out(noted))
		r->rows[i].live =
			external_restore_entry(r->in, &r->matches, &r->plan.v[i], &r->rows[i]);
	if (r->rows[i].live)
		r->plan.v[i].mount_index = r->rows[i].live->index;
	r->plan.n++;
}

static void add_rows(struct restore *r)
{
	size_t n = r->in->n_mounts, max = n + r->in->live->n;
	struct arena *arena = &r->plan.arena;

	r->plan.v = arena_array(arena, max, sizeof(*r->plan.v));
	r->rows = arena_array(arena, max, sizeof(*r->rows));
	r->by_id = arena_array(arena, n, sizeof(*r->by_id));
	entry_matches_build(r->in->info, r->in->live, arena, &r->matches);
	r->stacks = image_stacks_build(r->in->mounts, n, arena);
	for (size_t i = 0; i < n; i++) {
		const struct image_mount *im = &r->in->mounts[i];

		if (im->has_plugin)
			findings_add(&r->findings, ERR_INVALID,
				     "%.512s: the image wants a plugin of CRIU to mount it",
				     im->mountpoint);
		else
			add_row(r, im);
	}
	for (size_t i = 0; i < r->plan.n; i++)
		r->by_id[i] = i;
	if (r->plan.n)
		qsort_r(r->by_id, r->plan.n, sizeof(*r->by_id), compare_ids, r->plan.v);
}

/* The key decides; of a mount that CRIU's mnt[] took, only the mountpoint can be named. */
static const char *name_of(const struct external_mount *m)
{
	return str_eq(m->key, EXTERNAL_KEY_CRIU_AUTO) ? m->mountpoint : m->key;
}

static bool has_name(const struct restore *r, const char *name)
{
	for (size_t i = 0; i < r->plan.n; i++)
		if (str_eq(name_of(&r->plan.v[i]), name))
			return true;
	return false;
}

/* The row of the one entry with that destination, as config.json writes it; or SIZE_MAX. */
static size_t find_written(const struct restore *r, const char *destination)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < r->plan.n; i++) {
		const struct live_mount *live = r->rows[i].live;

		if (!live || !str_eq(live->mount->destination, destination))
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = i;
	}
	return found;
}

/* What no mount is called may be a path with links. */
static void find_pairs(struct restore *r)
{
	const struct external_args *args = r->in->args;

	r->pairs = arena_array(&r->plan.arena, r->plan.n, sizeof(struct external_pair *));
	for (size_t i = 0; i < r->plan.n; i++)
		r->pairs[i] = external_args_find(args, name_of(&r->plan.v[i]));
	for (size_t k = 0; k < args->n; k++) {
		size_t i = has_name(r, args->v[k].from) ? SIZE_MAX
							: find_written(r, args->v[k].from);

		if (i != SIZE_MAX && !r->pairs[i])
			r->pairs[i] = &args->v[k];
	}
}

static void find_source(struct restore *r, size_t i)
{
	static bool (*const ways[])(struct restore * r, size_t i) = {
		from_device_option, from_user, from_config, from_caller, from_mask, from_device,
	};

	for (size_t k = 0; k < ARRAY_LEN(ways); k++)
		if (ways[k](r, i))
			return;
	from_image(r, i);
}

/* What our own mnt[] took lay on no mount whose source it could have come with. */
static bool may_be_submount(const struct restore *r, size_t i)
{
	return !r->plan.v[i].source && !external_key_auto_path(r->plan.v[i].key);
}

static void find_sources(struct restore *r)
{
	bool again = true;

	find_pairs(r);
	for (size_t i = 0; i < r->plan.n; i++)
		find_source(r, i);
	for (int pass = 0; again && pass < MAX_DEPTH; pass++) {
		again = false;
		/* the image has children before parents */
		for (size_t i = r->plan.n; i-- > 0;)
			if (may_be_submount(r, i))
				again |= from_parent(r, i);
	}
}

/* --- findings ------------------------------------------------------------------------------------- */

static void check_source(struct restore *r, size_t i)
{
	const struct external_mount *m = &r->plan.v[i];
	const char *path = path_of_image(r, i);

	if (m->source)
		return;
	r->lacks_source = true;
	if (m->problem) /* how config.json has changed says more */
		return;
	if (path)
		external_problem(EXTERNAL_JUDGE(&r->plan, &r->findings), i, ERR_INVALID,
				 "mnt[] took it from %.256s of the host, and only mnt[] takes it "
				 "from there again",
				 path);
	else
		external_problem(EXTERNAL_JUDGE(&r->plan, &r->findings), i, ERR_INVALID,
				 "key \"%.256s\" has no source: config.json binds nothing there",
				 m->key);
}

static void check_user_pair(struct restore *r, const struct external_pair *pair)
{
	for (size_t i = 0; i < r->plan.n; i++)
		if (r->pairs[i] == pair)
			return;
	r->lacks_source = true;
	findings_add(&r->findings, ERR_INVALID,
		     "--external 'mnt[%s]:%s': the image has no external mount with that key",
		     pair->from, pair->to);
}

/* The keys that the image has, for somebody who mistyped one. */
static void hint_keys(struct restore *r)
{
	AUTO(buf_done) struct buf keys = { 0 };

	for (size_t i = 0; i < r->plan.n && keys.n < 600; i++)
		if (r->plan.v[i].key)
			buf_addf(&keys, "%s%.200s", keys.n ? ", " : "", r->plan.v[i].key);
	err_hint(r->findings.err,
		 "say where a mount comes from with --external 'mnt[KEY]:HOSTPATH'; keys in the "
		 "image: %s",
		 keys.n ? keys.p : "none");
}

static void warn_of_unused_maps(struct restore *r)
{
	for (size_t i = 0; i < r->in->remap->n; i++)
		if (!r->in->remap->v[i].is_used)
			strv_addf(&r->plan.warnings, "--map %s=%s: no source lies below %s",
				  r->in->remap->v[i].from, r->in->remap->v[i].to,
				  r->in->remap->v[i].from);
}

static int check(struct restore *r)
{
	size_t n = r->plan.n; /* those that are added have no key */

	for (size_t i = 0; i < r->in->args->n; i++)
		check_user_pair(r, &r->in->args->v[i]);
	drift_find(r->in, &r->matches, &r->plan, r->rows, &r->findings);
	for (size_t i = 0; i < n; i++)
		check_source(r, i);
	warn_of_unused_maps(r);
	if (!findings_end(&r->findings))
		return 0;
	if (r->lacks_source)
		hint_keys(r);
	return -1;
}

int external_restore_plan(const struct external_restore_input *in, struct external_plan *plan,
			  struct restore_row **rows, struct err *err)
{
	struct restore r = { .in = in, .findings = { .err = err } };
	int ret;

	r.plan.allows_shared = in->args->allows_shared;
	r.plan.allows_slave = in->args->allows_slave;
	add_rows(&r);
	find_sources(&r);
	ret = check(&r);
	for (size_t i = 0; i < in->args->passed_on.n; i++)
		strv_add(&r.plan.passed_on, in->args->passed_on.v[i]);
	*plan = r.plan;
	*rows = r.rows;
	return ret;
}
