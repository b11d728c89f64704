/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/plan/external_dump.h"
#include "core/plan/external_key.h"
#include "core/plan/external_reach.h"
#include "core/plan/external_spec.h"
#include "core/plan/findings.h"

/* What has been decided about a row of the container's mountinfo. */
struct choice {
	enum { OPEN, INTERNAL, EXTERNAL } state;
	bool is_made; /* INTERNAL: CRIU mounts it anew, so others can be bound from it */
	struct external_mount as;
};

struct dump {
	const struct external_dump_input *in;
	struct external_plan plan;
	struct findings findings;
	const struct mount_row *root;
	struct choice *choices; /* one per row */
	bool needs_key;		/* a finding goes away when the mount gets a key */
};

static struct choice *choice_of(struct dump *d, const struct mount_row *row)
{
	return &d->choices[row - d->in->container->v];
}

static bool is_on_host(const struct dump *d, const struct mount_row *row)
{
	return external_reach_is_on_host(d->in->host, row);
}

/* Refuse a mount: the reason goes into the message, and into the plan's row. */
static void refuse(struct dump *d, const struct mount_row *row, const char *fmt, ...)
{
	struct external_mount *m = &choice_of(d, row)->as;
	va_list ap;
	char text[700];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	findings_add(&d->findings, ERR_UNSUPPORTED, "%.256s: %s", row->mountpoint, text);
	m->problem = m->problem ? arena_printf(&d->plan.arena, "%s; %s", m->problem, text)
				: arena_strdup(&d->plan.arena, text);
}

static struct external_mount *make_external(struct dump *d, const struct mount_row *row,
					    enum external_origin origin)
{
	struct choice *c = choice_of(d, row);

	c->state = EXTERNAL;
	c->as.origin = origin;
	c->as.mount_index = SIZE_MAX;
	return &c->as;
}

static void make_internal(struct dump *d, const struct mount_row *row, bool is_made)
{
	*choice_of(d, row) = (struct choice){ .state = INTERNAL, .is_made = is_made };
}

/* --- what the user names -------------------------------------------------------------------------- */

/* The user may write a destination as config.json has it; the mount lies where links lead. */
static const char *place_of(struct dump *d, const char *path)
{
	const struct spec *spec = d->in->spec;

	if (mount_table_topmost(d->in->container, path))
		return path;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (str_eq(path, external_spec_destination(&d->plan.arena, spec, i, NULL)))
			return external_spec_destination(&d->plan.arena, spec, i,
							 d->in->destinations);
	return path;
}

static void take_user_key(struct dump *d, const struct external_pair *pair)
{
	const struct mount_table *table = d->in->container;
	const char *place = place_of(d, pair->from);
	bool found = false;

	for (size_t i = 0; i < table->n; i++) {
		struct external_mount *m;

		if (&table->v[i] == d->root || !str_eq(table->v[i].mountpoint, place))
			continue;
		m = make_external(d, &table->v[i], EXTERNAL_USER);
		m->key = pair->to;
		m->is_user_mapped = true;
		found = true;
	}
	if (!found)
		findings_add(&d->findings, ERR_INVALID,
			     "--external 'mnt[%s]:%s': nothing is mounted there", pair->from,
			     pair->to);
}

static void check_user_keys(struct dump *d)
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

/* A tmpfs that only the container still sees is the container's: CRIU takes its content along. */
static bool is_private_and_makeable(const struct dump *d, const struct mount_row *row)
{
	return !is_on_host(d, row) && str_eq(row->root, "/") &&
	       external_reach_is_makeable(row->fstype);
}

static void take_config_bind(struct dump *d, size_t index)
{
	const struct mount_table *table = d->in->container;
	const char *place =
		external_spec_destination(&d->plan.arena, d->in->spec, index, d->in->destinations);

	for (size_t i = 0; place && i < table->n; i++) {
		const struct mount_row *row = &table->v[i];
		struct choice *c = choice_of(d, row);

		if (row == d->root || !str_eq(row->mountpoint, place) ||
		    (c->state == OPEN && is_private_and_makeable(d, row)))
			continue;
		make_external(d, row, EXTERNAL_CONFIG);
		c->as.mount_index = index;
		c->as.source = external_spec_source(&d->plan.arena, d->in->spec, index);
	}
}

/* Below a mount of config.json lies what the host has at the same place of its source. */
static bool take_submount(struct dump *d, const struct mount_row *row)
{
	const struct mount_row *parent = mount_table_find_id(d->in->container, row->parent), *twin;
	const struct external_mount *above = NULL;
	struct external_mount *m;

	if (parent && parent != row && choice_of(d, parent)->state == EXTERNAL)
		above = &choice_of(d, parent)->as;
	if (!above || above->mount_index == SIZE_MAX)
		return false;
	twin = external_reach_twin(d->in->container, d->in->host, row);
	if (!twin)
		return false;
	m = make_external(d, row, EXTERNAL_SUBMOUNT);
	m->mount_index = above->mount_index;
	m->source = twin->mountpoint;
	return true;
}

