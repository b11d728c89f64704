/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/drift.h"
#include "core/plan/external_problem.h"
#include "core/plan/external_restore.h"
#include "core/plan/external_spec.h"
#include "core/plan/mountinfo.h"

struct drift {
	const struct external_restore_input *in;
	struct external_plan *plan;
	struct restore_row *rows;
	struct findings *findings;
	const struct entry_matches *matches;
	bool *is_old;		  /* by index in the live mounts: it is no new one */
	const char **mountpoints; /* of the image, sorted */
};

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_mountpoint(const struct drift *d, const char *path)
{
	return d->in->n_mounts && bsearch(&path, d->mountpoints, d->in->n_mounts,
					  sizeof(*d->mountpoints), compare_strings);
}

static void sort_mountpoints(struct drift *d)
{
	size_t n = d->in->n_mounts;

	d->mountpoints = arena_array(&d->plan->arena, n, sizeof(*d->mountpoints));
	for (size_t i = 0; i < n; i++)
		d->mountpoints[i] = d->in->mounts[i].mountpoint;
	if (n)
		qsort(d->mountpoints, n, sizeof(*d->mountpoints), compare_strings);
}

/* --- the entries of then ------------------------------------------------------------------------ */

static bool has_word(const char *options, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = options; p && *p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, word, n) && (p[n] == ',' || !p[n]))
			return true;
	}
	return false;
}

static bool was_bind(const struct checkpoint_mount *m)
{
	return str_eq(m->type, "bind") || has_word(m->options, "bind") ||
	       has_word(m->options, "rbind");
}

static bool is_mount(const struct live_mount *live)
{
	return !live->opts.is_remount;
}

static void mark_old(struct drift *d)
{
	d->is_old = arena_array(&d->plan->arena, d->in->live->n, sizeof(*d->is_old));
	for (size_t i = 0; i < d->matches->n; i++)
		if (d->matches->v[i].live)
			d->is_old[d->matches->v[i].live->index] = true;
	for (size_t i = 0; i < d->plan->n; i++)
		if (d->rows[i].live)
			d->is_old[d->rows[i].live->index] = true;
}

/* --- what is refused ---------------------------------------------------------------------------- */

/* The plan's row of that mount, or SIZE_MAX: CRIU makes it. */
static size_t find_row(const struct drift *d, const struct checkpoint_mount *m)
{
	for (size_t i = 0; i < d->plan->n; i++)
		if (d->rows[i].noted == m)
			return i;
	return SIZE_MAX;
}

static bool is_in_image(const struct drift *d, const struct checkpoint_mount *m)
{
	for (size_t i = 0; i < d->in->n_mounts; i++)
		if (d->in->mounts[i].id == m->id)
			return true;
	return false;
}

static void refuse(struct drift *d, const struct checkpoint_mount *m, const char *why)
{
	size_t row = find_row(d, m);

	if (row == SIZE_MAX)
		findings_add(d->findings, ERR_INVALID, "%.512s: %s", m->mountpoint, why);
	else if (!d->plan->v[row].is_user_mapped)
		external_problem(EXTERNAL_JUDGE(d->plan, d->findings), row, ERR_INVALID, "%s", why);
}

static const char *live_source(struct drift *d, const struct live_mount *live)
{
	if (live->is_bind)
		return external_spec_source(&d->plan->arena, d->in->live->spec, live->index);
	return live->mount->source;
}

/* A new entry that only differs in its destination, or NULL. */
static const struct live_mount *find_moved(struct drift *d, const struct entry_match *old)
{
	for (size_t i = 0; i < d->in->live->n; i++) {
		const struct live_mount *live = &d->in->live->v[i];

		if (d->is_old[i] || !live->destination || live->is_bind != was_bind(old->mount) ||
		    !str_eq(live->mount->type, old->mount->type) ||
		    !str_eq(live->options, old->mount->options))
			continue;
		if (str_eq(live_source(d, live), old->mount->config_source))
			return live;
	}
	return NULL;
}

