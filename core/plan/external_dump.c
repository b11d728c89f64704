/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/plan/external_dump.h"
#include "core/plan/external_dump_internal.h"
#include "core/plan/external_key.h"
#include "core/plan/external_reach.h"
#include "core/plan/external_spec.h"

struct external_choice *external_dump_choice(struct external_dump *d, const struct mount_row *row)
{
	return &d->choices[row - d->in->container->v];
}

bool external_dump_is_on_host(const struct external_dump *d, const struct mount_row *row)
{
	return external_reach_is_on_host(d->in->host, row);
}

bool external_dump_is_private(const struct external_dump *d, const struct mount_row *row)
{
	return !external_dump_is_on_host(d, row) && str_eq(row->root, "/") &&
	       external_reach_is_makeable(row->fstype);
}

void external_dump_refuse(struct external_dump *d, const struct mount_row *row, const char *fmt,
			  ...)
{
	struct external_mount *m = &external_dump_choice(d, row)->as;
	va_list ap;
	char text[700];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	findings_add(&d->findings, ERR_UNSUPPORTED, "%.256s: %s", row->mountpoint, text);
	m->problem = m->problem ? arena_printf(&d->plan.arena, "%s; %s", m->problem, text)
				: arena_strdup(&d->plan.arena, text);
}

static struct external_mount *make_external(struct external_dump *d, const struct mount_row *row,
					    enum external_origin origin)
{
	struct external_choice *c = external_dump_choice(d, row);

	c->state = EXTERNAL_TAKEN;
	c->as.origin = origin;
	c->as.mount_index = SIZE_MAX;
	return &c->as;
}

static void make_internal(struct external_dump *d, const struct mount_row *row, bool is_made)
{
	struct external_choice *c = external_dump_choice(d, row);

	c->state = EXTERNAL_INTERNAL;
	c->is_made = is_made;
}

/* --- what the user names -------------------------------------------------------------------------- */

/* The user may write a destination as config.json has it; the mount lies where links lead. */
static const char *place_of(struct external_dump *d, const char *path)
{
	const struct spec *spec = d->in->spec;

	if (mount_index_topmost(&d->index, path))
		return path;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (d->places[i] &&
		    str_eq(path, external_spec_destination(&d->plan.arena, spec, i, NULL)))
			return d->places[i];
	return path;
}

/* Of several mounts on the path the user means the highest that isn't the container's own tmpfs. */
static const struct mount_row *meant_by(struct external_dump *d, const char *place)
{
	const struct mount_row *row = mount_index_topmost(&d->index, place), *below = row;
	size_t steps = 0;

	/* no more steps than mounts, whatever the ids say */
	while (below && below != d->root && external_dump_is_private(d, below) &&
	       steps++ < d->in->container->n) {
		below = mount_index_id(&d->index, below->parent);
		if (below && !str_eq(below->mountpoint, place))
			below = NULL;
	}
	if (below && below != d->root)
		row = below;
	return row == d->root ? NULL : row;
}

static void take_user_key(struct external_dump *d, const struct external_pair *pair)
{
	const struct mount_row *row = meant_by(d, place_of(d, pair->from));
	struct external_mount *m;

	if (!row) {
		findings_add(&d->findings, ERR_INVALID,
			     "--external 'mnt[%s]:%s': nothing is mounted there", pair->from,
			     pair->to);
		return;
	}
	m = make_external(d, row, EXTERNAL_USER);
	m->key = pair->to;
	m->is_user_mapped = true;
}

static void check_user_keys(struct external_dump *d)
{
	const struct external_args *args = d->in->args;

	for (size_t i = 0; i < args->n; i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(args->v[i].to, args->v[k].to))
				findings_add(&d->findings, ERR_INVALID,
					     "--external: key \"%s\" is given to both %s and %s",
					     args->v[i].to, args->v[k].from, args->v[i].from);
}

/* --- what explains itself ------------------------------------------------------------------------- */

static void take_entries(struct external_dump *d)
{
	const struct mount_table *table = d->in->container;

	for (size_t i = 0; i < table->n; i++) {
		struct external_choice *c = &d->choices[i];

		if (c->entry == SIZE_MAX ||
		    !external_spec_is_bind(&d->in->spec->mounts.v[c->entry]) ||
		    (c->state == EXTERNAL_OPEN && external_dump_is_private(d, &table->v[i])))
			continue;
		make_external(d, &table->v[i], EXTERNAL_CONFIG);
		c->as.mount_index = c->entry;
		c->as.source = external_spec_source(&d->plan.arena, d->in->spec, c->entry);
	}
}

