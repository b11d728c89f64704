/* SPDX-License-Identifier: Apache-2.0 */
/* kedge.json: struct checkpoint_info as JSON, by one table for both directions. */
#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/sidecar.h"

#define INFO	       "kedge.json"
#define INFO_MAX_BYTES (32U << 20)
#define MAX_MOUNTS     65536
#define MAX_TEXT_BYTES 65536
#define MAX_ESCAPED    (4 * MAX_TEXT_BYTES)

enum field_kind {
	TEXT,	/* const char *; left out when NULL */
	NUMBER, /* unsigned int; left out when 0 */
	FLAGS,	/* unsigned long, likewise */
	BIG,	/* uint64_t as a decimal string, since JSON's numbers end at 2^53; likewise */
	INDEX,	/* size_t; left out when SIZE_MAX */
	TRUTH,	/* bool; left out when false */
	WORD,	/* an enum, by its names */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	bool is_needed;
	const char *(*word)(unsigned int value);
	unsigned int n_words;
};

static const char *origin_word(unsigned int v)
{
	return external_origin_name((enum external_origin)v);
}

static const char *kind_word(unsigned int v)
{
	return external_kind_name((enum external_kind)v);
}

static const char *propagation_word(unsigned int v)
{
	return external_propagation_name((enum external_propagation)v);
}

static const char *state_word(unsigned int v)
{
	return checkpoint_source_name((enum checkpoint_source)v);
}

#define TOP(field)	 offsetof(struct checkpoint_info, field)
#define MOUNT(field)	 offsetof(struct checkpoint_mount, field)
#define UNMOUNTED(field) offsetof(struct checkpoint_unmounted, field)

static const struct field top_fields[] = {
	{ "version", NUMBER, TOP(version), true, NULL, 0 },
	{ "engine", TEXT, TOP(engine), false, NULL, 0 },
	{ "criu", TEXT, TOP(criu), false, NULL, 0 },
	{ "kernel", TEXT, TOP(kernel), false, NULL, 0 },
	{ "host", TEXT, TOP(host), false, NULL, 0 },
	{ "boot_id", TEXT, TOP(boot_id), false, NULL, 0 },
	{ "id", TEXT, TOP(id), false, NULL, 0 },
	{ "created", TEXT, TOP(created), false, NULL, 0 },
};

static const struct field mount_fields[] = {
	{ "id", NUMBER, MOUNT(id), true, NULL, 0 },
	{ "parent", NUMBER, MOUNT(parent), false, NULL, 0 },
	{ "mountpoint", TEXT, MOUNT(mountpoint), true, NULL, 0 },
	{ "key", TEXT, MOUNT(key), false, NULL, 0 },
	{ "origin", WORD, MOUNT(origin), false, origin_word, EXTERNAL_ORIGINS },
	{ "kind", WORD, MOUNT(kind), false, kind_word, EXTERNAL_KIND_DEVICE + 1 },
	{ "entry", INDEX, MOUNT(mount_index), false, NULL, 0 },
	{ "destination", TEXT, MOUNT(destination), false, NULL, 0 },
	{ "type", TEXT, MOUNT(type), false, NULL, 0 },
	{ "options", TEXT, MOUNT(options), false, NULL, 0 },
	{ "config_source", TEXT, MOUNT(config_source), false, NULL, 0 },
	{ "below", TEXT, MOUNT(below), false, NULL, 0 },
	{ "source", TEXT, MOUNT(source), false, NULL, 0 },
	{ "source_state", WORD, MOUNT(source_state), false, state_word, CHECKPOINT_SOURCES },
	{ "major", NUMBER, MOUNT(major), false, NULL, 0 },
	{ "minor", NUMBER, MOUNT(minor), false, NULL, 0 },
	{ "inode", BIG, MOUNT(inode), false, NULL, 0 },
	{ "fstype", TEXT, MOUNT(fstype), false, NULL, 0 },
	{ "root", TEXT, MOUNT(root), false, NULL, 0 },
	{ "fs_source", TEXT, MOUNT(fs_source), false, NULL, 0 },
	{ "flags", FLAGS, MOUNT(flags), false, NULL, 0 },
	{ "propagation", WORD, MOUNT(propagation), false, propagation_word, EXTERNAL_PROPAGATIONS },
	{ "shared", NUMBER, MOUNT(shared), false, NULL, 0 },
	{ "master", NUMBER, MOUNT(master), false, NULL, 0 },
	{ "idmapped", TRUTH, MOUNT(is_idmapped), false, NULL, 0 },
	{ "unbindable", TRUTH, MOUNT(is_unbindable), false, NULL, 0 },
	{ "deleted", TRUTH, MOUNT(is_deleted), false, NULL, 0 },
	{ "moved", TRUTH, MOUNT(is_moved), false, NULL, 0 },
};