static void check_dropped(struct drift *d, const struct entry_match *old)
{
	const struct live_mount *moved;

	if (!is_in_image(d, old->mount))
		return;
	moved = was_bind(old->mount) ? find_moved(d, old) : NULL;
	if (moved) {
		d->is_old[moved->index] = true;
		refuse(d, old->mount,
		       arena_printf(&d->plan->arena,
				    "config.json has it at %.256s now (source %.256s), but CRIU "
				    "restores a mount where it was",
				    moved->destination, old->mount->config_source));
		return;
	}
	refuse(d, old->mount,
	       arena_printf(&d->plan->arena,
			    "config.json no longer has this mount (%s %.256s), but the checkpoint "
			    "does",
			    was_bind(old->mount) ? "a bind of" : "of type",
			    was_bind(old->mount) ? old->mount->config_source : old->mount->type));
}

static const char *describe(struct drift *d, bool is_bind, const char *source, const char *type)
{
	if (is_bind)
		return arena_printf(&d->plan->arena, "a bind of %.256s", source ? source : "?");
	return arena_printf(&d->plan->arena, "a mount of type %.64s", type ? type : "?");
}

/* The container may have turned the link itself; but so may whoever has put another volume there. */
static void check_links(struct drift *d, const struct entry_match *old)
{
	const struct live_mount *live = old->live;
	const char *key = old->mount->key, *source = live_source(d, live);

	if (old->mount->is_moved || str_eq(live->destination, old->destination))
		return;
	refuse(d, old->mount,
	       arena_printf(&d->plan->arena,
			    "config.json's %.256s leads to %.256s by a symlink now, and led to "
			    "%.256s; let it lead there again, or write that in config.json%s",
			    live->written, live->destination, old->destination,
			    key && source ? arena_printf(&d->plan->arena,
							 ", or have it mounted where it was with "
							 "--external 'mnt[%.256s]:%.256s'",
							 key, source)
					  : ""));
}

static void check_kept(struct drift *d, const struct entry_match *old)
{
	const struct live_mount *live = old->live;

	check_links(d, old);
	if (live->is_bind == was_bind(old->mount) &&
	    (live->is_bind || str_eq(live->mount->type, old->mount->type)))
		return;
	refuse(d, old->mount,
	       arena_printf(&d->plan->arena, "it is %s in config.json now, and was %s",
			    describe(d, live->is_bind, live_source(d, live), live->mount->type),
			    describe(d, was_bind(old->mount), old->mount->config_source,
				     old->mount->type)));
}

/* --- what is new -------------------------------------------------------------------------------- */

/* The mount of the image that a new mount at `path` lies on. */
static unsigned int holder_of(const struct drift *d, const char *path)
{
	const struct image_mount *best = NULL;

	for (size_t i = 0; i < d->in->n_mounts; i++) {
		const struct image_mount *im = &d->in->mounts[i];

		if (mount_path_below(path, im->mountpoint) &&
		    (!best || strlen(im->mountpoint) > strlen(best->mountpoint)))
			best = im;
	}
	return best ? best->id : 0;
}

/* A mount of the image that a new mount at `path` would hide, or NULL. */
static const struct image_mount *hidden_by(const struct drift *d, const char *path)
{
	for (size_t i = 0; i < d->in->n_mounts; i++) {
		const char *below = mount_path_below(d->in->mounts[i].mountpoint, path);

		if (below && *below)
			return &d->in->mounts[i];
	}
	return NULL;
}

static void add(struct drift *d, const struct live_mount *live)
{
	struct external_plan *plan = d->plan;
	const char *source = live->is_bind ? live_source(d, live) : NULL;
	size_t i = plan->n++;

	d->rows[i] = (struct restore_row){ .live = live, .unmapped = source };
	plan->v[i] = (struct external_mount){
		.parent = holder_of(d, live->destination),
		.mountpoint = live->destination,
		.criu_path = live->destination,
		.source = source ? remap_path(d->in->remap, &plan->arena, source) : NULL,
		.origin = EXTERNAL_CONFIG,
		.mount_index = live->index,
		.fstype = live->is_bind ? NULL : live->mount->type,
		.kind = live->is_bind ? EXTERNAL_KIND_UNKNOWN : EXTERNAL_KIND_DIRECTORY,
		.is_added = true,
	};
	external_note(plan, i, "the checkpoint doesn't have it: it is added");
}

