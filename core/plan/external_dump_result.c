/* SPDX-License-Identifier: Apache-2.0 */
/* The dump's decisions as values: the plan for CRIU and the user, the rows of the sidecar. */
#include <stdint.h>

#include "core/plan/external_dump_internal.h"
#include "core/plan/external_key.h"
#include "core/plan/external_reach.h"
#include "core/plan/external_spec.h"
#include "core/plan/mount_tree.h"

/* --- the plan ------------------------------------------------------------------------------------- */

/* Whether it is the entry's own mount, or one of which is known where it lay below that. */
static bool is_base(const struct external_choice *c, size_t entry)
{
	return c->entry == entry || (c->as.below && c->as.mount_index == entry);
}

static const char *below_mount(struct external_dump *d, const struct external_mount *m,
			       const struct mount_row *row)
{
	const struct mount_row *above = mount_index_id(&d->index, row->parent);
	const char *base, *rest;
	size_t steps = 0;

	if (m->origin != EXTERNAL_SUBMOUNT || m->below)
		return m->below;
	/* the entry's mount may have been moved: what counts is where it lies now */
	while (above && !is_base(external_dump_choice(d, above), m->mount_index) &&
	       steps++ < d->in->container->n)
		above = mount_index_id(&d->index, above->parent);
	if (!above)
		return NULL;
	base = external_dump_choice(d, above)->as.below;
	rest = mount_path_below(row->mountpoint, above->mountpoint);
	return base && rest && *rest ? arena_printf(&d->plan.arena, "%s/%s", base, rest) : rest;
}

static enum external_propagation propagation_of(const struct external_dump *d,
						const struct mount_row *row)
{
	bool has_host_master = row->master &&
			       (external_reach_has_peer(d->in->host, row->master) ||
				!external_reach_has_peer(d->in->container, row->master));

	if (!row->shared && !row->master)
		return EXTERNAL_PRIVATE;
	if (row->shared && external_reach_has_peer(d->in->host, row->shared))
		return EXTERNAL_SHARED;
	if (!has_host_master)
		return EXTERNAL_OWN_GROUP;
	return row->shared ? EXTERNAL_SLAVE_SHARED : EXTERNAL_SLAVE;
}

/* What became of the source, in words; NULL when there is nothing to say. */
static const char *describe_source(struct external_dump *d, const struct external_choice *c)
{
	const struct external_seen *source =
		d->in->sources && c->entry != SIZE_MAX ? &d->in->sources[c->entry] : NULL;
	const char *path = c->as.source ? c->as.source : "";

	if (c->source_state == CHECKPOINT_SOURCE_DELETED)
		return arena_printf(&d->plan.arena, "its source %s was deleted on the host", path);
	if (c->source_state == CHECKPOINT_SOURCE_GONE)
		return arena_printf(&d->plan.arena,
				    "the file system of its source %s is not mounted on the host "
				    "any more",
				    path);
	if (c->source_state != CHECKPOINT_SOURCE_REPLACED)
		return NULL;
	if (source && source->state == EXTERNAL_SEEN_MISSING)
		return arena_printf(&d->plan.arena, "its source was moved away from %s on the host",
				    path);
	return arena_printf(&d->plan.arena,
			    "its source %s was replaced on the host, the container has the old one",
			    path);
}

static void note_source(struct external_dump *d, struct external_mount *m,
			const struct external_choice *c)
{
	const char *text = describe_source(d, c);

	if (!text && m->is_deleted)
		text = "its source was deleted on the host";
	if (text)
		strv_addf(&d->plan.warnings,
			  "%s: %s; a restore will need --external 'mnt[%s]:HOSTPATH'",
			  m->mountpoint, text, m->key ? m->key : "KEY");
	else if (c->moved_from)
		text = arena_printf(&d->plan.arena, "the container moved it here from %s",
				    c->moved_from);
	m->note = text;
}

/* What lies under another mount can't be looked at, but a directory is covered by directories only. */
static enum external_kind kind_of(const struct external_dump *d, const struct mount_row *row)
{
	const struct external_seen *seen = d->in->seen;
	const struct mount_row *top;