static void build_host(struct external_dump *d)
{
	const struct mount_table *host = d->in->host;
	struct arena *arena = &d->plan.arena;
	struct mount_node *v = arena_array(arena, host->n, sizeof(*v));

	for (size_t i = 0; i < host->n; i++)
		v[i] = (struct mount_node){ .id = host->v[i].id,
					    .parent = host->v[i].parent,
					    .mountpoint = host->v[i].mountpoint,
					    .row = i };
	mount_tree_build(&d->host, v, host->n, arena);
	d->host_nodes = arena_array(arena, host->n, sizeof(struct mount_node *));
	for (size_t i = 0; i < host->n; i++)
		d->host_nodes[d->host.v[i].row] = &d->host.v[i];
}

/* What lies right on it and shows the same, or NULL. */
static const struct mount_node *same_above(struct external_dump *d, const struct mount_node *node)
{
	const struct mount_row *host = d->in->host->v, *row = &host[node->row];
	const struct mount_node *child;
	size_t i = mount_tree_children(&d->host, node->id);

	for (; (child = mount_tree_child(&d->host, i, node->id)); i++)
		if (child != node && str_eq(child->mountpoint, node->mountpoint))
			return mount_row_same_fs(&host[child->row], row) &&
					       str_eq(host[child->row].root, row->root)
				       ? child
				       : NULL;
	return NULL;
}

/* A restore takes what its path leads to: something else, if the host has mounted over it since. */
static enum checkpoint_source state_of_twin(struct external_dump *d, const struct mount_row *twin)
{
	const struct mount_node *node;
	size_t steps = 0;

	if (!d->host_nodes)
		build_host(d);
	node = d->host_nodes[twin - d->in->host->v];
	while (node && mount_tree_is_hidden(&d->host, node))
		node = steps++ < d->host.n ? same_above(d, node) : NULL;
	return node ? CHECKPOINT_SOURCE_SAME : CHECKPOINT_SOURCE_REPLACED;
}

/* Below a mount of config.json lies what the host has at the same place of its source. */
static bool take_submount(struct external_dump *d, const struct mount_row *row)
{
	const struct mount_row *parent = mount_index_id(&d->index, row->parent), *twin;
	const struct external_mount *above = NULL;
	struct external_mount *m;

	if (parent && parent != row && external_dump_choice(d, parent)->state == EXTERNAL_TAKEN)
		above = &external_dump_choice(d, parent)->as;
	if (!above || above->mount_index == SIZE_MAX)
		return false;
	twin = external_reach_twin(d->in->container, d->in->host, row);
	if (!twin)
		return false;
	m = make_external(d, row, EXTERNAL_SUBMOUNT);
	m->mount_index = above->mount_index;
	m->source = twin->mountpoint;
	external_dump_choice(d, row)->source_state = state_of_twin(d, twin);
	return true;
}

/* Nobody has said where it comes from; the user may have named it. */
static bool is_unexplained(const struct external_choice *c)
{
	return c->state == EXTERNAL_OPEN ||
	       (c->state == EXTERNAL_TAKEN && c->as.origin == EXTERNAL_USER);
}

/* Where it lay before it was moved. After a restore create's record has it where it is now. */
static enum checkpoint_source state_of_moved(struct external_dump *d, const struct mount_row *row,
					     const char *path)
{
	const struct mount_record *record = d->in->record;
	const struct mount_row *was = mount_table_find_id(&record->table, row->id);
	const struct mount_row *twin = was ? external_reach_twin(&record->table, d->in->host, was)
					   : NULL;

	if (twin)
		return state_of_twin(d, twin);
	return path ? CHECKPOINT_SOURCE_SAME : CHECKPOINT_SOURCE_REPLACED;
}

