/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "core/plan/mount_flags.h"
#include "shim/cli/inspect_text.h"
#include "shim/cli/table.h"
#include "shim/cli/tree.h"

void inspect_text_bytes(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	size_t unit = 0;

	while (v >= 1023.95 && unit + 1 < ARRAY_LEN(units)) {
		v /= 1024;
		unit++;
	}
	if (unit)
		buf_addf(out, "%.1f %s", v, units[unit]);
	else
		buf_addf(out, "%llu B", (unsigned long long)bytes);
}

/* --- what it is ----------------------------------------------------------------------------------- */

static void fact(struct table *t, const char *name, struct buf *value)
{
	const char *cells[] = { name, value->p };

	if (!value->n)
		return;
	if (value->p[value->n - 1] == ' ')
		value->p[--value->n] = '\0';
	table_row(t, cells);
}

static void add_engine(struct table *t, const struct inspection *in,
		       const struct oci_archive *archive)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_str(&b, archive->runtime ? archive->runtime : in->engine);
	if (archive->manager)
		buf_addf(&b, ", by %s", archive->manager);
	if (in->criu)
		buf_addf(&b, ", with CRIU %s", in->criu);
	if (in->info.host)
		buf_addf(&b, ", on %s", in->info.host);
	if (in->info.kernel)
		buf_addf(&b, " (Linux %s)", in->info.kernel);
	fact(t, "made by", &b);
}

static void add_container(struct table *t, const struct inspection *in,
			  const struct oci_archive *archive)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (in->info.id)
		buf_addf(&b, "%s ", in->info.id);
	if (in->info.created)
		buf_addf(&b, "at %s ", in->info.created);
	if (archive->name)
		buf_addf(&b, "%s ", archive->name);
	if (archive->id)
		buf_addf(&b, "%s ", archive->id);
	if (archive->image)
		buf_addf(&b, "of %s ", archive->image);
	if (archive->checkpointed)
		buf_addf(&b, "at %s ", archive->checkpointed);
	fact(t, "container", &b);
}

static void add_processes(struct table *t, const struct image_tasks *tasks)
{
	AUTO(buf_done) struct buf b = { 0 };
	size_t threads = 0;

	for (size_t i = 0; i < tasks->n; i++)
		threads += tasks->v[i].n_threads;
	if (tasks->n)
		buf_addf(&b, "%zu, with %zu threads", tasks->n, threads);
	fact(t, "processes", &b);
}

static void add_mounts(struct table *t, const struct inspection *in)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (in->n_ns)
		buf_addf(&b, "%zu, %zu of them external", in->ns[0].mounts.n,
			 inspect_externals(&in->ns[0].mounts));
	if (in->n_ns > 1)
		buf_addf(&b, ", and %zu more mount namespaces", in->n_ns - 1);
	fact(t, "mounts", &b);
}

static void add_sizes(struct table *t, const struct inspection *in)
{
	AUTO(buf_done) struct buf b = { 0 };

	inspect_text_bytes(in->sizes.total, &b);
	buf_addf(&b, " in %zu files: memory ", in->sizes.n_files);
	inspect_text_bytes(in->sizes.memory, &b);
	buf_str(&b, ", tmpfs ");
	inspect_text_bytes(in->sizes.tmpfs, &b);
	fact(t, "size", &b);
}

static void add_times(struct table *t, const struct inspection *in)
{
	const struct image_dump_stats *s = &in->stats;
	AUTO(buf_done) struct buf b = { 0 };

	if (in->has_stats)
		buf_addf(&b, "frozen %.1f ms, of it memory %.1f ms; %llu pages written",
			 s->frozen_us / 1000.0, s->memdump_us / 1000.0,
			 (unsigned long long)s->pages_written);
	fact(t, "times", &b);
}

static void add_namespaces(struct table *t, const struct inspection *in)
{
	const struct image_inventory *i = &in->inventory;
	AUTO(buf_done) struct buf b = { 0 };

	if (!in->has_inventory)
		return;
	buf_addf(&b, "%s%s%s%s%s", i->mnt_ns ? "mount " : "", i->has_pid_ns ? "pid " : "",
		 i->has_net_ns ? "network " : "", i->has_user_ns ? "user " : "",
		 i->has_cgroup_ns ? "cgroup " : "");
	fact(t, "namespaces", &b);
}

