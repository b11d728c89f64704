/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "oci/json_read.h"

bool json_want(const struct json_node *at, json_type type)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
	};

	if (at->v && json_typeof(at->v) == type && !json_big_digits(at->v))
		return true;
	json_find(at, "must be %s, is %s", words[type], json_kind(at));
	return false;
}

void json_read_object(const struct json_node *at, const struct json_field *fields, void *out)
{
	if (!json_want(at, JSON_OBJECT))
		return;
	for (const struct json_field *f = fields; f->key; f++) {
		struct json_node member = json_member(at, f->key);

		if (member.v)
			f->read(&member, (char *)out + f->offset);
		else if (f->is_required)
			json_find(&member, "is missing");
	}
}

void *json_read_array(const struct json_node *at,
		      void (*read)(const struct json_node *at, void *out), size_t bytes, size_t *n)
{
	size_t count;
	char *v;

	if (!json_want(at, JSON_ARRAY))
		return NULL;
	count = json_array_size(at->v);
	if (!count)
		return NULL;
	v = arena_array(at->doc->arena, count, bytes);
	for (size_t i = 0; i < count; i++) {
		struct json_node element = json_element(at, i);

		read(&element, v + i * bytes);
	}
	*n = count;
	return v;
}

/* A number that is no int64 in range: say what was wanted and what was there. */
static void find_number(const struct json_node *at, const char *wanted)
{
	const char *big = json_big_digits(at->v);

	if (json_is_integer(at->v))
		json_find(at, "must be %s, is %" JSON_INTEGER_FORMAT, wanted,
			  json_integer_value(at->v));
	else if (json_is_real(at->v))
		json_find(at, "must be %s, is %g", wanted, json_real_value(at->v));
	else if (big)
		json_find(at, "must be %s, is %.20s", wanted, big);
	else
		json_find(at, "must be %s, is %s", wanted, json_kind(at));
}

bool json_int(const struct json_node *at, int64_t min, int64_t max, int64_t *v)
{
	char wanted[80];

	if (json_is_integer(at->v) && json_integer_value(at->v) >= min &&
	    json_integer_value(at->v) <= max) {
		*v = json_integer_value(at->v);
		return true;
	}
	snprintf(wanted, sizeof(wanted), "a whole number from %" PRId64 " to %" PRId64, min, max);
	find_number(at, wanted);
	return false;
}

bool json_uint(const struct json_node *at, uint64_t max, uint64_t *v)
{
	const char *big = json_big_digits(at->v);
	unsigned long long number;
	char wanted[80];

	if (json_is_integer(at->v) && json_integer_value(at->v) >= 0 &&
	    (uint64_t)json_integer_value(at->v) <= max) {
		*v = (uint64_t)json_integer_value(at->v);
		return true;
	}
	if (big && !str_to_u64(big, max, &number)) {
		*v = number;
		return true;
	}
	snprintf(wanted, sizeof(wanted), "a whole number from 0 to %" PRIu64, max);
	find_number(at, wanted);
	return false;
}

const char *json_text(const struct json_node *at)
{
	return json_want(at, JSON_STRING) ? json_string_value(at->v) : NULL;
}

bool json_word(const struct json_node *at, const struct json_word *words, uint64_t *v)
{
	AUTO(buf_done) struct buf all = { 0 };
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (!text)
		return false;
	for (const struct json_word *w = words; w->word; w++)
		if (!strcmp(w->word, text)) {
			*v = w->value;
			return true;
		}
	for (const struct json_word *w = words; w->word; w++)
		buf_addf(&all, "%s%s", w == words ? "" : ", ", w->word);
	json_find(at, "must be one of %s, is %s", all.p, json_quote(quoted, text));
	return false;
}

void json_read_bool(const struct json_node *at, void *out)
{
	if (json_is_boolean(at->v))
		*(bool *)out = json_is_true(at->v);
	else
		json_find(at, "must be true or false, is %s", json_kind(at));
}

void json_read_string(const struct json_node *at, void *out)
{
	const char *text = json_text(at);

	if (text)
		*(char **)out = *text ? arena_strdup(at->doc->arena, text) : NULL;
}

void json_read_name(const struct json_node *at, void *out)
{
	const char *text = json_text(at);

	if (text && !*text)
		json_find(at, "must not be empty");
	else if (text)
		*(char **)out = arena_strdup(at->doc->arena, text);
}

void json_read_path(const struct json_node *at, void *out)
{
	const char *text = json_text(at);
	char quoted[JSON_QUOTE_BYTES];

	if (text && *text != '/')
		json_find(at, "must be an absolute path, is %s", json_quote(quoted, text));
	else if (text)
		*(char **)out = arena_strdup(at->doc->arena, text);
}

void json_read_u32(const struct json_node *at, void *out)
{
	uint64_t v;

	if (json_uint(at, UINT32_MAX, &v))
		*(uint32_t *)out = (uint32_t)v;
}

void json_read_u64(const struct json_node *at, void *out)
{
	json_uint(at, UINT64_MAX, out);
}

void json_read_i64(const struct json_node *at, void *out)
{
	json_int(at, INT64_MIN, INT64_MAX, out);
}

void json_read_opt_u64(const struct json_node *at, void *out)
{
	struct spec_opt_u64 *opt = out;

	opt->set = json_uint(at, UINT64_MAX, &opt->v);
}

void json_read_opt_i64(const struct json_node *at, void *out)
{
	struct spec_opt_i64 *opt = out;

	opt->set = json_int(at, INT64_MIN, INT64_MAX, &opt->v);
}

/* A string of a list is kept as it is: "" is an argument too. */
static void read_item(const struct json_node *at, void *out)
{
	const char *text = json_text(at);

	if (text)
		*(char **)out = arena_strdup(at->doc->arena, text);
}

/* An array of strings, with a NULL behind it. */
static void read_list(const struct json_node *at, struct spec_strings *list,
		      void (*read)(const struct json_node *at, void *out))
{
	size_t count;

	if (!json_want(at, JSON_ARRAY))
		return;
	count = json_array_size(at->v);
	if (!count)
		return;
	list->v = arena_array(at->doc->arena, count + 1, sizeof(*list->v));
	list->n = count;
	for (size_t i = 0; i < count; i++) {
		struct json_node element = json_element(at, i);

		read(&element, &list->v[i]);
	}
}

void json_read_strings(const struct json_node *at, void *out)
{
	read_list(at, out, read_item);
}

void json_read_paths(const struct json_node *at, void *out)
{
	read_list(at, out, json_read_path);
}

void json_read_pairs(const struct json_node *at, void *out)
{
	struct spec_pairs *pairs = out;
	struct spec_pair *pair;
	const char *key;
	json_t *v;

	if (!json_want(at, JSON_OBJECT) || !json_object_size(at->v))
		return;
	pairs->v = arena_array(at->doc->arena, json_object_size(at->v), sizeof(*pairs->v));
	pair = pairs->v;
	json_object_foreach(at->v, key, v)
	{
		struct json_node value = { .doc = at->doc, .up = at, .key = key, .v = v };

		if (json_is_null(v))
			continue;
		if (!*key)
			json_find(&value, "a key must not be empty");
		pair->key = arena_strdup(at->doc->arena, key);
		read_item(&value, &pair->value);
		pair++;
	}
	pairs->n = (size_t)(pair - pairs->v);
}