/* Nobody has said where it comes from; the user may have named it. */
static bool is_unexplained(const struct choice *c)
{
	return c->state == OPEN || (c->state == EXTERNAL && c->as.origin == EXTERNAL_USER);
}

static void take_submounts(struct dump *d)
{
	const struct mount_table *table = d->in->container;
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < table->n; i++)
			if (&table->v[i] != d->root && is_unexplained(&d->choices[i]))
				again |= take_submount(d, &table->v[i]);
	}
}

/* What CRIU mounts anew. */
static bool take_made(struct dump *d, const struct mount_row *row)
{
	bool has_cgroupns = d->in->spec->ns[SPEC_NS_CGROUP].present;

	/* CRIU takes any cgroup mount of a cgroup namespace for a whole one */
	if (!str_eq(row->root, "/") && !(has_cgroupns && external_reach_is_cgroup(row->fstype)))
		return false;
	if (!external_reach_is_makeable(row->fstype))
		return false;
	if (is_on_host(d, row) && !external_reach_is_kernel_fs(row->fstype))
		return false;
	make_internal(d, row, true);
	return true;
}

/* What CRIU binds from another mount of the container. */
static bool take_reachable(struct dump *d, const struct mount_row *row)
{
	const struct mount_table *table = d->in->container;

	for (size_t i = 0; i < table->n; i++) {
		const struct choice *c = &d->choices[i];
		const struct mount_row *base = &table->v[i];

		if ((base == d->root || c->state == EXTERNAL || c->is_made) &&
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
static bool take_extra(struct dump *d, const struct mount_row *row)
{
	const struct spec *spec = d->in->spec;
	struct external_mount *m;
	const char *source;

	if (!is_on_host(d, row))
		return false;
	source = external_reach_host_path(&d->plan.arena, d->in->host, row);
	if (external_reach_is_cgroup(row->fstype))
		m = make_external(d, row, EXTERNAL_CGROUP);
	else if (is_masked(spec, row->mountpoint) && str_eq(source, "/dev/null"))
		m = make_external(d, row, EXTERNAL_MASK);
	else if (external_spec_is_device(spec, row->mountpoint) && source)
		m = make_external(d, row, EXTERNAL_DEVICE);
	else
		return false;
	m->source = source;
	return true;
}

/* What mnt[] finds on the host; the key carries the path, for the restore has nothing else. */
static bool take_auto(struct dump *d, const struct mount_row *row)
{
	const char *source;
	struct external_mount *m;

	if (!d->in->args->is_auto || !is_on_host(d, row))
		return false;
	source = external_reach_host_path(&d->plan.arena, d->in->host, row);
	if (!source || !external_key_can_hold(source))
		return false;
	m = make_external(d, row, EXTERNAL_AUTO);
	m->source = source;
	m->key = external_key_auto(&d->plan.arena, source);
	return true;
}

static void refuse_unexplained(struct dump *d, const struct mount_row *row)
{
	d->needs_key = true;
	if (is_on_host(d, row))
		refuse(d, row, "it shows %s of a %s of the host and isn't in config.json",
		       row->root, row->fstype);
	else if (str_eq(row->root, "/"))
		refuse(d, row, "CRIU can't make a %s", row->fstype);
	else
		refuse(d, row, "it shows %s of a %s that is mounted nowhere else", row->root,
		       row->fstype);
}

static void decide(struct dump *d)
{
	static bool (*const rules[])(struct dump * d,
				     const struct mount_row *row) = { take_made, take_reachable,
								      take_extra, take_auto };
	const struct mount_table *table = d->in->container;

	for (size_t r = 0; r < ARRAY_LEN(rules); r++)
		for (size_t i = 0; i < table->n; i++)
			if (&table->v[i] != d->root && d->choices[i].state == OPEN)
				rules[r](d, &table->v[i]);
	for (size_t i = 0; i < table->n; i++)
		if (&table->v[i] != d->root && d->choices[i].state == OPEN)
			refuse_unexplained(d, &table->v[i]);
}

/* --- what can't be dumped all the same ------------------------------------------------------------ */

/* CRIU gives a shared mount a new peer group at the restore; a slave keeps its master. */
static void check_external_sharing(struct dump *d, const struct mount_row *row)
{
	const struct external_mount *m = &choice_of(d, row)->as;
	const struct external_args *args = d->in->args;
	const struct spec_mount *entry = NULL;
	bool is_shared, is_slave;

	if (m->is_user_mapped)
		return;
	if (m->mount_index != SIZE_MAX)
		entry = &d->in->spec->mounts.v[m->mount_index];
	is_shared = row->shared && (m->origin == EXTERNAL_AUTO ||
				    external_reach_has_peer(d->in->host, row->shared) ||
				    (entry && external_spec_asks_shared(entry)));
	is_slave = row->master &&
		   (m->origin == EXTERNAL_AUTO || (entry && external_spec_asks_slave(entry)));
	if (is_shared && !args->allows_shared)
		refuse(d, row, "it is a shared mount, which --external 'mnt[]:s' allows");
	if (is_slave && !args->allows_slave)
		refuse(d, row, "it is a slave mount, which --external 'mnt[]:m' allows");
}

/* CRIU says "unreachable sharing" to a slave whose master it can't find. */
static void check_internal_sharing(struct dump *d, const struct mount_row *row)
{
	if (!row->master || (d->root && row->master == d->root->master) ||
	    external_reach_has_peer(d->in->container, row->master))
		return;
	for (size_t i = 0; i < d->in->container->n; i++)
		if (d->choices[i].state == EXTERNAL &&
		    external_reach_is_below(row, &d->in->container->v[i]))
			return;
	d->needs_key = true;
	refuse(d, row, "it is a slave of a mount that the container doesn't have");
}

/* A key is a path, so it takes every mount on that path. What is visible has to be the external one. */
static void check_stack(struct dump *d, const struct mount_row *row)
{
	const struct mount_row *top = mount_table_topmost(d->in->container, row->mountpoint);

	if (top && top != row && choice_of(d, top)->state != EXTERNAL)
		refuse(d, row,
		       "a %s lies on top of the external mount there, and CRIU can't tell the two "
		       "apart",
		       top->fstype);
}

static void check_row(struct dump *d, const struct mount_row *row)
{
	const struct choice *c = choice_of(d, row);

	if (row->line_bytes >= MOUNT_TABLE_CRIU_LINE_BYTES)
		refuse(d, row, "its line in mountinfo has %zu bytes, CRIU reads %d",
		       row->line_bytes, MOUNT_TABLE_CRIU_LINE_BYTES - 1);
	if (c->state == EXTERNAL) {
		check_external_sharing(d, row);
		check_stack(d, row);
	} else if (c->state == INTERNAL) {
		check_internal_sharing(d, row);
	}
}

/* --- the plan ------------------------------------------------------------------------------------- */

static const char *below_mount(struct dump *d, const struct external_mount *m, const char *path)
{
	const char *place;

	if (m->origin != EXTERNAL_SUBMOUNT)
		return NULL;
	place = external_spec_destination(&d->plan.arena, d->in->spec, m->mount_index,
					  d->in->destinations);
	return place ? mount_path_below(path, place) : NULL;
}

static void add_to_plan(struct dump *d, const struct mount_row *row)
{
	struct external_mount *m = &d->plan.v[d->plan.n++];
	struct arena *arena = &d->plan.arena;

	*m = choice_of(d, row)->as;
	if (choice_of(d, row)->state != EXTERNAL) {
		m->origin = EXTERNAL_UNKNOWN;
		m->mount_index = SIZE_MAX;
	}
	m->id = row->id;
	m->parent = row->parent;
	m->mountpoint = arena_strdup(arena, row->mountpoint);
	m->criu_path = arena_strdup(arena, row->criu_mountpoint);
	m->below = below_mount(d, m, row->mountpoint);
	m->fstype = arena_strdup(arena, row->fstype);
	m->root = arena_strdup(arena, row->root);
	m->source = arena_strdup(arena, m->source);
	m->key = arena_strdup(arena, m->key);
	m->flags = row->flags;
	m->shared = row->shared;
	m->master = row->master;
	m->is_idmapped = row->is_idmapped;
	m->is_deleted = row->is_deleted;
	if (m->origin == EXTERNAL_USER)
		m->source = external_reach_host_path(&d->plan.arena, d->in->host, row);
	if (m->is_deleted)
		strv_addf(&d->plan.warnings, "%s: its source was deleted on the host",
			  row->mountpoint);
}

static void fill_plan(struct dump *d)
{
	const struct mount_table *table = d->in->container;

	d->plan.v = arena_array(&d->plan.arena, table->n, sizeof(*d->plan.v));
	for (size_t i = 0; i < table->n; i++)
		if (d->choices[i].state == EXTERNAL || d->choices[i].as.problem)
			add_to_plan(d, &table->v[i]);
	external_key_assign(&d->plan);
	for (size_t i = 0; i < d->in->args->passed_on.n; i++)
		strv_add(&d->plan.passed_on, d->in->args->passed_on.v[i]);
}

static int end_findings(struct dump *d)
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

int external_dump_plan(const struct external_dump_input *in, struct external_plan *plan,
		       struct err *err)
{
	struct dump d = { .in = in, .findings = { .err = err } };

	d.root = mount_table_root(in->container);
	if (!d.root)
		return err_set(err, ERR_INVALID, "the container's mountinfo has no root mount");
	d.choices = arena_array(&d.plan.arena, in->container->n, sizeof(*d.choices));
	check_user_keys(&d);
	for (size_t i = 0; i < in->args->n; i++)
		take_user_key(&d, &in->args->v[i]);
	for (size_t i = 0; i < in->spec->mounts.n; i++)
		if (external_spec_is_bind(&in->spec->mounts.v[i]))
			take_config_bind(&d, i);
	take_submounts(&d);
	decide(&d);
	for (size_t i = 0; i < in->container->n; i++)
		check_row(&d, &in->container->v[i]);
	fill_plan(&d);
	*plan = d.plan;
	return end_findings(&d);
}
