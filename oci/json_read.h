/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read.h - typed readers: one JSON value each, into one C value each
 *
 * In       struct json_node
 * Out      C values; strings and arrays live in the document's arena
 * Effects  none beyond the findings of the document
 *
 * All readers that take `void *out` have one shape, so that a table of struct json_field describes
 * an object: which key is read by which reader into which member. A reader leaves `out` alone when
 * it has a finding. Readers aren't called for absent members.
 */
#ifndef KEDGE_OCI_JSON_READ_H
#define KEDGE_OCI_JSON_READ_H

#include <stdint.h>

#include "core/spec.h"
#include "oci/json.h"

/* One member of an object. A table ends with a row whose key is NULL. */
struct json_field {
	const char *key;
	void (*read)(const struct json_node *at, void *out);
	size_t offset; /* of what `read` fills, in the struct that the object fills */
	bool is_required;
};

/* A row for a member of `struct type`. */
#define JSON_FIELD(key, reader, type, member)                     \
	{                                                         \
		key, reader, offsetof(struct type, member), false \
	}
/* The same, and a finding when the key is absent. */
#define JSON_NEEDED(key, reader, type, member)                   \
	{                                                        \
		key, reader, offsetof(struct type, member), true \
	}
/* A row whose reader gets the whole struct. */
#define JSON_WHOLE(key, reader)       \
	{                             \
		key, reader, 0, false \
	}

/* A word and what it stands for. A table ends with a row whose word is NULL. */
struct json_word {
	const char *word;
	uint64_t value;
};

/* Whether the value has this type (JSON_OBJECT, JSON_ARRAY or JSON_STRING); else a finding. */
bool json_want(const struct json_node *at, json_type type);

/* Read the members of an object that the table names into `out`; other members are ignored. */
void json_read_object(const struct json_node *at, const struct json_field *fields, void *out);

/*
 * Read an array: each element by `read` into one of the zeroed objects of `bytes` bytes that are
 * returned, `*n` of them. NULL, and `*n` left alone, when it is empty or no array (a finding).
 */
void *json_read_array(const struct json_node *at,
		      void (*read)(const struct json_node *at, void *out), size_t bytes, size_t *n);

/* Read a whole number from `min` to `max`. Whether there was one. */
bool json_int(const struct json_node *at, int64_t min, int64_t max, int64_t *v);

/* Read a whole number from 0 to `max`. Whether there was one. */
bool json_uint(const struct json_node *at, uint64_t max, uint64_t *v);

/* Read a word of a table. Whether it was one; the finding lists the table. */
bool json_word(const struct json_node *at, const struct json_word *words, uint64_t *v);

/* The text of a string in the document (not a copy), or NULL with a finding. */
const char *json_text(const struct json_node *at);

/* out: bool */
void json_read_bool(const struct json_node *at, void *out);
/* out: char *; an empty string counts as absent, as in Go's omitempty */
void json_read_string(const struct json_node *at, void *out);
/* out: char *; not empty */
void json_read_name(const struct json_node *at, void *out);
/* out: char *; a path from the root */
void json_read_path(const struct json_node *at, void *out);
/* out: uint32_t */
void json_read_u32(const struct json_node *at, void *out);
/* out: uint64_t */
void json_read_u64(const struct json_node *at, void *out);
/* out: int64_t */
void json_read_i64(const struct json_node *at, void *out);
/* out: struct spec_opt_u64 */
void json_read_opt_u64(const struct json_node *at, void *out);
/* out: struct spec_opt_i64 */
void json_read_opt_i64(const struct json_node *at, void *out);
/* out: struct spec_strings */
void json_read_strings(const struct json_node *at, void *out);
/* out: struct spec_strings, each a path from the root */
void json_read_paths(const struct json_node *at, void *out);
/* out: struct spec_pairs, in the order of the document; keys aren't empty, values may be */
void json_read_pairs(const struct json_node *at, void *out);

#endif
