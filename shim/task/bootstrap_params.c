/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "proto/runtime.pb-c.h"
#include "shim/task/bootstrap_params.h"

#define TASK_VERSION 2

/* Extensions are Anys of any type; the one that we know is the task's options. */
static int take_params(const Runtime__BootstrapParams *m, struct bootstrap_params *params,
		       struct err *err)
{
	params->is_message = true;
	params->socket_dir = xstrdup_filled(m->socket_dir);
	params->ttrpc_address = xstrdup_filled(m->containerd_ttrpc_address);
	for (size_t i = 0; i < m->n_extensions; i++)
		if (task_options_parse(m->extensions[i]->value, &params->options, err))
			return -1;
	return 0;
}

static int take_any(const uint8_t *p, size_t bytes, struct bootstrap_params *params,
		    struct err *err)
{
	Wkt__Any *any = wkt__any__unpack(NULL, bytes, p);
	int ret;

	if (!any)
		return err_set(err, ERR_INVALID, "stdin is neither options nor BootstrapParams");
	ret = task_options_parse(any, &params->options, err);
	wkt__any__free_unpacked(any, NULL);
	return ret;
}

int bootstrap_params_parse(const uint8_t *p, size_t bytes, const char *id,
			   struct bootstrap_params *params, struct err *err)
{
	Runtime__BootstrapParams *m;
	int ret;

	if (!bytes)
		return 0;
	m = runtime__bootstrap_params__unpack(NULL, bytes, p);
	if (m && !strcmp(m->instance_id, id))
		ret = take_params(m, params, err);
	else
		ret = take_any(p, bytes, params, err);
	runtime__bootstrap_params__free_unpacked(m, NULL);
	return ret;
}

void bootstrap_result(const struct bootstrap_params *params, const char *path, struct buf *out)
{
	static char protocol[] = "ttrpc";
	Runtime__BootstrapResult m = RUNTIME__BOOTSTRAP_RESULT__INIT;
	auto_free char *address = xasprintf("unix://%s", path);
	auto_free uint8_t *wire = NULL;

	if (!params->is_message) {
		buf_str(out, address);
		return;
	}
	m.version = TASK_VERSION;
	m.address = address;
	m.protocol = protocol;
	wire = xmalloc(runtime__bootstrap_result__get_packed_size(&m));
	buf_add(out, wire, runtime__bootstrap_result__pack(&m, wire));
}

void bootstrap_params_done(struct bootstrap_params *params)
{
	free(take_ptr(&params->socket_dir));
	free(take_ptr(&params->ttrpc_address));
	task_options_done(&params->options);
}
