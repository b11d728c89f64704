/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "core/base/log.h"
#include "proto/runtime.pb-c.h"
#include "shim/task/cr_settings.h"
#include "shim/task/toml.h"

enum kind { FLAG, TEXT, NUMBER, LIST };

#define CHECKPOINT (1U << CR_CHECKPOINT)
#define RESTORE	   (1U << CR_RESTORE)
#define BOTH	   (CHECKPOINT | RESTORE)

#define AT(field) offsetof(struct cr_settings, field)

/* What names a program or a file of the host isn't for the container's author to say. */
static const struct setting {
	const char *name;
	enum kind kind;
	unsigned int ways;
	bool is_for_hosts; /* not in annotations */
	size_t offset;
} settings[] = {
	{ "exit", FLAG, CHECKPOINT, false, AT(exit) },
	{ "external", LIST, BOTH, false, AT(cr.external) },
	{ "map", LIST, RESTORE, false, AT(cr.map) },
	{ "tcp-established", FLAG, BOTH, false, AT(cr.tcp_established) },
	{ "tcp-close", FLAG, RESTORE, false, AT(cr.tcp_close) },
	{ "tcp-skip-in-flight", FLAG, CHECKPOINT, false, AT(cr.tcp_skip_in_flight) },
	{ "ext-unix-sk", FLAG, BOTH, false, AT(cr.ext_unix_sk) },
	{ "shell-job", FLAG, BOTH, false, AT(cr.shell_job) },
	{ "file-locks", FLAG, BOTH, false, AT(cr.file_locks) },
	{ "link-remap", FLAG, BOTH, false, AT(cr.link_remap) },
	{ "empty-ns", LIST, BOTH, false, AT(cr.empty_ns) },
	{ "network-lock", TEXT, BOTH, false, AT(cr.network_lock) },
	{ "manage-cgroups-mode", TEXT, BOTH, false, AT(cr.manage_cgroups) },
	{ "timeout", NUMBER, BOTH, false, AT(cr.timeout_s) },
	{ "lsm-profile", TEXT, RESTORE, false, AT(cr.lsm_profile) },
	{ "lsm-mount-context", TEXT, RESTORE, false, AT(cr.lsm_mount_context) },
	{ "work-path", TEXT, BOTH, true, AT(cr.work_path) },
	{ "criu", TEXT, BOTH, true, AT(cr.criu) },
	{ "criu-config", TEXT, BOTH, true, AT(cr.criu_config) },
	{ "allow-unsafe-images", FLAG, RESTORE, true, AT(cr.allow_unsafe_images) },
};

static const char *const way_names[] = { "checkpoint", "restore" };

static const struct setting *find(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (strlen(settings[i].name) == n && !memcmp(settings[i].name, name, n))
			return &settings[i];
	return NULL;
}

static bool is_for(const struct setting *setting, enum cr_way way)
{
	return setting && setting->ways & (1U << way);
}

/* --- values ------------------------------------------------------------------------------------*/

static int set_flag(bool *to, const char *name, const char *text, struct err *err)
{
	if (strcmp(text, "true") && strcmp(text, "false"))
		return err_set(err, ERR_INVALID, "%s: \"%s\" is neither true nor false", name,
			       text);
	*to = text[0] == 't';
	return 0;
}

static int set_number(unsigned int *to, const char *name, const char *text, struct err *err)
{
	unsigned long long v;

	if (str_to_u64(text, UINT_MAX, &v))
		return err_set(err, ERR_INVALID, "%s: \"%s\" is no number of seconds", name, text);
	*to = (unsigned int)v;
	return 0;
}

/* `text` is an item, or several lines of them. */
static void add_items(struct strv *to, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n)
			strv_addf(to, "%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static int set(struct cr_settings *s, const struct setting *setting, const char *text,
	       struct err *err)
{
	void *to = (char *)s + setting->offset;

	switch (setting->kind) {
	case FLAG: return set_flag(to, setting->name, text, err);
	case NUMBER: return set_number(to, setting->name, text, err);
	case LIST: add_items(to, text); return 0;
	default: *(const char **)to = arena_strdup(&s->arena, text); return 0;
	}
}

/* --- TOML --------------------------------------------------------------------------------------*/

