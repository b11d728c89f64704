/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/external_key.h"
#include "core/plan/external_restore.h"
#include "core/plan/external_spec.h"
#include "core/plan/findings.h"
#include "core/plan/mountinfo.h"

/* A submount of a submount of … this many is nobody's real mount tree. */
#define MAX_DEPTH 128

struct restore {
	const struct external_restore_input *in;
	struct external_plan plan;
	const struct image_mount **images;    /* the image's row of plan.v[i] */
	const struct external_mount **by_id;  /* plan.v sorted by id */
	const struct external_mount **by_key; /* plan.v sorted by key */
	struct findings findings;
	bool lacks_source;
};

/* Ways to a source: each gives true when the row has one now. */

static bool from_user(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	const struct external_pair *pair = external_args_find(r->in->args, im->key);

	if (!pair)
		return false;
	m->source = pair->to;
	m->origin = EXTERNAL_USER;
	m->is_user_mapped = true;
	return true;
}

/* The spec's mount at `path`: of several the last, which lies on top. SIZE_MAX if there is none. */
static size_t find_bind(struct restore *r, const char *path)
{
	const struct spec *spec = r->in->spec;

	for (size_t i = spec->mounts.n; i-- > 0;) {
		const char *place;

		if (!external_spec_is_bind(&spec->mounts.v[i]))
			continue;
		place = external_spec_destination(&r->plan.arena, spec, i, r->in->destinations);
		if (str_eq(place, path))
			return i;
	}
	return SIZE_MAX;
}

static bool from_config(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	size_t i = find_bind(r, im->mountpoint);
	const char *source;

	if (i == SIZE_MAX)
		return false;
	source = external_spec_source(&r->plan.arena, r->in->spec, i);
	if (!source)
		return false;
	m->source = source;
	m->origin = EXTERNAL_CONFIG;
	m->mount_index = i;
	return true;
}