static void add_parent(struct table *t, const struct inspection *in)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (in->is_pre_dump)
		buf_str(&b, "memory alone: a pre-dump, for a later checkpoint ");
	if (in->parent)
		buf_addf(&b, "on top of %s", in->parent);
	fact(t, "kind", &b);
}

static void add_facts(const struct inspection *in, const struct oci_archive *archive,
		      struct buf *out)
{
	AUTO(table_done) struct table t = { .columns = 2 };

	buf_visible(out, in->dir);
	buf_str(out, "\n");
	add_engine(&t, in, archive);
	add_container(&t, in, archive);
	add_parent(&t, in);
	add_processes(&t, &in->tasks);
	add_mounts(&t, in);
	add_namespaces(&t, in);
	add_sizes(&t, in);
	add_times(&t, in);
	table_print(&t, 2, out);
}

/* --- tables --------------------------------------------------------------------------------------- */

/* "shared:5 master:3", and what else is out of the ordinary. `known` is of kedge.json, or NULL. */
static void add_remarks(const struct image_mount *m, const struct checkpoint_mount *known,
			struct buf *b)
{
	if (known && known->key)
		buf_addf(b, "%s ", external_origin_name(known->origin));
	if (known && known->is_moved && known->destination)
		buf_addf(b, "moved from %s ", known->destination);
	if (known && known->source_state != CHECKPOINT_SOURCE_SAME &&
	    known->source_state != CHECKPOINT_SOURCE_UNKNOWN)
		buf_addf(b, "source %s ", checkpoint_source_name(known->source_state));
	if (m->shared)
		buf_addf(b, "shared:%u ", m->shared);
	if (m->master)
		buf_addf(b, "master:%u ", m->master);
	if (m->is_deleted)
		buf_str(b, "deleted ");
	if (m->has_plugin)
		buf_str(b, "plugin ");
	if (b->n)
		b->p[--b->n] = '\0';
}

static void mount_row(struct table *t, const struct image_mount *m,
		      const struct checkpoint_mount *known)
{
	AUTO(buf_done) struct buf flags = { 0 };
	AUTO(buf_done) struct buf remarks = { 0 };
	const char *cells[] = { m->mountpoint, inspect_fstype(m->fstype), m->key, NULL, NULL, NULL };

	mount_flags_text(m->flags, false, &flags);
	add_remarks(m, known, &remarks);
	/* without kedge.json: the part of its file system that is mounted, which resembles the source */
	cells[3] = known && known->source ? known->source : m->key ? m->root : NULL;
	cells[4] = flags.p;
	cells[5] = remarks.p;
	table_row(t, cells);
}

static void mount_table(const struct inspection *in, const struct inspection_ns *ns,
			struct buf *out)
{
	const char *const head[] = { "MOUNTPOINT", "TYPE",
				     "KEY",	   in->info.version ? "SOURCE" : "ROOT",
				     "FLAGS",	   "REMARKS" };
	AUTO(table_done) struct table t = { .columns = ARRAY_LEN(head) };

	table_row(&t, head);
	/* the images have children before parents */
	for (size_t i = ns->mounts.n; i-- > 0;)
		mount_row(&t, &ns->mounts.v[i],
			  ns->is_root ? checkpoint_info_find(&in->info, ns->mounts.v[i].id) : NULL);
	table_print(&t, 2, out);
}

static void task_table(const struct image_tasks *tasks, struct buf *out)
{
	static const char *const head[] = { "PID", "PARENT", "THREADS", "STATE", "NAME" };
	AUTO(table_done) struct table t = { .columns = ARRAY_LEN(head) };

	table_row(&t, head);
	for (size_t i = 0; i < tasks->n; i++) {
		const struct image_task *task = &tasks->v[i];
		char pid[16], parent[16], threads[24];
		const char *cells[] = { pid, parent, threads, task->state, task->name };

		snprintf(pid, sizeof(pid), "%u", task->pid);
		snprintf(parent, sizeof(parent), "%u", task->parent);
		snprintf(threads, sizeof(threads), "%zu", task->n_threads);
		table_row(&t, cells);
	}
	table_print(&t, 2, out);
}

/* --- trees ---------------------------------------------------------------------------------------- */

