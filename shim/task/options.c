/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/log.h"
#include "proto/runtime.pb-c.h"
#include "shim/task/options.h"

static int parse_runc(const Wkt__Any *any, struct task_options *o)
{
	Runtime__RuncOptions *m =
		runtime__runc_options__unpack(NULL, any->value.len, any->value.data);

	if (!m)
		return -1;
	o->no_pivot = m->no_pivot_root;
	o->no_new_keyring = m->no_new_keyring;
	o->io_uid = m->io_uid;
	o->io_gid = m->io_gid;
	o->systemd_cgroup = m->systemd_cgroup;
	o->shim_cgroup = xstrdup_filled(m->shim_cgroup);
	o->binary_name = xstrdup_filled(m->binary_name);
	o->root = xstrdup_filled(m->root);
	o->criu_path = xstrdup_filled(m->criu_path);
	o->criu_image_path = xstrdup_filled(m->criu_image_path);
	o->criu_work_path = xstrdup_filled(m->criu_work_path);
	runtime__runc_options__free_unpacked(m, NULL);
	return 0;
}

/* What ctr 1.7 sends for runtimes that aren't called io.containerd.runc…. */
static int parse_old(const Wkt__Any *any, struct task_options *o)
{
	Runtime__OldCreateOptions *m =
		runtime__old_create_options__unpack(NULL, any->value.len, any->value.data);

	if (!m)
		return -1;
	o->no_pivot = m->no_pivot_root;
	o->io_uid = m->io_uid;
	o->io_gid = m->io_gid;
	runtime__old_create_options__free_unpacked(m, NULL);
	return 0;
}

static int parse_generic(const Wkt__Any *any, struct task_options *o)
{
	Runtime__GenericOptions *m =
		runtime__generic_options__unpack(NULL, any->value.len, any->value.data);

	if (!m)
		return -1;
	o->config_path = xstrdup_filled(m->config_path);
	buf_add(&o->config_body, m->config_body.data, m->config_body.len);
	runtime__generic_options__free_unpacked(m, NULL);
	return 0;
}

static const struct {
	const char *type;
	int (*parse)(const Wkt__Any *any, struct task_options *o);
} types[] = {
	{ "containerd.runc.v1.Options", parse_runc },
	{ "containerd.linux.runc.CreateOptions", parse_old },
	{ "runtimeoptions.v1.Options", parse_generic },
};

int task_options_parse(const Wkt__Any *any, struct task_options *options, struct err *err)
{
	const char *type;

	if (!any || !*any->type_url)
		return 0;
	type = str_last_part(any->type_url);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(type, types[i].type) != 0)
			continue;
		if (types[i].parse(any, options))
			return err_set(err, ERR_INVALID, "options: no %s", type);
		return 0;
	}
	log_warn("options of type %s are not known and not used", any->type_url);
	return 0;
}

void task_options_done(struct task_options *options)
{
	free(options->shim_cgroup);
	free(options->binary_name);
	free(options->root);
	free(options->criu_path);
	free(options->criu_image_path);
	free(options->criu_work_path);
	free(options->config_path);
	buf_done(&options->config_body);
	*options = (struct task_options){ 0 };
}
