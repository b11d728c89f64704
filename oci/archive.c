/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "oci/archive.h"
#include "oci/json_read.h"

#define MAX_BYTES ((size_t)16 << 20)

static const struct json_field config_fields[] = {
	JSON_FIELD("id", json_read_string, oci_archive, id),
	JSON_FIELD("name", json_read_string, oci_archive, name),
	JSON_FIELD("rootfsImageName", json_read_string, oci_archive, image),
	JSON_FIELD("runtime", json_read_string, oci_archive, runtime),
	JSON_FIELD("createdTime", json_read_string, oci_archive, created),
	JSON_FIELD("checkpointedTime", json_read_string, oci_archive, checkpointed),
	{ 0 },
};

static void read_manager(const struct json_node *at, void *out)
{
	struct json_node manager = json_member(at, "io.container.manager");
	const char *text = manager.v ? json_text(&manager) : "";

	/* containerd's CRI plugin doesn't set it */
	*(const char **)out = str_eq(text, "libpod")  ? "podman"
			      : str_eq(text, "cri-o") ? "cri-o"
						      : "containerd";
}

static const struct json_field spec_fields[] = {
	JSON_FIELD("annotations", read_manager, oci_archive, manager),
	{ 0 },
};

static int read_regular(int dirfd, const char *name, struct buf *b, struct err *err)
{
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_sys(err, "open %s", name);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", name);
	if (fd_read_all(fd, MAX_BYTES, b, err))
		return err_wrap(err, "%s", name);
	return 0;
}

static void read_document(int dirfd, const char *name, const struct json_field *fields,
			  struct oci_archive *out, struct strv *problems)
{
	struct json_doc doc = { .name = name, .arena = &out->arena };
	AUTO(buf_done) struct buf b = { 0 };
	struct json_node root;
	struct err err = { 0 };

	if (read_regular(dirfd, name, &b, &err)) {
		strv_add(problems, err.msg);
		return;
	}
	if (!json_doc_parse(&doc, b.p, b.n, &err)) {
		root = json_doc_root(&doc);
		json_read_object(&root, fields, out);
		json_doc_verdict(&doc, &err);
	}
	if (err.kind)
		strv_add(problems, err.msg);
	json_doc_done(&doc);
}

void oci_archive_read(int dirfd, struct oci_archive *out, struct strv *problems)
{
	read_document(dirfd, "config.dump", config_fields, out, problems);
	read_document(dirfd, "spec.dump", spec_fields, out, problems);
}

void oci_archive_done(struct oci_archive *archive)
{
	arena_done(&archive->arena);
	*archive = (struct oci_archive){ 0 };
}