static bool from_caller(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	for (size_t i = 0; i < r->in->n_extras; i++) {
		const struct external_source *extra = &r->in->extras[i];

		if (!str_eq(extra->mountpoint, im->mountpoint))
			continue;
		m->source = extra->path;
		m->origin = extra->origin;
		return true;
	}
	return false;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* runc and crun key every masked file as "/dev/null". */
static bool from_mask(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	const struct spec_strings *masked = &r->in->spec->masked_paths;
	bool is_mask = str_eq(im->key, "/dev/null");

	for (size_t i = 0; i < masked->n && !is_mask; i++)
		is_mask = str_eq(masked->v[i], im->mountpoint) &&
			  str_eq(last_component(im->root), "null");
	if (is_mask) {
		m->source = "/dev/null";
		m->origin = EXTERNAL_MASK;
	}
	return is_mask;
}

static bool from_device(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	const struct spec *spec = r->in->spec;

	if (!str_eq(last_component(im->root), last_component(im->mountpoint)) ||
	    !external_spec_is_device(spec, im->mountpoint))
		return false;
	m->source = im->mountpoint;
	m->origin = EXTERNAL_DEVICE;
	return true;
}

/* The host path that CRIU's mnt[] or ours wrote into the image. */
static const char *path_of_image(const struct image_mount *im)
{
	if (str_eq(im->key, EXTERNAL_KEY_CRIU_AUTO))
		return im->source;
	return external_key_auto_path(im->key);
}

static bool from_image(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	const char *path = path_of_image(im);

	if (!r->in->args->is_auto || !path || *path != '/')
		return false;
	m->source = path;
	m->origin = EXTERNAL_AUTO;
	r->plan.is_auto |= str_eq(im->key, EXTERNAL_KEY_CRIU_AUTO);
	return true;
}

/* CRIU mounts it itself if the user passes dev[NAME]:/dev/x; the image's source is "dev[NAME]". */
static bool from_device_option(struct restore *r, const struct image_mount *im,
			       struct external_mount *m)
{
	const struct strv *passed_on = &r->in->args->passed_on;

	if (!str_eq(im->key, EXTERNAL_KEY_CRIU_DEVICE))
		return false;
	for (size_t i = 0; i < passed_on->n; i++) {
		const char *word = passed_on->v[i];

		if (!str_starts(word, im->source) || word[strlen(im->source)] != ':')
			continue;
		m->source = word + strlen(im->source) + 1;
		m->origin = EXTERNAL_USER;
		return true;
	}
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	const struct external_mount *x = *(const struct external_mount *const *)a;
	const struct external_mount *y = *(const struct external_mount *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int compare_keys(const void *a, const void *b)
{
	const struct external_mount *x = *(const struct external_mount *const *)a;
	const struct external_mount *y = *(const struct external_mount *const *)b;

	return strcmp(x->key, y->key);
}

static const struct external_mount *find_row(const struct restore *r, unsigned int id)
{
	const struct external_mount wanted = { .id = id }, *key = &wanted;
	const struct external_mount *const *found =
		bsearch(&key, r->by_id, r->plan.n, sizeof(*r->by_id), compare_ids);

	return found ? *found : NULL;
}

static bool from_parent(struct restore *r, const struct image_mount *im, struct external_mount *m)
{
	const struct external_mount *parent = find_row(r, im->parent);
	const char *below;

	if (!parent || parent == m || !parent->source)
		return false;
	below = mount_path_below(im->mountpoint, parent->mountpoint);
	if (!below || !*below)
		return false;
	m->source = arena_printf(&r->plan.arena, "%s/%s",
				 str_eq(parent->source, "/") ? "" : parent->source, below);
	m->origin = EXTERNAL_SUBMOUNT;
	m->mount_index = parent->mount_index;
	m->below = below;
	return true;
}

/* --- the plan ------------------------------------------------------------------------------------- */

static void add_row(struct restore *r, const struct image_mount *im)
{
	r->images[r->plan.n] = im;
	r->plan.v[r->plan.n++] = (struct external_mount){
		.id = im->id,
		.parent = im->parent,
		.mountpoint = im->mountpoint,
		.criu_path = im->mountpoint,
		.key = im->key,
		.mount_index = SIZE_MAX,
		.root = im->root,
		.flags = im->flags,
		.shared = im->shared,
		.master = im->master,
		.is_deleted = im->is_deleted,
	};
}

static void add_rows(struct restore *r)
{
	size_t n = r->in->n_mounts;
	struct arena *arena = &r->plan.arena;

	r->plan.v = arena_array(arena, n, sizeof(*r->plan.v));
	r->images = arena_array(arena, n, sizeof(*r->images));
	r->by_id = arena_array(arena, n, sizeof(*r->by_id));
	r->by_key = arena_array(arena, n, sizeof(*r->by_key));
	for (size_t i = 0; i < n; i++) {
		const struct image_mount *im = &r->in->mounts[i];

		if (im->has_plugin)
			findings_add(&r->findings, ERR_INVALID,
				     "%.512s: the image wants a plugin of CRIU to mount it",
				     im->mountpoint);
		else if (im->key)
			add_row(r, im);
	}
	for (size_t i = 0; i < r->plan.n; i++)
		r->by_id[i] = r->by_key[i] = &r->plan.v[i];
	qsort(r->by_id, r->plan.n, sizeof(*r->by_id), compare_ids);
	qsort(r->by_key, r->plan.n, sizeof(*r->by_key), compare_keys);
}

static void find_source(struct restore *r, size_t index)
{
	static bool (*const ways[])(struct restore * r, const struct image_mount *im,
				    struct external_mount *m) = {
		from_device_option, from_user,	 from_config, from_caller,
		from_mask,	    from_device, from_image,
	};
	const struct image_mount *im = r->images[index];
	struct external_mount *m = &r->plan.v[index];

	/* CRIU takes these from the path in the image, whatever we say */
	if (str_eq(im->key, EXTERNAL_KEY_CRIU_AUTO)) {
		from_image(r, im, m);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (ways[i](r, im, m))
			return;
}

static void find_sources(struct restore *r)
{
	bool again = true;

	for (size_t i = 0; i < r->plan.n; i++)
		find_source(r, i);
	for (int pass = 0; again && pass < MAX_DEPTH; pass++) {
		again = false;
		/* the image has children before parents */
		for (size_t i = r->plan.n; i-- > 0;)
			if (!r->plan.v[i].source && !path_of_image(r->images[i]))
				again |= from_parent(r, r->images[i], &r->plan.v[i]);
	}
}

/* --- findings ------------------------------------------------------------------------------------- */

static void check_source(struct restore *r, size_t index)
{
	const struct external_mount *m = &r->plan.v[index];
	const char *path = path_of_image(r->images[index]);

	if (m->source)
		return;
	r->lacks_source = true;
	if (path)
		findings_add(&r->findings, ERR_INVALID,
			     "%.512s: mnt[] took it from %.256s of the host, and only mnt[] takes "
			     "it from there again",
			     m->mountpoint, path);
	else
		findings_add(&r->findings, ERR_INVALID,
			     "%.512s: key \"%.256s\" has no source: config.json binds nothing "
			     "there",
			     m->mountpoint, m->key);
}

/* CRIU has one source per key; its own keys stand for as many as it likes. */
static void check_same_key(struct restore *r, const struct external_mount *a,
			   const struct external_mount *b)
{
	if (!str_eq(a->key, b->key) || str_starts(a->key, "CRIU:") || !a->source || !b->source ||
	    str_eq(a->source, b->source))
		return;
	findings_add(&r->findings, ERR_INVALID,
		     "key \"%.256s\" would come from %.128s at %.128s and from %.128s at %.128s",
		     a->key, a->source, a->mountpoint, b->source, b->mountpoint);
}

static void check_user_pair(struct restore *r, const struct external_pair *pair)
{
	for (size_t i = 0; i < r->plan.n; i++)
		if (str_eq(r->plan.v[i].key, pair->from) && !str_starts(pair->from, "CRIU:"))
			return;
	r->lacks_source = true;
	findings_add(&r->findings, ERR_INVALID,
		     "--external 'mnt[%s]:%s': the image has no external mount with that key",
		     pair->from, pair->to);
}

static bool has_mountpoint(const struct restore *r, const char *path)
{
	for (size_t i = 0; i < r->in->n_mounts; i++)
		if (str_eq(r->in->mounts[i].mountpoint, path))
			return true;
	return false;
}

static void warn_of_new_binds(struct restore *r)
{
	const struct spec *spec = r->in->spec;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const char *place;

		if (!external_spec_is_bind(&spec->mounts.v[i]))
			continue;
		place = external_spec_destination(&r->plan.arena, spec, i, r->in->destinations);
		if (place && !has_mountpoint(r, place))
			strv_addf(&r->plan.warnings,
				  "mount %zu (%s): the image has no mount there, so the restored "
				  "container has none either",
				  i, place);
	}
}

/* The keys that the image has, for somebody who mistyped one. */
static void hint_keys(struct restore *r)
{
	AUTO(buf_done) struct buf keys = { 0 };

	for (size_t i = 0; i < r->plan.n && keys.n < 600; i++)
		buf_addf(&keys, "%s%.200s", i ? ", " : "", r->plan.v[i].key);
	err_hint(r->findings.err,
		 "say where a mount comes from with --external 'mnt[KEY]:HOSTPATH'; keys in the "
		 "image: %s",
		 keys.n ? keys.p : "none");
}

static int check(struct restore *r)
{
	for (size_t i = 0; i < r->plan.n; i++)
		check_source(r, i);
	for (size_t i = 1; i < r->plan.n; i++)
		check_same_key(r, r->by_key[i - 1], r->by_key[i]);
	for (size_t i = 0; i < r->in->args->n; i++)
		check_user_pair(r, &r->in->args->v[i]);
	if (!findings_end(&r->findings))
		return 0;
	if (r->lacks_source)
		hint_keys(r);
	return -1;
}

int external_restore_plan(const struct external_restore_input *in, struct external_plan *plan,
			  struct err *err)
{
	struct restore r = { .in = in, .findings = { .err = err } };
	int ret;

	r.plan.allows_shared = in->args->allows_shared;
	r.plan.allows_slave = in->args->allows_slave;
	add_rows(&r);
	find_sources(&r);
	ret = check(&r);
	warn_of_new_binds(&r);
	for (size_t i = 0; i < in->args->passed_on.n; i++)
		strv_add(&r.plan.passed_on, in->args->passed_on.v[i]);
	*plan = r.plan;
	return ret;
}