	if (!seen)
		return EXTERNAL_KIND_UNKNOWN;
	if (seen[row - d->in->container->v].state == EXTERNAL_SEEN_THERE)
		return seen[row - d->in->container->v].kind;
	top = mount_index_topmost(&d->index, row->mountpoint);
	return top && seen[top - d->in->container->v].kind == EXTERNAL_KIND_DIRECTORY
		       ? EXTERNAL_KIND_DIRECTORY
		       : EXTERNAL_KIND_UNKNOWN;
}

static void add_row(struct external_dump *d, const struct mount_row *row)
{
	struct external_choice *c = external_dump_choice(d, row);
	struct external_mount *m = &d->plan.v[d->plan.n];
	struct arena *arena = &d->plan.arena;

	c->in_plan = d->plan.n++;
	*m = c->as;
	if (c->state != EXTERNAL_TAKEN) {
		m->origin = EXTERNAL_UNKNOWN;
		m->mount_index = SIZE_MAX;
	}
	m->id = row->id;
	m->parent = row->parent;
	m->mountpoint = arena_strdup(arena, row->mountpoint);
	m->fstype = arena_strdup(arena, row->fstype);
	m->root = arena_strdup(arena, row->root);
	m->source = arena_strdup(arena, m->source);
	m->key = arena_strdup(arena, m->key);
	m->below = arena_strdup(arena, below_mount(d, m, row));
	m->kind = d->in->seen ? d->in->seen[row - d->in->container->v].kind : EXTERNAL_KIND_UNKNOWN;
	m->flags = row->flags;
	m->propagation = propagation_of(d, row);
	m->shared = row->shared;
	m->master = row->master;
	m->is_idmapped = row->is_idmapped;
	m->is_deleted = row->is_deleted;
	if (m->origin == EXTERNAL_USER)
		m->source = external_reach_host_path(arena, d->in->host, row);
}

static const char *wish_of(struct external_dump *d, const struct mount_row *row)
{
	const struct external_choice *c = external_dump_choice(d, row);

	return c->as.origin == EXTERNAL_CONFIG && c->entry != SIZE_MAX && d->places[c->entry]
		       ? d->places[c->entry]
		       : row->mountpoint;
}

static void warn_unmounted(struct external_dump *d)
{
	for (size_t i = 0; i < d->in->spec->mounts.n; i++)
		if (d->is_unmounted[i])
			strv_addf(&d->plan.warnings,
				  "%s: mount %zu of config.json was unmounted in the container, a "
				  "restore leaves it so",
				  d->places[i] ? d->places[i]
					       : d->in->spec->mounts.v[i].destination,
				  i);
}

/* A restore puts such a mount into the host's group from inside, where no path would lead to it. */
static void warn_covered(struct external_dump *d)
{
	const struct mount_table *table = d->in->container;
	struct arena *arena = &d->plan.arena;
	struct mount_node *v = arena_array(arena, table->n, sizeof(*v));
	struct mount_tree tree;

	for (size_t i = 0; i < table->n; i++)
		v[i] = (struct mount_node){ .id = table->v[i].id,
					    .parent = table->v[i].parent,
					    .mountpoint = table->v[i].mountpoint,
					    .row = i };
	mount_tree_build(&tree, v, table->n, arena);
	for (size_t i = 0; i < tree.n; i++) {
		const struct mount_row *row = &table->v[tree.v[i].row];

		if (mount_tree_is_hidden(&tree, &tree.v[i]) &&
		    propagation_of(d, row) == EXTERNAL_SHARED)
			strv_addf(&d->plan.warnings,
				  "%s: it is shared with the host's mount, and other mounts cover "
				  "it; a restore will need a config.json in which it isn't shared",
				  row->mountpoint);
	}
}

void external_dump_fill_plan(struct external_dump *d)
{
	const struct mount_table *table = d->in->container;
	struct external_plan *plan = &d->plan;
	const char **wishes = arena_array(&plan->arena, table->n, sizeof(*wishes));

	plan->v = arena_array(&plan->arena, table->n, sizeof(*plan->v));
	for (size_t i = 0; i < table->n; i++) {
		if (d->choices[i].state != EXTERNAL_TAKEN && !d->choices[i].as.problem)
			continue;
		wishes[plan->n] = wish_of(d, &table->v[i]);
		add_row(d, &table->v[i]);
	}
	external_key_assign(plan, wishes);
	for (size_t i = 0; i < table->n; i++)
		if (d->choices[i].in_plan != SIZE_MAX)
			note_source(d, &plan->v[d->choices[i].in_plan], &d->choices[i]);
	warn_unmounted(d);
	warn_covered(d);
	for (size_t i = 0; i < d->in->args->passed_on.n; i++)
		strv_add(&plan->passed_on, d->in->args->passed_on.v[i]);
}

