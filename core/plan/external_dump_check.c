/* SPDX-License-Identifier: Apache-2.0 */
/* What can't be dumped although it was decided what it is, and what lies on one path. */
#include "core/plan/external_dump_internal.h"
#include "core/plan/external_reach.h"
#include "core/plan/left_out.h"

/* What mnt[] takes is taken as CRIU takes it: the user has to allow that. */
static void check_external_sharing(struct external_dump *d, const struct mount_row *row)
{
	const struct external_args *args = d->in->args;

	if (external_dump_choice(d, row)->as.origin != EXTERNAL_AUTO)
		return;
	if (row->shared && !args->allows_shared)
		external_dump_refuse(d, row,
				     "it is a shared mount, which --external 'mnt[]:s' allows");
	if (row->master && !args->allows_slave)
		external_dump_refuse(d, row,
				     "it is a slave mount, which --external 'mnt[]:m' allows");
}

/* CRIU says "unreachable sharing" to a slave whose master it can't find. */
static void check_internal_sharing(struct external_dump *d, const struct mount_row *row)
{
	if (!row->master || (d->root && row->master == d->root->master) ||
	    external_reach_has_peer(d->in->container, row->master))
		return;
	for (size_t i = 0; i < d->in->container->n; i++)
		if (d->choices[i].state == EXTERNAL_TAKEN &&
		    external_reach_is_below(row, &d->in->container->v[i]))
			return;
	d->needs_key = true;
	external_dump_refuse(d, row, "it is a slave of a mount that the container doesn't have");
}

/* Old kernels' propagation could put two mounts beside one another on one directory. */
static void check_siblings(struct external_dump *d, const struct mount_row *row)
{
	size_t n;
	const struct mount_row *const *rows = mount_index_at(&d->index, row->mountpoint, &n);

	for (size_t i = 0; i < n && rows[i] < row; i++)
		if (rows[i]->parent == row->parent && rows[i] != d->root && row != d->root) {
			external_dump_refuse(d, row,
					     "it lies beside another mount on the same directory, "
					     "and CRIU can't tell which one is on top");
			return;
		}
}

/* CRIU doesn't decode "\012": a name with a newline and one with those four characters are one to it. */
static void check_names(struct external_dump *d, const struct mount_row *row)
{
	const struct mount_table *table = d->in->container;

	if (str_eq(row->criu_mountpoint, row->mountpoint))
		return;
	for (size_t i = 0; i < table->n; i++)
		if (str_eq(table->v[i].criu_mountpoint, row->criu_mountpoint) &&
		    !str_eq(table->v[i].mountpoint, row->mountpoint)) {
			external_dump_refuse(
				d, row, "CRIU can't tell its name, with a newline, from %.256s",
				table->v[i].mountpoint);
			return;
		}
}

static bool is_lost(const struct external_dump *d, const struct mount_row *row)
{
	const struct mount_row *below = mount_index_id(&d->index, row->parent);

	return left_out_is_lost(row->fstype, below ? below->fstype : NULL);
}

/* The restore brings it back if it is known from where, and CRIU misses what others lie on. */
static void check_lost(struct external_dump *d, const struct mount_row *row)
{
	const struct mount_row *below = mount_index_id(&d->index, row->parent);

	if (below && below != row && is_lost(d, below))
		external_dump_refuse(d, row,
				     "it lies on a %s, which CRIU leaves out: unmount it there",
				     below->fstype);
	if (!is_lost(d, row) || external_dump_choice(d, row)->state == EXTERNAL_TAKEN)
		return;
	d->needs_key = true;
	external_dump_refuse(d, row,
			     "CRIU leaves a %s out, and it is no bind of config.json's: unmount it "
			     "there",
			     row->fstype);
}

static void check_row(struct external_dump *d, const struct mount_row *row)
{
	const struct external_choice *c = external_dump_choice(d, row);

	if (row->line_bytes >= MOUNT_TABLE_CRIU_LINE_BYTES)
		external_dump_refuse(d, row, "its line in mountinfo has %zu bytes, CRIU reads %d",
				     row->line_bytes, MOUNT_TABLE_CRIU_LINE_BYTES - 1);
	check_siblings(d, row);
	check_names(d, row);
	check_lost(d, row);
	if (c->state == EXTERNAL_TAKEN)
		check_external_sharing(d, row);
	else if (c->state == EXTERNAL_INTERNAL)
		check_internal_sharing(d, row);
}

/* --- stacks --------------------------------------------------------------------------------------- */

/* Whether CRIU, without a key for the mount, gets it from one that has a key. */
static bool is_part_of_keyed(struct external_dump *d, const struct mount_row *row)
{
	for (size_t i = 0; i < d->in->container->n; i++) {
		const struct mount_row *base = &d->in->container->v[i];
		const struct external_choice *c = &d->choices[i];

		if (base != row && c->state == EXTERNAL_TAKEN && c->as.criu_path &&
		    external_reach_is_below(row, base) &&
		    (!row->master || row->master == base->master))
			return true;
	}
	return false;
}

/* A key for the path would make all mounts on it external, and CRIU wouldn't save their content. */
static bool is_mixed(struct external_dump *d, const struct mount_row *row)
{
	size_t n;
	const struct mount_row *const *rows = mount_index_at(&d->index, row->mountpoint, &n);

	for (size_t i = 0; i < n; i++)
		if (rows[i] != d->root && external_dump_choice(d, rows[i])->state != EXTERNAL_TAKEN)
			return true;
	return false;
}

/* Of several external mounts on one path only the first can have its key in the images. */
static bool is_first(struct external_dump *d, const struct mount_row *row)
{
	size_t n;
	const struct mount_row *const *rows = mount_index_at(&d->index, row->mountpoint, &n);

	for (size_t i = 0; i < n; i++)
		if (rows[i] != d->root)
			return rows[i] == row;
	return true;
}

void external_dump_settle_stacks(struct external_dump *d)
{
	const struct mount_table *table = d->in->container;
	bool *is_left = arena_array(&d->plan.arena, table->n, sizeof(*is_left));

	for (size_t i = 0; i < table->n; i++) {
		const struct mount_row *row = &table->v[i];
		struct external_choice *c = &d->choices[i];

		if (c->state != EXTERNAL_TAKEN || is_lost(d, row))
			continue;
		is_left[i] = is_mixed(d, row);
		d->plan.is_auto |= is_left[i];
		c->as.criu_path = is_left[i] || !is_first(d, row)
					  ? NULL
					  : arena_strdup(&d->plan.arena, row->criu_mountpoint);
	}
	d->plan.allows_shared = d->plan.allows_slave = d->plan.is_auto;
	for (size_t i = 0; i < table->n; i++)
		if (is_left[i] && !external_reach_auto_finds(d->in->host, &table->v[i]) &&
		    !is_part_of_keyed(d, &table->v[i]))
			external_dump_refuse(
				d, &table->v[i],
				"another kind of mount lies on the same path, and CRIU "
				"finds no mount on the host that shows the same");
}

void external_dump_check(struct external_dump *d)
{
	for (size_t i = 0; i < d->in->container->n; i++)
		check_row(d, &d->in->container->v[i]);
}