static const struct field unmounted_fields[] = {
	{ "entry", INDEX, UNMOUNTED(mount_index), true, NULL, 0 },
	{ "destination", TEXT, UNMOUNTED(destination), false, NULL, 0 },
};

/* --- text that may be no UTF-8 -------------------------------------------------------------------- */

static size_t utf8_bytes(const char *p)
{
	size_t left = strnlen(p, 4);

	for (size_t n = 1; n <= left; n++)
		if (str_is_utf8(p, n))
			return n;
	return 0;
}

/* A path is bytes, JSON is UTF-8: "\ooo" is a byte of any sort, and a backslash is "\134". */
static void escape(struct buf *out, const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = *p == '\\' ? 0 : utf8_bytes(p);

		if (n)
			buf_add(out, p, n);
		else
			buf_addf(out, "\\%03o", (unsigned char)*p);
		p += n ? n : 1;
	}
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/* NULL when a backslash begins nothing that escape() writes. */
static const char *unescape(struct arena *arena, const char *text)
{
	char *out = arena_strdup(arena, text), *to = out;

	for (const char *p = text; *p;) {
		int c = (unsigned char)*p;

		if (c == '\\') {
			if (!is_octal(p + 1))
				return NULL;
			c = (p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0');
			p += 3;
		}
		if (!c)
			return NULL;
		*to++ = (char)c;
		p++;
	}
	*to = '\0';
	return out;
}

/* --- writing -------------------------------------------------------------------------------------- */

static json_t *text_value(const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (!text)
		return NULL;
	escape(&b, text);
	return json_string(b.p ? b.p : "");
}

static json_t *big_value(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	return v ? json_string(text) : NULL;
}

/* NULL: the field is left out. */
static json_t *value_of(const struct field *f, const void *object)
{
	const char *p = (const char *)object + f->offset;

	switch (f->kind) {
	case TEXT: return text_value(*(const char *const *)p);
	case NUMBER:
		return *(const unsigned int *)p || f->is_needed
			       ? json_integer(*(const unsigned int *)p)
			       : NULL;
	case FLAGS:
		return *(const unsigned long *)p
			       ? json_integer((json_int_t) * (const unsigned long *)p)
			       : NULL;
	case BIG: return big_value(*(const uint64_t *)p);
	case INDEX:
		return *(const size_t *)p == SIZE_MAX
			       ? NULL
			       : json_integer((json_int_t) * (const size_t *)p);
	case TRUTH: return *(const bool *)p ? json_true() : NULL;
	case WORD: return json_string(f->word(*(const unsigned int *)p));
	}
	return NULL;
}

static void put(json_t *doc, const struct field *fields, size_t n, const void *object)
{
	for (size_t i = 0; i < n; i++) {
		json_t *value = value_of(&fields[i], object);

		if (value)
			json_object_set_new(doc, fields[i].name, value);
	}
}

int sidecar_format_info(const struct checkpoint_info *info, struct buf *out, struct err *err)
{
	json_t *doc = json_object(), *mounts = json_array(), *unmounted = json_array();
	char *text;

	put(doc, top_fields, ARRAY_LEN(top_fields), info);
	for (size_t i = 0; i < info->n; i++) {
		json_t *mount = json_object();

		put(mount, mount_fields, ARRAY_LEN(mount_fields), &info->v[i]);
		if (!info->v[i].key)
			json_object_del(mount, "origin");
		json_array_append_new(mounts, mount);
	}
	for (size_t i = 0; i < info->n_unmounted; i++) {
		json_t *entry = json_object();

		put(entry, unmounted_fields, ARRAY_LEN(unmounted_fields), &info->unmounted[i]);
		json_array_append_new(unmounted, entry);
	}
	json_object_set_new(doc, "mounts", mounts);
	json_object_set_new(doc, "unmounted", unmounted);
	text = json_dumps(doc, JSON_INDENT(1));
	json_decref(doc);
	if (!text)
		return err_set(err, ERR_SYS, INFO ": it can't be made");
	buf_str(out, text);
	buf_str(out, "\n");
	free(text);
	return 0;
}

int sidecar_write_info(int images_fd, const struct checkpoint_info *info, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (sidecar_format_info(info, &b, err))
		return -1;
	return fd_replace_file(images_fd, INFO, &b, 0600, err);
}

void sidecar_remove_info(int images_fd)
{
	unlinkat(images_fd, INFO, 0);
}

/* --- reading -------------------------------------------------------------------------------------- */

/* Where one is in the document, for messages: "mounts[3]". */
struct place {
	const char *list; /* NULL: the top */
	size_t index;
	struct arena *arena;
	struct err *err;
};

static int bad(const struct place *at, const char *name, const char *rule)
{
	if (!at->list)
		return err_set(at->err, ERR_INVALID, INFO ": %s: %s", name, rule);
	return err_set(at->err, ERR_INVALID, INFO ": %s[%zu].%s: %s", at->list, at->index, name,
		       rule);
}

static int take_text(const struct place *at, const struct field *f, const json_t *value,
		     const char **out)
{
	const char *text = json_string_value(value);

	if (!text)
		return bad(at, f->name, "it isn't a string");
	if (json_string_length(value) > MAX_ESCAPED)
		return bad(at, f->name, "it is too long");
	text = unescape(at->arena, text);
	if (!text)
		return bad(at, f->name, "a backslash without three octal digits");
	*out = text;
	return 0;
}

static int take_number(const struct place *at, const struct field *f, const json_t *value,
		       uint64_t max, uint64_t *out)
{
	json_int_t v = json_integer_value(value);

	if (!json_is_integer(value) || v < 0 || (uint64_t)v > max)
		return bad(at, f->name, "it isn't a number that can be");
	*out = (uint64_t)v;
	return 0;
}

static int take_big(const struct place *at, const struct field *f, const json_t *value,
		    uint64_t *out)
{
	const char *text = json_string_value(value);
	unsigned long long v;

	if (!text || str_to_u64(text, UINT64_MAX, &v))
		return bad(at, f->name, "it isn't a number in a string");
	*out = v;
	return 0;
}

static int take_word(const struct place *at, const struct field *f, const json_t *value,
		     unsigned int *out)
{
	for (unsigned int i = 0; i < f->n_words; i++)
		if (str_eq(json_string_value(value), f->word(i))) {
			*out = i;
			return 0;
		}
	return bad(at, f->name, "no such word");
}

static int take_value(const struct place *at, const struct field *f, const json_t *value, void *p)
{
	uint64_t v = 0;

	switch (f->kind) {
	case TEXT: return take_text(at, f, value, p);
	case NUMBER:
		if (take_number(at, f, value, UINT_MAX, &v))
			return -1;
		*(unsigned int *)p = (unsigned int)v;
		return 0;
	case FLAGS:
		if (take_number(at, f, value, UINT32_MAX, &v))
			return -1;
		*(unsigned long *)p = v;
		return 0;
	case BIG: return take_big(at, f, value, p);
	case INDEX:
		if (take_number(at, f, value, MAX_MOUNTS, &v))
			return -1;
		*(size_t *)p = v;
		return 0;
	case TRUTH:
		if (!json_is_boolean(value))
			return bad(at, f->name, "it is neither true nor false");
		*(bool *)p = json_is_true(value);
		return 0;
	case WORD: return take_word(at, f, value, p);
	}
	return -1;
}

static int take(const struct place *at, const json_t *doc, const struct field *fields, size_t n,
		void *object)
{
	if (!json_is_object(doc))
		return bad(at, "", "it isn't an object");
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(doc, fields[i].name);

		if (!value && fields[i].is_needed)
			return bad(at, fields[i].name, "it is missing");
		if (value && take_value(at, &fields[i], value, (char *)object + fields[i].offset))
			return -1;
	}
	return 0;
}

