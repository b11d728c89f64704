/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/mount_flags.h"
#include "oci/cr_json.h"
#include "oci/json_out.h"

static void write_text(struct json_out *out, const char *key, const char *text)
{
	if (text && *text)
		json_out_string(out, key, text);
}

static void write_about(struct json_out *out, const struct oci_cr *about)
{
	json_out_string(out, "operation", about->operation);
	write_text(out, "id", about->id);
	write_text(out, "images", about->images);
}

static void write_mount(struct json_out *out, const struct external_mount *m)
{
	AUTO(buf_done) struct buf flags = { 0 };

	mount_flags_text(m->flags, m->is_idmapped, &flags);
	json_out_open(out, NULL, '{');
	json_out_string(out, "destination", m->mountpoint);
	json_out_string(out, "origin", external_origin_name(m->origin));
	write_text(out, "key", m->key);
	write_text(out, "source", m->source);
	json_out_string(out, "kind", external_kind_name(m->kind));
	json_out_string(out, "flags", flags.p);
	json_out_string(out, "propagation", external_propagation_name(m->propagation));
	write_text(out, "fstype", m->fstype);
	json_out_bool(out, "userMapped", m->is_user_mapped);
	json_out_string(out, "verdict", m->problem ? "refused" : "ok");
	write_text(out, "problem", m->problem);
	write_text(out, "note", m->note);
	json_out_close(out, '}');
}

char *oci_cr_plan(const struct oci_cr *about, const struct external_plan *plan,
		  const struct err *refusal)
{
	struct json_out out = { .indent = "  " };

	json_out_open(&out, NULL, '{');
	write_about(&out, about);
	json_out_string(&out, "verdict", refusal ? "refused" : "ok");
	if (refusal) {
		json_out_string(&out, "error", refusal->msg);
		write_text(&out, "hint", refusal->hint);
	}
	json_out_open(&out, "mounts", '[');
	for (size_t i = 0; i < plan->n; i++)
		write_mount(&out, &plan->v[i]);
	json_out_close(&out, ']');
	json_out_strings(&out, "warnings", (const char *const *)plan->warnings.v);
	json_out_close(&out, '}');
	buf_str(&out.text, "\n");
	return out.text.p;
}

char *oci_cr_report(const struct oci_cr *about, const struct cr_report *report)
{
	struct json_out out = { .indent = "  " };

	json_out_open(&out, NULL, '{');
	write_about(&out, about);
	json_out_number(&out, "totalUs", report->total_us);
	json_out_number(&out, "frozenUs", report->frozen_us);
	json_out_number(&out, "criuUs", report->criu_us);
	json_out_number(&out, "bytes", report->bytes);
	json_out_number(&out, "mounts", report->n_mounts);
	json_out_number(&out, "externalMounts", report->n_external);
	json_out_number(&out, "repairs", report->n_repairs);
	json_out_bool(&out, "skippedNetworkLock", report->skipped_lock);
	json_out_bool(&out, "skippedNetworkNamespace", report->skipped_netns);
	json_out_close(&out, '}');
	buf_str(&out.text, "\n");
	return out.text.p;
}