static void mount_tree(const struct inspection_ns *ns, struct buf *out)
{
	const struct image_mounts *mounts = &ns->mounts;
	struct tree_row *rows = xcalloc(mounts->n + 1, sizeof(*rows));
	AUTO(strv_done) struct strv texts = { 0 };

	for (size_t i = 0; i < mounts->n; i++) {
		const struct image_mount *m = &mounts->v[mounts->n - 1 - i];
		AUTO(buf_done) struct buf b = { 0 };

		buf_visible(&b, m->mountpoint);
		buf_addf(&b, "  %s", inspect_fstype(m->fstype));
		if (m->key) {
			buf_str(&b, "  key ");
			buf_visible(&b, m->key);
		}
		strv_add(&texts, b.p);
		rows[i] = (struct tree_row){ m->id, m->parent, texts.v[i] };
	}
	tree_print(rows, mounts->n, 2, out);
	free(rows);
}

static void task_tree(const struct image_tasks *tasks, struct buf *out)
{
	struct tree_row *rows = xcalloc(tasks->n + 1, sizeof(*rows));
	AUTO(strv_done) struct strv texts = { 0 };

	for (size_t i = 0; i < tasks->n; i++) {
		const struct image_task *task = &tasks->v[i];
		AUTO(buf_done) struct buf b = { 0 };

		buf_addf(&b, "%u ", task->pid);
		buf_visible(&b, task->name ? task->name : "?");
		if (task->n_threads > 1)
			buf_addf(&b, " (%zu threads)", task->n_threads);
		strv_add(&texts, b.p);
		rows[i] = (struct tree_row){ task->pid, task->parent, texts.v[i] };
	}
	tree_print(rows, tasks->n, 2, out);
	free(rows);
}

/* --- both ----------------------------------------------------------------------------------------- */

static void heading(const struct inspection_ns *ns, struct buf *out)
{
	if (ns->is_root)
		buf_str(out, "\nMounts\n");
	else
		buf_addf(out, "\nMounts of mount namespace %u\n", ns->id);
}

static void print(const struct inspection *in, const struct oci_archive *archive, bool as_tree,
		  struct buf *out)
{
	add_facts(in, archive, out);
	for (size_t i = 0; i < in->n_ns; i++) {
		heading(&in->ns[i], out);
		if (as_tree)
			mount_tree(&in->ns[i], out);
		else
			mount_table(in, &in->ns[i], out);
	}
	if (!in->tasks.n)
		return;
	buf_str(out, "\nProcesses\n");
	if (as_tree)
		task_tree(&in->tasks, out);
	else
		task_table(&in->tasks, out);
}

void inspect_text_table(const struct inspection *in, const struct oci_archive *archive,
			struct buf *out)
{
	print(in, archive, false, out);
}

void inspect_text_tree(const struct inspection *in, const struct oci_archive *archive,
		       struct buf *out)
{
	print(in, archive, true, out);
}

/* --- a graph -------------------------------------------------------------------------------------- */

/* The inside of a quoted string of dot(1): "\n" would be a new line of the label. */
static void add_label(struct buf *out, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_visible(&b, text);
	for (const char *p = b.p; p && *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_str(out, "\\");
		buf_add(out, p, 1);
	}
}

static void add_node(const struct inspection_ns *ns, const struct image_mount *m, struct buf *out)
{
	buf_addf(out, "\tn%u_%u [%slabel=\"", ns->id, m->id,
		 m->key ? "shape=box, style=bold, " : "");
	add_label(out, m->mountpoint);
	buf_addf(out, "\\n%s", inspect_fstype(m->fstype));
	if (m->key) {
		buf_str(out, "\\nkey ");
		add_label(out, m->key);
	}
	buf_str(out, "\"];\n");
	if (strcmp(m->mountpoint, "/") != 0)
		buf_addf(out, "\tn%u_%u -> n%u_%u;\n", ns->id, m->parent, ns->id, m->id);
}

void inspect_text_dot(const struct inspection *in, struct buf *out)
{
	buf_str(out, "digraph mounts {\n\trankdir=LR;\n");
	for (size_t i = 0; i < in->n_ns; i++)
		for (size_t k = in->ns[i].mounts.n; k-- > 0;)
			add_node(&in->ns[i], &in->ns[i].mounts.v[k], out);
	buf_str(out, "}\n");
}