static int list_length(const struct place *at, const json_t *doc, size_t *n)
{
	const json_t *list = json_object_get(doc, at->list);

	*n = 0;
	if (!list)
		return 0;
	*n = json_array_size(list);
	if (json_is_array(list) && *n <= MAX_MOUNTS)
		return 0;
	return err_set(at->err, ERR_INVALID, INFO ": %s: it isn't a list of at most %d", at->list,
		       MAX_MOUNTS);
}

static int compare_ids(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

static int check_ids(const struct checkpoint_info *info, struct err *err)
{
	auto_free unsigned int *ids = xcalloc(info->n, sizeof(*ids));

	for (size_t i = 0; i < info->n; i++)
		ids[i] = info->v[i].id;
	qsort(ids, info->n, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < info->n; i++)
		if (ids[i] == ids[i - 1])
			return err_set(err, ERR_INVALID, INFO ": two mounts have the id %u",
				       ids[i]);
	return 0;
}

static int take_mounts(struct place *at, const json_t *doc, struct checkpoint_info *info)
{
	size_t n;

	at->list = "mounts";
	if (list_length(at, doc, &n))
		return -1;
	info->v = arena_array(at->arena, n, sizeof(*info->v));
	for (at->index = 0; at->index < n; at->index++) {
		struct checkpoint_mount *m = &info->v[info->n++];

		*m = (struct checkpoint_mount){ .mount_index = SIZE_MAX,
						.source_state = CHECKPOINT_SOURCE_UNKNOWN };
		if (take(at, json_array_get(json_object_get(doc, at->list), at->index),
			 mount_fields, ARRAY_LEN(mount_fields), m))
			return -1;
		if (*m->mountpoint != '/')
			return bad(at, "mountpoint", "it isn't an absolute path");
	}
	return check_ids(info, at->err);
}

static int take_unmounted(struct place *at, const json_t *doc, struct checkpoint_info *info)
{
	size_t n;

	at->list = "unmounted";
	if (list_length(at, doc, &n))
		return -1;
	info->unmounted = arena_array(at->arena, n, sizeof(*info->unmounted));
	for (at->index = 0; at->index < n; at->index++)
		if (take(at, json_array_get(json_object_get(doc, at->list), at->index),
			 unmounted_fields, ARRAY_LEN(unmounted_fields),
			 &info->unmounted[info->n_unmounted++]))
			return -1;
	return 0;
}

static int take_all(const json_t *doc, struct checkpoint_info *info, struct err *err)
{
	struct place at = { .arena = &info->arena, .err = err };

	if (take(&at, doc, top_fields, ARRAY_LEN(top_fields), info))
		return -1;
	if (info->version != CHECKPOINT_INFO_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       INFO ": it has version %u, this kedge knows version %d",
			       info->version, CHECKPOINT_INFO_VERSION);
	return take_mounts(&at, doc, info) || take_unmounted(&at, doc, info) ? -1 : 0;
}

int sidecar_parse_info(const char *text, size_t bytes, struct checkpoint_info *info,
		       struct err *err)
{
	struct checkpoint_info made = { 0 };
	json_error_t why;
	json_t *doc = json_loadb(bytes ? text : "", bytes, JSON_REJECT_DUPLICATES, &why);
	int ret;

	if (!doc)
		return err_set(err, ERR_INVALID, INFO ": line %d: %s", why.line, why.text);
	ret = take_all(doc, &made, err);
	json_decref(doc);
	if (ret) {
		checkpoint_info_done(&made);
		return -1;
	}
	*info = made;
	return 0;
}

int sidecar_read_info(int images_fd, struct checkpoint_info *info, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	int found = sidecar_read_file(images_fd, INFO, INFO_MAX_BYTES, &b, err);

	return found <= 0 ? found : sidecar_parse_info(b.p, b.n, info, err);
}