/* One that the container has moved out of there, which its id tells. */
static bool take_moved_submount(struct external_dump *d, const struct mount_row *row)
{
	struct external_mount *m;
	const char *below;
	size_t entry;

	if (!external_dump_is_on_host(d, row) || !external_dump_find_base(d, row, &entry, &below) ||
	    !external_spec_is_bind(&d->in->spec->mounts.v[entry]))
		return false;
	m = make_external(d, row, EXTERNAL_SUBMOUNT);
	m->mount_index = entry;
	m->below = below;
	m->source = external_reach_host_path(&d->plan.arena, d->in->host, row);
	external_dump_choice(d, row)->source_state = state_of_moved(d, row, m->source);
	external_dump_choice(d, row)->moved_from =
		arena_printf(&d->plan.arena, "%s/%s", d->places[entry], below);
	return true;
}

static bool apply(struct external_dump *d,
		  bool (*rule)(struct external_dump *d, const struct mount_row *row))
{
	const struct mount_table *table = d->in->container;
	bool has_taken = false;

	for (size_t i = 0; i < table->n; i++)
		if (&table->v[i] != d->root && is_unexplained(&d->choices[i]))
			has_taken |= rule(d, &table->v[i]);
	return has_taken;
}

static void take_submounts(struct external_dump *d)
{
	do
		while (apply(d, take_submount))
			;
	while (apply(d, take_moved_submount));
}

/* What CRIU mounts anew. */
static bool take_made(struct external_dump *d, const struct mount_row *row)
{
	bool has_cgroupns = d->in->spec->ns[SPEC_NS_CGROUP].present;

	/* CRIU takes any cgroup mount of a cgroup namespace for a whole one */
	if (!str_eq(row->root, "/") && !(has_cgroupns && external_reach_is_cgroup(row->fstype)))
		return false;
	if (!external_reach_is_makeable(row->fstype))
		return false;
	/* CRIU looks for its directories on the host, where only those of config.json's are */
	if (str_eq(row->fstype, "overlay") && external_dump_choice(d, row)->entry == SIZE_MAX)
		return false;
	if (external_dump_is_on_host(d, row) && !external_reach_is_kernel_fs(row->fstype))
		return false;
	make_internal(d, row, true);
	return true;
}

/* What CRIU binds from another mount of the container. */
static bool take_reachable(struct external_dump *d, const struct mount_row *row)
{
	const struct mount_table *table = d->in->container;

	for (size_t i = 0; i < table->n; i++) {
		const struct external_choice *c = &d->choices[i];
		const struct mount_row *base = &table->v[i];

		if ((base == d->root || c->state == EXTERNAL_TAKEN || c->is_made) &&
		    external_reach_is_below(row, base)) {
			make_internal(d, row, false);
			return true;
		}
	}
	return false;
}

static bool is_masked(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->masked_paths.n; i++)
		if (str_eq(path, spec->masked_paths.v[i]))
			return true;
	return false;
}

/* What the runtime itself took from the host. */
static bool take_extra(struct external_dump *d, const struct mount_row *row)
{
	const struct spec *spec = d->in->spec;
	struct external_mount *m;
	const char *source;

	if (!external_dump_is_on_host(d, row))
		return false;
	source = external_reach_host_path(&d->plan.arena, d->in->host, row);
	if (external_reach_is_cgroup(row->fstype))
		m = make_external(d, row, EXTERNAL_CGROUP);
	else if (is_masked(spec, row->mountpoint) && str_eq(source, "/dev/null"))
		m = make_external(d, row, EXTERNAL_MASK);
	else if (external_spec_device(spec, row->mountpoint, NULL) && source)
		m = make_external(d, row, EXTERNAL_DEVICE);
	else
		return false;
	m->source = source;
	return true;
}

/*
 * A hierarchy below a "cgroup" of config.json. It is the new container's own at a restore, also where
 * CRIU could bind it from another mount: the host's whole tree, that is a volume.
 */
static bool take_view(struct external_dump *d, const struct mount_row *row)
{
	const struct spec *spec = d->in->spec;

	if (!external_reach_is_cgroup(row->fstype) || spec->ns[SPEC_NS_CGROUP].present)
		return false;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (str_eq(spec->mounts.v[i].type, "cgroup") && d->places[i] &&
		    mount_path_below(row->mountpoint, d->places[i]))
			return take_extra(d, row);
	return false;
}

/* What mnt[] finds on the host; the key carries the path, for the restore has nothing else. */
static bool take_auto(struct external_dump *d, const struct mount_row *row)
{
	const char *source;
	struct external_mount *m;

	if (!d->in->args->is_auto || !external_dump_is_on_host(d, row))
		return false;
	source = external_reach_host_path(&d->plan.arena, d->in->host, row);
	if (!source || !external_key_can_hold(source))
		return false;
	m = make_external(d, row, EXTERNAL_AUTO);
	m->source = source;
	m->key = external_key_auto(&d->plan.arena, source);
	return true;
}

