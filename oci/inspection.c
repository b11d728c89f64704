/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/mount_flags.h"
#include "oci/inspection.h"
#include "oci/json_out.h"

static void write_text(struct json_out *out, const char *key, const char *text)
{
	if (text)
		json_out_string(out, key, text);
}

static void write_engine(struct json_out *out, const struct inspection *in,
			 const struct oci_archive *archive)
{
	json_out_string(out, "directory", in->dir);
	json_out_string(out, "engine", in->engine);
	write_text(out, "criu", in->criu);
	if (in->is_archive) {
		json_out_open(out, "archive", '{');
		write_text(out, "manager", archive->manager);
		write_text(out, "id", archive->id);
		write_text(out, "name", archive->name);
		write_text(out, "image", archive->image);
		write_text(out, "runtime", archive->runtime);
		write_text(out, "created", archive->created);
		write_text(out, "checkpointed", archive->checkpointed);
		json_out_close(out, '}');
	}
	if (in->info.version) {
		json_out_open(out, "checkpoint", '{');
		write_text(out, "id", in->info.id);
		write_text(out, "created", in->info.created);
		write_text(out, "host", in->info.host);
		write_text(out, "kernel", in->info.kernel);
		json_out_close(out, '}');
	}
	json_out_bool(out, "preDump", in->is_pre_dump);
	write_text(out, "parent", in->parent);
}

static void write_inventory(struct json_out *out, const struct inspection *in)
{
	const struct image_inventory *inventory = &in->inventory;

	if (!in->has_inventory)
		return;
	json_out_open(out, "inventory", '{');
	json_out_number(out, "version", inventory->version);
	json_out_number(out, "rootPid", inventory->root_pid);
	json_out_bool(out, "mountNamespace", inventory->mnt_ns != 0);
	json_out_bool(out, "pidNamespace", inventory->has_pid_ns);
	json_out_bool(out, "networkNamespace", inventory->has_net_ns);
	json_out_bool(out, "userNamespace", inventory->has_user_ns);
	json_out_bool(out, "cgroupNamespace", inventory->has_cgroup_ns);
	json_out_bool(out, "tcpClosed", inventory->is_tcp_closed);
	json_out_close(out, '}');
}

static void write_sizes(struct json_out *out, const struct inspection *in)
{
	json_out_open(out, "sizes", '{');
	json_out_number(out, "files", in->sizes.n_files);
	json_out_number(out, "totalBytes", in->sizes.total);
	json_out_number(out, "memoryBytes", in->sizes.memory);
	json_out_number(out, "tmpfsBytes", in->sizes.tmpfs);
	json_out_close(out, '}');
	if (!in->has_stats)
		return;
	json_out_open(out, "times", '{');
	json_out_number(out, "freezingUs", in->stats.freezing_us);
	json_out_number(out, "frozenUs", in->stats.frozen_us);
	json_out_number(out, "memoryDumpUs", in->stats.memdump_us);
	json_out_number(out, "memoryWriteUs", in->stats.memwrite_us);
	json_out_number(out, "pagesScanned", in->stats.pages_scanned);
	json_out_number(out, "pagesWritten", in->stats.pages_written);
	json_out_number(out, "pagesSkipped", in->stats.pages_skipped);
	json_out_close(out, '}');
}

static void write_tasks(struct json_out *out, const struct image_tasks *tasks)
{
	json_out_open(out, "processes", '[');
	for (size_t i = 0; i < tasks->n; i++) {
		const struct image_task *t = &tasks->v[i];

		json_out_open(out, NULL, '{');
		json_out_number(out, "pid", t->pid);
		json_out_number(out, "parent", t->parent);
		json_out_number(out, "group", t->group);
		json_out_number(out, "session", t->session);
		json_out_number(out, "threads", t->n_threads);
		write_text(out, "name", t->name);
		json_out_string(out, "state", t->state);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

/* What kedge.json has beside the image. */
static void write_known(struct json_out *out, const struct checkpoint_mount *known)
{
	write_text(out, "destination", known->destination);
	write_text(out, "hostSource", known->source);
	if (!known->key)
		return;
	json_out_string(out, "origin", external_origin_name(known->origin));
	json_out_string(out, "kind", external_kind_name(known->kind));
	json_out_string(out, "sourceState", checkpoint_source_name(known->source_state));
}

static void write_mount(struct json_out *out, const struct image_mount *m,
			const struct checkpoint_mount *known)
{
	AUTO(buf_done) struct buf flags = { 0 };

	mount_flags_text(m->flags, false, &flags);
	json_out_open(out, NULL, '{');
	json_out_number(out, "id", m->id);
	json_out_number(out, "parent", m->parent);
	json_out_string(out, "mountpoint", m->mountpoint);
	json_out_string(out, "type", inspect_fstype(m->fstype));
	json_out_bool(out, "external", m->key != NULL);
	write_text(out, "key", m->key);
	json_out_string(out, "root", m->root);
	json_out_string(out, "source", m->source);
	json_out_string(out, "flags", flags.p);
	json_out_number(out, "shared", m->shared);
	json_out_number(out, "master", m->master);
	json_out_bool(out, "deleted", m->is_deleted);
	json_out_bool(out, "plugin", m->has_plugin);
	if (known)
		write_known(out, known);
	json_out_close(out, '}');
}

static void write_namespaces(struct json_out *out, const struct inspection *in)
{
	json_out_open(out, "mountNamespaces", '[');
	for (size_t i = 0; i < in->n_ns; i++) {
		const struct inspection_ns *ns = &in->ns[i];

		json_out_open(out, NULL, '{');
		json_out_number(out, "id", ns->id);
		json_out_bool(out, "root", ns->is_root);
		json_out_open(out, "mounts", '[');
		/* the images have children before parents */
		for (size_t k = ns->mounts.n; k-- > 0;)
			write_mount(out, &ns->mounts.v[k],
				    ns->is_root
					    ? checkpoint_info_find(&in->info, ns->mounts.v[k].id)
					    : NULL);
		json_out_close(out, ']');
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

static void write_strings(struct json_out *out, const char *key, const struct strv *list)
{
	json_out_strings(out, key, (const char *const *)list->v);
}

char *oci_inspection(const struct inspection *in, const struct oci_archive *archive)
{
	struct json_out out = { .indent = "  " };

	json_out_open(&out, NULL, '{');
	write_engine(&out, in, archive);
	write_inventory(&out, in);
	write_sizes(&out, in);
	write_tasks(&out, &in->tasks);
	write_namespaces(&out, in);
	write_strings(&out, "descriptors", &in->descriptors);
	write_strings(&out, "problems", &in->problems);
	json_out_close(&out, '}');
	buf_str(&out.text, "\n");
	return out.text.p;
}
