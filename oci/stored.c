/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cr/dump_lock.h"
#include "core/run/control.h"
#include "core/run/store.h"
#include "oci/config.h"
#include "oci/stored.h"

#define CONFIG_MAX_BYTES (16U << 20)

int stored_open(const char *root, const char *id, struct stored *s, struct err *err)
{
	if (store_open(root, &s->store, err))
		return -1;
	return container_load(&s->store, id, &s->c, err);
}

int stored_read_spec(struct stored *s, struct err *err)
{
	if (fd_read_file(s->c.dir_fd, "config.json", CONFIG_MAX_BYTES, &s->config, err) ||
	    oci_config_parse(s->config.p, s->config.n, &s->spec, err))
		return err_wrap(err, "container %s", s->c.id);
	s->spec.bundle = arena_strdup(&s->spec.arena, s->c.bundle);
	s->spec.systemd_cgroup = s->c.cgroup.unit;
	return 0;
}

int stored_remove(struct stored *s, bool force, struct err *err)
{
	struct err late = { 0 };
	bool has_spec;

	if (force && dump_lock_break(&s->c, DUMP_LOCK_PATIENCE_MS, &late))
		log_warn("%s", late.msg);
	has_spec = !stored_read_spec(s, NULL);
	return control_delete(&s->c, has_spec ? &s->spec : NULL, force, err);
}

void stored_done(struct stored *s)
{
	container_done(&s->c);
	store_done(&s->store);
	spec_done(&s->spec);
	buf_done(&s->config);
}