/* File systems whose other half lives in a process. */
static const char *why_not_made(const char *fstype)
{
	if (str_eq(fstype, "fuse") || str_starts(fstype, "fuse.") || str_eq(fstype, "fuseblk"))
		return "it is served by a process, whose connection to the kernel CRIU can't save; "
		       "unmount it in the container for the checkpoint";
	if (str_eq(fstype, "autofs"))
		return "it waits for a daemon that mounts on demand, whose pipe CRIU can't save; "
		       "unmount it in the container for the checkpoint";
	if (str_eq(fstype, "overlay"))
		return "its directories are the container's, and CRIU would look for them on the "
		       "host; unmount it in the container for the checkpoint";
	return NULL;
}

static const char *article(const char *word)
{
	return strchr("aeiou", *word) ? "an" : "a";
}

static void refuse_unexplained(struct external_dump *d, const struct mount_row *row)
{
	const char *why = why_not_made(row->fstype);

	d->needs_key = true;
	if (external_dump_is_on_host(d, row))
		external_dump_refuse(d, row,
				     "it shows %s of %s %s of the host and isn't in config.json",
				     row->root, article(row->fstype), row->fstype);
	else if (str_eq(row->root, "/") || why)
		external_dump_refuse(d, row, "CRIU can't make %s %s%s%s", article(row->fstype),
				     row->fstype, why ? ": " : "", why ? why : "");
	else
		external_dump_refuse(d, row, "it shows %s of %s %s that is mounted nowhere else",
				     row->root, article(row->fstype), row->fstype);
}

static void decide(struct external_dump *d)
{
	static bool (*const rules[])(struct external_dump * d, const struct mount_row *row) = {
		take_made, take_view, take_reachable, take_extra, take_auto
	};
	const struct mount_table *table = d->in->container;

	for (size_t r = 0; r < ARRAY_LEN(rules); r++)
		for (size_t i = 0; i < table->n; i++)
			if (&table->v[i] != d->root && d->choices[i].state == EXTERNAL_OPEN)
				rules[r](d, &table->v[i]);
	for (size_t i = 0; i < table->n; i++)
		if (&table->v[i] != d->root && d->choices[i].state == EXTERNAL_OPEN)
			refuse_unexplained(d, &table->v[i]);
}

/* --- the plan ------------------------------------------------------------------------------------- */

static int end_findings(struct external_dump *d)
{
	if (!findings_end(&d->findings))
		return 0;
	if (d->needs_key)
		err_hint(d->findings.err,
			 "give such a mount a key with --external 'mnt[MOUNTPOINT]:KEY' and the "
			 "restore a source with --external 'mnt[KEY]:HOSTPATH', or let "
			 "--external 'mnt[]' take it from the same place of the host again");
	return -1;
}

static void decide_all(struct external_dump *d)
{
	const struct external_dump_input *in = d->in;

	mount_index_build(in->container, &d->index);
	d->choices = arena_array(&d->plan.arena, in->container->n, sizeof(*d->choices));
	for (size_t i = 0; i < in->container->n; i++) {
		d->choices[i].entry = d->choices[i].in_plan = SIZE_MAX;
		d->choices[i].source_state = CHECKPOINT_SOURCE_UNKNOWN;
	}
	external_dump_match_entries(d);
	check_user_keys(d);
	for (size_t i = 0; i < in->args->n; i++)
		take_user_key(d, &in->args->v[i]);
	take_entries(d);
	take_submounts(d);
	decide(d);
	external_dump_settle_stacks(d);
	external_dump_check(d);
}

int external_dump_plan(const struct external_dump_input *in, struct external_plan *plan,
		       struct checkpoint_info *info, struct err *err)
{
	struct external_dump d = { .in = in, .findings = { .err = err } };

	d.root = mount_table_root(in->container);
	if (!d.root)
		return err_set(err, ERR_INVALID, "the container's mountinfo has no root mount");
	decide_all(&d);
	external_dump_fill_plan(&d);
	if (info)
		external_dump_fill_info(&d, info);
	mount_index_done(&d.index);
	*plan = d.plan;
	return end_findings(&d);
}