static int take_value(void *ctx, const struct toml_value *v, struct err *err)
{
	struct cr_settings *s = ctx;
	const struct setting *setting = find(v->key, strlen(v->key));

	if (!*v->table)
		return is_for(setting, s->way) ? set(s, setting, v->text, err) : 0;
	if (strcmp(v->table, way_names[s->way]) != 0)
		return 0;
	if (!is_for(setting, s->way))
		return err_set(err, ERR_INVALID, "[%s] %s: it is not known", v->table, v->key);
	if (v->is_item && setting->kind != LIST)
		return err_set(err, ERR_INVALID, "[%s] %s: it is no list", v->table, v->key);
	return set(s, setting, v->text, err);
}

int cr_settings_take_body(struct cr_settings *s, const char *toml, size_t n, struct err *err)
{
	return toml_read(toml, n, take_value, s, err);
}

/* --- annotations -------------------------------------------------------------------------------*/

static int take_annotation(struct cr_settings *s, const struct spec_pair *pair, const char *name,
			   struct err *err)
{
	size_t n = strcspn(name, ".");
	const struct setting *setting = find(name, n);

	if (!is_for(setting, s->way) || (name[n] && setting->kind != LIST))
		return err_set(err, ERR_INVALID, "annotation %s: it is not known", pair->key);
	if (setting->is_for_hosts)
		return err_set(err, ERR_INVALID,
			       "annotation %s: only the runtime's options say that", pair->key);
	return set(s, setting, pair->value, err) ? err_wrap(err, "annotation %s", pair->key) : 0;
}

int cr_settings_take_annotations(struct cr_settings *s, const struct spec_pairs *annotations,
				 struct err *err)
{
	auto_free char *prefix = xasprintf("dev.kedge.%s.", way_names[s->way]);

	for (size_t i = 0; i < annotations->n; i++) {
		const struct spec_pair *pair = &annotations->v[i];

		if (str_starts(pair->key, prefix) &&
		    take_annotation(s, pair, pair->key + strlen(prefix), err))
			return -1;
	}
	return 0;
}

char *cr_settings_annotation(enum cr_way way, const char *name, size_t n)
{
	const struct setting *setting = find(name, n);

	if (!is_for(setting, way) || setting->is_for_hosts)
		return NULL;
	return xasprintf("dev.kedge.%s.%s", way_names[way], setting->name);
}

/* --- the call ----------------------------------------------------------------------------------*/

static const char *text_or(struct cr_settings *s, const char *text, const char *otherwise)
{
	return *text ? arena_strdup(&s->arena, text) : otherwise;
}

static int take_options(struct cr_settings *s, const Wkt__Any *any, bool is_old, struct err *err)
{
	Runtime__CheckpointOptions *m =
		runtime__checkpoint_options__unpack(NULL, any->value.len, any->value.data);
	struct cr_options *o = &s->cr;

	if (!m)
		return err_set(err, ERR_INVALID, "the checkpoint's options can't be read");
	s->exit = m->exit;
	o->tcp_established |= m->open_tcp;
	o->ext_unix_sk |= m->external_unix_sockets;
	o->shell_job |= m->terminal;
	o->file_locks |= m->file_locks;
	for (size_t i = 0; i < m->n_empty_namespaces; i++)
		strv_add(&o->empty_ns, m->empty_namespaces[i]);
	o->manage_cgroups = text_or(s, m->cgroups_mode, o->manage_cgroups);
	o->image_path = text_or(s, is_old ? m->work_path : m->image_path, o->image_path);
	o->work_path = text_or(s, is_old ? m->image_path : m->work_path, o->work_path);
	o->parent_path = text_or(s, m->parent_path, o->parent_path);
	runtime__checkpoint_options__free_unpacked(m, NULL);
	return 0;
}

int cr_settings_take_request(struct cr_settings *s, const Wkt__Any *any, struct err *err)
{
	static const struct {
		const char *type;
		bool is_old;
	} types[] = { { "containerd.runc.v1.CheckpointOptions", false },
		      { "containerd.linux.runc.CheckpointOptions", true } };
	const char *type;

	if (!any || !*any->type_url)
		return 0;
	type = str_last_part(any->type_url);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(type, types[i].type))
			return take_options(s, any, types[i].is_old, err);
	return err_set(err, ERR_INVALID, "checkpoint options of type %s are not known",
		       any->type_url);
}

void cr_settings_done(struct cr_settings *s)
{
	strv_done(&s->cr.external);
	strv_done(&s->cr.ext_mount_map);
	strv_done(&s->cr.map);
	strv_done(&s->cr.empty_ns);
	arena_done(&s->arena);
	s->cr = (struct cr_options){ 0 };
}