/* Whether an entry of then had made all the mounts that the image has there. */
static bool has_only_entries(const struct drift *d, const char *path)
{
	for (size_t i = 0; i < d->in->n_mounts; i++) {
		const struct image_mount *im = &d->in->mounts[i];

		if (str_eq(im->mountpoint, path) &&
		    !entry_matches_find(d->matches, checkpoint_info_find(d->in->info, im->id)))
			return false;
	}
	return true;
}

/*
 * Where the checkpoint had something: it would come to lie on top, whatever its place is in
 * config.json. Without a record of create nobody knew the mounts of types that the kernel calls
 * otherwise, such as cgroup.
 */
static void check_occupied(struct drift *d, const struct live_mount *live, bool can_add)
{
	if (can_add || has_only_entries(d, live->destination))
		findings_add(d->findings, ERR_UNSUPPORTED,
			     "%.512s: config.json has %s there and the checkpoint hasn't, but it "
			     "had something else; give it another destination, or leave it out",
			     live->destination,
			     describe(d, live->is_bind, live_source(d, live), live->mount->type));
}

static void check_new(struct drift *d, const struct live_mount *live)
{
	bool can_add = live->is_bind || str_eq(live->mount->type, "tmpfs");
	const struct image_mount *hidden;

	if (d->is_old[live->index] || !is_mount(live) || !live->destination)
		return;
	hidden = hidden_by(d, live->destination);
	if (has_mountpoint(d, live->destination) ||
	    entry_matches_has_place(d->matches, live->destination))
		check_occupied(d, live, can_add);
	else if (hidden)
		findings_add(d->findings, ERR_UNSUPPORTED,
			     "%.512s: config.json has it and the checkpoint hasn't: it would cover "
			     "%.512s; give it another destination, or leave it out",
			     live->destination, hidden->mountpoint);
	else if (can_add)
		add(d, live);
	else
		findings_add(d->findings, ERR_UNSUPPORTED,
			     "%.512s: config.json has it (type %.64s) and the checkpoint hasn't: "
			     "only a bind or a tmpfs can be added",
			     live->destination, live->mount->type ? live->mount->type : "?");
}

static void warn_of_new_binds(struct drift *d)
{
	for (size_t i = 0; i < d->in->live->n; i++) {
		const struct live_mount *live = &d->in->live->v[i];

		if (live->is_bind && live->destination && !has_mountpoint(d, live->destination))
			strv_addf(&d->plan->warnings,
				  "mount %zu (%s): the image has no mount there, so the restored "
				  "container has none either",
				  i, live->destination);
	}
}

static size_t count_binds(const struct live_mounts *live, const char *path)
{
	size_t n, n_binds = 0;
	struct live_mount *const *at = live_mounts_at(live, path, &n);

	for (size_t i = 0; i < n; i++)
		n_binds += at[i]->is_bind && is_mount(at[i]);
	return n_binds;
}

/* Mounts on one path that config.json doesn't account for one by one. */
static void check_stacked(struct drift *d, size_t row)
{
	const struct live_mount *live = d->rows[row].live;
	const struct image_stack *stack = d->rows[row].stack;
	size_t n;

	if (!live || stack->n < 2 || d->plan->v[row].is_user_mapped)
		return;
	n = count_binds(d->in->live, live->destination);
	if (stack->rank == SIZE_MAX || stack->n != n)
		external_problem(EXTERNAL_JUDGE(d->plan, d->findings), row, ERR_INVALID,
				 "%zu mounts of the image have this path, and config.json has %zu "
				 "for it; without kedge.json nobody can tell which is which",
				 stack->n, n);
}

void drift_find(const struct external_restore_input *in, const struct entry_matches *matches,
		struct external_plan *plan, struct restore_row *rows, struct findings *findings)
{
	struct drift d = {
		.in = in, .matches = matches, .plan = plan, .rows = rows, .findings = findings
	};

	sort_mountpoints(&d);
	if (!in->info->version) {
		warn_of_new_binds(&d);
		for (size_t i = 0; i < plan->n; i++)
			check_stacked(&d, i);
		return;
	}
	mark_old(&d);
	for (size_t i = 0; i < matches->n; i++) {
		if (!matches->v[i].mount)
			continue;
		if (matches->v[i].live)
			check_kept(&d, &matches->v[i]);
		else
			check_dropped(&d, &matches->v[i]);
	}
	for (size_t i = 0; i < in->live->n; i++)
		check_new(&d, &in->live->v[i]);
}
