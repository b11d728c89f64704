/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "core/base/fd.h"
#include "oci/config.h"
#include "shim/task/group.h"

#define CONFIG_MAX_BYTES (16U << 20)

/* In the order in which they count. A pod's own container, too, has the pod's id. */
static const char *const labels[] = {
	"io.containerd.runc.v2.group",
	"io.kubernetes.cri.sandbox-id",
};

/* To parse a config takes a while; most have no such word in it. */
static bool may_have_label(const struct buf *text)
{
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (memmem(text->p, text->n, labels[i], strlen(labels[i])))
			return true;
	return false;
}

static const char *find(const struct spec_pairs *annotations, const char *key)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (!strcmp(annotations->v[i].key, key))
			return annotations->v[i].value;
	return NULL;
}

char *group_of(const char *bundle, const char *id)
{
	auto_free char *path = xasprintf("%s/config.json", bundle);
	AUTO(buf_done) struct buf text = { 0 };
	AUTO(spec_done) struct spec spec = { 0 };

	if (fd_read_file(AT_FDCWD, path, CONFIG_MAX_BYTES, &text, NULL) || !may_have_label(&text) ||
	    oci_config_parse(text.p, text.n, &spec, NULL))
		return xstrdup(id);
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		const char *group = find(&spec.annotations, labels[i]);

		if (group && *group)
			return xstrdup(group);
	}
	return xstrdup(id);
}
