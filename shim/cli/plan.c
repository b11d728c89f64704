/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/plan/mount_flags.h"
#include "shim/cli/commands.h"
#include "shim/cli/plan.h"
#include "shim/cli/table.h"

static void add_verdict(const struct external_mount *m, struct buf *b)
{
	buf_str(b, m->problem ? "refused: " : "ok");
	if (m->problem)
		buf_str(b, m->problem);
	if (m->note)
		buf_addf(b, "%s%s", m->problem ? "; " : ", but: ", m->note);
}

static void add_row(struct table *t, const struct external_mount *m)
{
	AUTO(buf_done) struct buf flags = { 0 };
	AUTO(buf_done) struct buf verdict = { 0 };
	const char *cells[] = { m->mountpoint,
				external_origin_name(m->origin),
				m->key,
				m->source ? m->source : "?",
				external_kind_name(m->kind),
				NULL,
				external_propagation_name(m->propagation),
				NULL };

	mount_flags_text(m->flags, m->is_idmapped, &flags);
	add_verdict(m, &verdict);
	cells[5] = flags.p;
	cells[7] = verdict.p;
	table_row(t, cells);
}

/* What people look for comes first; what kedge itself brings along, last. */
static const int ranks[EXTERNAL_ORIGINS] = {
	[EXTERNAL_DEVICE] = 1,
	[EXTERNAL_MASK] = 1,
	[EXTERNAL_CGROUP] = 2,
};

static int compare_rows(const void *a, const void *b)
{
	const struct external_mount *x = *(const struct external_mount *const *)a;
	const struct external_mount *y = *(const struct external_mount *const *)b;
	int order;

	if (!x->problem != !y->problem)
		return x->problem ? -1 : 1;
	if (ranks[x->origin] != ranks[y->origin])
		return ranks[x->origin] - ranks[y->origin];
	order = strcmp(x->mountpoint, y->mountpoint);
	return order ? order : (x > y) - (x < y); /* of a stack the lowest first */
}

void plan_table(const struct external_plan *plan, struct buf *out)
{
	static const char *const head[] = { "DESTINATION", "ORIGIN", "KEY",	    "SOURCE",
					    "KIND",	   "FLAGS",  "PROPAGATION", "VERDICT" };
	AUTO(table_done) struct table t = { .columns = ARRAY_LEN(head) };
	auto_free const struct external_mount **rows =
		xcalloc(plan->n, sizeof(struct external_mount *));

	for (size_t i = 0; i < plan->n; i++)
		rows[i] = &plan->v[i];
	if (plan->n)
		qsort(rows, plan->n, sizeof(*rows), compare_rows);
	table_row(&t, head);
	for (size_t i = 0; i < plan->n; i++)
		add_row(&t, rows[i]);
	table_print(&t, 0, out);
}

int plan_print(const struct oci_cr *about, bool as_json, const struct external_plan *plan,
	       struct err *err)
{
	const struct err *refusal = err->kind ? err : NULL;
	AUTO(buf_done) struct buf b = { 0 };
	struct err failure = { 0 };

	if (as_json) {
		auto_free char *text = oci_cr_plan(about, plan, refusal);

		buf_str(&b, text);
	} else if (plan->n || !refusal) {
		plan_table(plan, &b);
	}
	if (!fd_write_all(STDOUT_FILENO, b.p, b.n, &failure))
		return refusal ? -1 : 0;
	if (!refusal)
		*err = failure;
	return -1;
}

static const struct cli_command *const plan_commands[] = {
	&command_plan_checkpoint,
	&command_plan_restore,
	NULL,
};

const struct cli_command command_plan = {
	.name = "plan",
	.group = "Checkpoint and restore",
	.summary = "show what checkpoint or restore would do, and whether it would work",
	.args = "COMMAND",
	.details =
		"One row per external mount: where it is in the container, how it came there, the\n"
		"key that ties both sides together, its source on the host, and a verdict. What\n"
		"the command would refuse is refused in the same words, with exit status 1.\n"
		"Nothing is changed or frozen. It takes every option of the command, so putting\n"
		"`plan` in front of a command line is enough; --dry-run is the same thing.\n\n"
		"Examples:\n"
		"  kedge plan checkpoint web\n"
		"  kedge plan restore -b /srv/web --image-path /var/ck/web\n"
		"  kedge plan restore -b /srv/web --image-path /var/ck/web \\\n"
		"      --map /srv/a=/mnt/b --format json\n",
	.max_args = CLI_ANY_ARGS,
	.commands = plan_commands,
};
