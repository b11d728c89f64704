/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "oci/config.h"
#include "oci/config_parts.h"

#define FILE_BYTES_MAX ((size_t)16 << 20)

/* Go on past the digits of a version's part; NULL when there is none, or a zero leads. */
static const char *version_part(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && (*s != '0' || n == 1) ? s + n : NULL;
}

/* Whether `s` is MAJOR.MINOR.PATCH, with -PRERELEASE or +BUILD behind (semver.org 2.0.0). */
static bool is_semver(const char *s)
{
	static const char suffix[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-+";

	for (int dots = 0; s && dots < 2; dots++) {
		s = version_part(s);
		s = s && *s == '.' ? s + 1 : NULL;
	}
	s = s ? version_part(s) : NULL;
	if (!s || !*s)
		return s != NULL;
	return (*s == '-' || *s == '+') && s[1] && !s[strspn(s, suffix)];
}

/* config.md#specification-version: all of 1.x is compatible, with pre-releases as runc has it. */
static void read_version(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (!text)
		return;
	if (!is_semver(text))
		json_find(at, "must be a version such as 1.0.2, is %s", json_quote(quoted, text));
	else if (strncmp(text, "1.", 2))
		json_find(at, "must be a 1.x version, is %s", json_quote(quoted, text));
	else
		json_read_string(at, out);
}

static const struct json_field root_fields[] = {
	JSON_NEEDED("path", json_read_name, spec, root.path),
	JSON_FIELD("readonly", json_read_bool, spec, root.readonly),
	{ 0 },
};

/* config.md#root */
static void read_root(const struct json_node *at, void *out)
{
	json_read_object(at, root_fields, out);
}

static void read_config_process(const struct json_node *at, void *out)
{
	struct spec *spec = out;

	spec->has_process = true;
	config_read_process(at, &spec->process);
}

/* config.md */
static const struct json_field config_fields[] = {
	JSON_NEEDED("ociVersion", read_version, spec, oci_version),
	{ "root", read_root, 0, true },
	JSON_WHOLE("process", read_config_process),
	JSON_FIELD("hostname", json_read_string, spec, hostname),
	JSON_FIELD("domainname", json_read_string, spec, domainname),
	JSON_FIELD("mounts", config_read_mounts, spec, mounts),
	JSON_FIELD("hooks", config_read_hooks, spec, hooks),
	JSON_FIELD("annotations", json_read_pairs, spec, annotations),
	JSON_WHOLE("linux", config_read_linux),
	{ 0 },
};

static int check_size(size_t bytes, struct err *err)
{
	if (bytes <= FILE_BYTES_MAX)
		return 0;
	return err_set(err, ERR_LIMIT, "it has %zu bytes, more than %zu (16 MiB)", bytes,
		       FILE_BYTES_MAX);
}

/* json_doc_parse() of a document that isn't too long. */
static int parse(struct json_doc *doc, const char *text, size_t bytes, struct err *err)
{
	if (check_size(bytes, err))
		return err_wrap(err, "%s", doc->name);
	return json_doc_parse(doc, text, bytes, err);
}

int oci_config_parse(const char *text, size_t bytes, struct spec *spec, struct err *err)
{
	AUTO(spec_done) struct spec s = { 0 };
	AUTO(json_doc_done) struct json_doc doc = { .name = "config.json", .arena = &s.arena };
	struct json_node root;

	if (parse(&doc, text, bytes, err))
		return -1;
	root = json_doc_root(&doc);
	json_read_object(&root, config_fields, &s);
	config_check(&root, &s);
	if (json_doc_verdict(&doc, err))
		return -1;
	*spec = s;
	s = (struct spec){ 0 };
	return 0;
}

/* oci_process_parse() with the name that its messages begin with. */
static int parse_process(const char *name, const struct buf *text, struct arena *arena,
			 struct spec_process *process, struct err *err)
{
	AUTO(json_doc_done) struct json_doc doc = { .name = name, .arena = arena };
	struct spec_process p = { 0 };
	struct json_node root;

	if (parse(&doc, text->p, text->n, err))
		return -1;
	root = json_doc_root(&doc);
	config_read_process(&root, &p);
	if (json_doc_verdict(&doc, err))
		return -1;
	*process = p;
	return 0;
}

int oci_process_parse(const char *text, size_t bytes, struct arena *arena,
		      struct spec_process *process, struct err *err)
{
	const struct buf b = { .p = (char *)text, .n = bytes };

	return parse_process("process.json", &b, arena, process, err);
}

int oci_resources_parse(const char *text, size_t bytes, struct arena *arena,
			struct spec_resources *resources, struct err *err)
{
	AUTO(json_doc_done) struct json_doc doc = { .name = "resources", .arena = arena };
	struct spec_resources r = { 0 };
	struct json_node root;

	if (parse(&doc, text, bytes, err))
		return -1;
	root = json_doc_root(&doc);
	config_read_resources(&root, &r);
	if (json_doc_verdict(&doc, err))
		return -1;
	*resources = r;
	return 0;
}

/*
 * Read a whole document from `path` below `dirfd`. A regular file says its size, so that one of
 * 100 MB is refused unread; else reading ends at the limit. With O_NONBLOCK among `flags` a FIFO
 * doesn't hold us up, and only a regular file is taken.
 */
static int read_document(int dirfd, const char *path, int flags, struct buf *out, struct err *err)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
	struct stat st;

	if (fd < 0)
		return err_sys(err, "open");
	if (fstat(fd, &st))
		return err_sys(err, "stat");
	if (!S_ISREG(st.st_mode) && (flags & O_NONBLOCK))
		return err_set(err, ERR_INVALID, "it is not a regular file");
	if (S_ISREG(st.st_mode) && check_size((size_t)st.st_size, err))
		return -1;
	return fd_read_all(fd, FILE_BYTES_MAX, out, err);
}

/* BUNDLE/config.json into `out`, and the bundle's absolute path, which the caller frees. */
static int read_bundle(const char *bundle, struct buf *out, char **absolute, struct err *err)
{
	auto_fd int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_free char *path = NULL;

	if (dir < 0) {
		err_sys(err, "open the bundle %s", bundle);
		return err_hint(err, "-b names the directory that holds config.json");
	}
	if (read_document(dir, "config.json", O_NONBLOCK, out, err)) {
		bool is_missing = err && err->kind == ERR_NOT_FOUND;

		err_wrap(err, "%s/config.json", bundle);
		return is_missing
			       ? err_hint(err, "kedge spec -b %s writes one to start from", bundle)
			       : -1;
	}
	path = fd_path(dir);
	if (!path)
		return err_sys(err, "find the path of the bundle %s", bundle);
	*absolute = take_ptr(&path);
	return 0;
}

int oci_config_load(const char *bundle, struct buf *text, struct spec *spec, struct err *err)
{
	auto_free char *absolute = NULL;

	if (read_bundle(bundle, text, &absolute, err))
		return -1;
	if (oci_config_parse(text->p, text->n, spec, err))
		return err_wrap(err, "bundle %s", absolute);
	spec->bundle = arena_strdup(&spec->arena, absolute);
	return 0;
}

int oci_process_load(const char *path, struct arena *arena, struct spec_process *process,
		     struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };

	if (read_document(AT_FDCWD, path, 0, &text, err))
		return err_wrap(err, "%s", path);
	return parse_process(path, &text, arena, process, err);
}
