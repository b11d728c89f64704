/* SPDX-License-Identifier: Apache-2.0 */
/* kedge.json is read; sidecar_info.c writes it. */
#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/cr/sidecar.h"
#include "core/cr/sidecar_fields.h"

#define MAX_MOUNTS     65536
#define MAX_TEXT_BYTES 65536
#define MAX_ESCAPED    (4 * MAX_TEXT_BYTES)

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/* NULL when a backslash begins nothing that kedge writes. */
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
		return err_set(at->err, ERR_INVALID, SIDECAR_INFO ": %s: %s", name, rule);
	return err_set(at->err, ERR_INVALID, SIDECAR_INFO ": %s[%zu].%s: %s", at->list, at->index,
		       name, rule);
}

static int take_text(const struct place *at, const struct sidecar_field *f, const json_t *value,
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

static int take_number(const struct place *at, const struct sidecar_field *f, const json_t *value,
		       uint64_t max, uint64_t *out)
{
	json_int_t v = json_integer_value(value);

	if (!json_is_integer(value) || v < 0 || (uint64_t)v > max)
		return bad(at, f->name, "it isn't a number that can be");
	*out = (uint64_t)v;
	return 0;
}

static int take_big(const struct place *at, const struct sidecar_field *f, const json_t *value,
		    uint64_t *out)
{
	const char *text = json_string_value(value);
	unsigned long long v;

	if (!text || str_to_u64(text, UINT64_MAX, &v))
		return bad(at, f->name, "it isn't a number in a string");
	*out = v;
	return 0;
}

static int take_word(const struct place *at, const struct sidecar_field *f, const json_t *value,
		     unsigned int *out)
{
	for (unsigned int i = 0; i < f->n_words; i++)
		if (str_eq(json_string_value(value), f->word(i))) {
			*out = i;
			return 0;
		}
	return bad(at, f->name, "no such word");
}

static int take_value(const struct place *at, const struct sidecar_field *f, const json_t *value,
		      void *p)
{
	uint64_t v = 0;

	switch (f->kind) {
	case SIDECAR_TEXT: return take_text(at, f, value, p);
	case SIDECAR_NUMBER:
		if (take_number(at, f, value, UINT_MAX, &v))
			return -1;
		*(unsigned int *)p = (unsigned int)v;
		return 0;
	case SIDECAR_FLAGS:
		if (take_number(at, f, value, UINT32_MAX, &v))
			return -1;
		*(unsigned long *)p = v;
		return 0;
	case SIDECAR_BIG: return take_big(at, f, value, p);
	case SIDECAR_INDEX:
		if (take_number(at, f, value, MAX_MOUNTS, &v))
			return -1;
		*(size_t *)p = v;
		return 0;
	case SIDECAR_TRUTH:
		if (!json_is_boolean(value))
			return bad(at, f->name, "it is neither true nor false");
		*(bool *)p = json_is_true(value);
		return 0;
	case SIDECAR_WORD: return take_word(at, f, value, p);
	}
	return -1;
}

static int take(const struct place *at, const json_t *doc, const struct sidecar_field *fields,
		size_t n, void *object)
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
	return err_set(at->err, ERR_INVALID, SIDECAR_INFO ": %s: it isn't a list of at most %d",
		       at->list, MAX_MOUNTS);
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
			return err_set(err, ERR_INVALID, SIDECAR_INFO ": two mounts have the id %u",
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
			 sidecar_mount, SIDECAR_MOUNT_FIELDS, m))
			return -1;
		if (*m->mountpoint != '/')
			return bad(at, "mountpoint", "it isn't an absolute path");
	}
	if (check_ids(info, at->err))
		return -1;
	checkpoint_info_index(info);
	return 0;
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
			 sidecar_unmounted, SIDECAR_UNMOUNTED_FIELDS,
			 &info->unmounted[info->n_unmounted++]))
			return -1;
	return 0;
}

static int take_all(const json_t *doc, struct checkpoint_info *info, struct err *err)
{
	struct place at = { .arena = &info->arena, .err = err };

	if (take(&at, doc, sidecar_top, SIDECAR_TOP_FIELDS, info))
		return -1;
	if (info->version != CHECKPOINT_INFO_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       SIDECAR_INFO ": it has version %u, this kedge knows version %d",
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
		return err_set(err, ERR_INVALID, SIDECAR_INFO ": line %d: %s", why.line, why.text);
	ret = take_all(doc, &made, err);
	json_decref(doc);
	if (ret) {
		checkpoint_info_done(&made);
		return -1;
	}
	*info = made;
	return 0;
}
