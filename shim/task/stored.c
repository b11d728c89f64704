/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/run/store.h"
#include "oci/config.h"
#include "shim/task/stored.h"

#define DEFAULT_ROOT	 "/run/containerd/kedge"
#define ROOT_NOTE	 "kedge.root"
#define CONFIG_MAX_BYTES (16U << 20)

char *stored_root(const char *root, const char *namespace)
{
	return xasprintf("%s/%s", root && *root ? root : DEFAULT_ROOT, namespace);
}

int stored_note_root(const char *bundle, const char *root, const char *namespace, struct err *err)
{
	auto_free char *usual = stored_root(NULL, namespace);
	auto_free char *note = xasprintf("%s/" ROOT_NOTE, bundle);

	if (str_eq(usual, root))
		return 0;
	return fd_replace_text(AT_FDCWD, note, root, 0600, err);
}

char *stored_noted_root(const char *bundle, const char *namespace)
{
	auto_free char *note = xasprintf("%s/" ROOT_NOTE, bundle);
	AUTO(buf_done) struct buf b = { 0 };

	if (fd_read_file(AT_FDCWD, note, PATH_MAX, &b, NULL) || !b.n)
		return stored_root(NULL, namespace);
	return xstrdup(b.p);
}

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
	return 0;
}

void stored_done(struct stored *s)
{
	container_done(&s->c);
	store_done(&s->store);
	spec_done(&s->spec);
	buf_done(&s->config);
}
