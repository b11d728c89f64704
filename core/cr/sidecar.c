/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/sidecar.h"

#define DESCRIPTORS	      "descriptors.json"
#define DESCRIPTORS_MAX_BYTES 65536

int sidecar_write_descriptors(int images_fd, const struct container *c, struct err *err)
{
	json_t *doc = json_array();
	auto_free char *text = NULL;

	for (size_t i = 0; i < ARRAY_LEN(c->stdio); i++)
		json_array_append_new(doc, json_string(c->stdio[i] ? c->stdio[i] : ""));
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	if (!text)
		return err_set(err, ERR_INVALID, "%s: a name is no UTF-8", DESCRIPTORS);
	return fd_replace_text(images_fd, DESCRIPTORS, text, 0600, err);
}

/* A regular file in this very directory: no symlink to anywhere, no fifo to hang on. */
int sidecar_read_file(int images_fd, const char *name, size_t max_bytes, struct buf *out,
		      struct err *err)
{
	auto_fd int fd = openat(images_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open %s", name);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", name);
	if (fd_read_all(fd, max_bytes, out, err))
		return err_wrap(err, "%s", name);
	return 1;
}

int sidecar_read_descriptors(int images_fd, struct strv *descriptors, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	int found = sidecar_read_file(images_fd, DESCRIPTORS, DESCRIPTORS_MAX_BYTES, &b, err);
	json_t *doc, *item;
	size_t i;

	if (found <= 0)
		return found;
	doc = json_loadb(b.n ? b.p : "", b.n, 0, NULL);
	if (!json_is_array(doc) || json_array_size(doc) > 3) {
		json_decref(doc);
		return err_set(err, ERR_INVALID, "%s: it must be an array of up to three strings",
			       DESCRIPTORS);
	}
	json_array_foreach(doc, i, item)
	{
		const char *s = json_string_value(item);

		strv_add(descriptors, s && str_starts(s, "pipe:[") ? s : "");
	}
	json_decref(doc);
	return 0;
}