/* --- the sidecar ---------------------------------------------------------------------------------- */

/* As config.json has it, if that isn't where it lies. */
static const char *written(struct external_dump *d, size_t entry, struct arena *arena)
{
	const char *text = external_spec_destination(arena, d->in->spec, entry, NULL);

	return str_eq(text, d->places[entry]) ? NULL : text;
}

static void add_entry(struct external_dump *d, size_t entry, struct arena *arena,
		      struct checkpoint_mount *m)
{
	const struct spec *spec = d->in->spec;

	m->mount_index = entry;
	if (entry == SIZE_MAX)
		return;
	m->destination = arena_strdup(arena, d->places[entry]);
	m->written = written(d, entry, arena);
	m->type = arena_strdup(arena, spec->mounts.v[entry].type);
	m->options = d->entries.n ? arena_strdup(arena, d->entries.v[entry].options) : NULL;
	m->config_source = external_spec_source(arena, spec, entry);
	m->config_source = arena_strdup(arena, m->config_source);
}

static bool is_root(const struct mount_row *row)
{
	return str_eq(row->mountpoint, "/");
}

static void add_mount(struct external_dump *d, const struct mount_row *row, struct arena *arena,
		      struct checkpoint_mount *m)
{
	const struct external_choice *c = external_dump_choice(d, row);
	const struct external_mount *in_plan = NULL;

	if (c->state == EXTERNAL_TAKEN && c->in_plan != SIZE_MAX)
		in_plan = &d->plan.v[c->in_plan];
	*m = (struct checkpoint_mount){
		.id = row->id,
		.parent = row->parent,
		.mountpoint = arena_strdup(arena, row->mountpoint),
		.source_state = CHECKPOINT_SOURCE_UNKNOWN,
		.major = row->major,
		.minor = row->minor,
		.fstype = arena_strdup(arena, row->fstype),
		.root = arena_strdup(arena, row->root),
		.fs_source = arena_strdup(arena, row->source),
		.flags = row->flags,
		.propagation = propagation_of(d, row),
		.shared = row->shared,
		.master = row->master,
		.is_idmapped = row->is_idmapped,
		.is_unbindable = row->is_unbindable,
		.is_deleted = row->is_deleted,
		.is_moved = c->moved_from,
	};
	add_entry(d, c->entry, arena, m);
	if (is_root(row))
		m->options = d->in->spec->root.readonly ? "ro" : "rw";
	m->kind = kind_of(d, row);
	if (d->in->seen)
		m->inode = d->in->seen[row - d->in->container->v].inode;
	if (!in_plan)
		return;
	m->key = arena_strdup(arena, in_plan->key);
	m->origin = in_plan->origin;
	m->below = arena_strdup(arena, in_plan->below);
	m->source = arena_strdup(arena, in_plan->source);
	m->source_state = c->source_state;
	if (in_plan->origin == EXTERNAL_SUBMOUNT)
		m->mount_index = in_plan->mount_index;
}

void external_dump_fill_info(struct external_dump *d, struct checkpoint_info *info)
{
	const struct mount_table *table = d->in->container;
	const struct spec *spec = d->in->spec;

	/* create has read them, so it doesn't fail */
	live_mounts_build(spec, d->places, &d->plan.arena, &d->entries, NULL);
	info->version = CHECKPOINT_INFO_VERSION;
	info->v = arena_array(&info->arena, table->n, sizeof(*info->v));
	for (size_t i = 0; i < table->n; i++)
		add_mount(d, &table->v[i], &info->arena, &info->v[info->n++]);
	checkpoint_info_index(info);
	info->unmounted = arena_array(&info->arena, spec->mounts.n, sizeof(*info->unmounted));
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (d->is_unmounted[i])
			info->unmounted[info->n_unmounted++] = (struct checkpoint_unmounted){
				i, arena_strdup(&info->arena, d->places[i]),
				written(d, i, &info->arena)
			};
}
