/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_out.h - write an indented JSON document member by member
 *
 * In       calls in the order of the document; keys are NULL for an array's elements and the root
 * Out      the text, in `text`
 * Effects  none
 * Source   RFC 8259; the layout is Go's json.MarshalIndent, which is how runc writes documents
 */
#ifndef KEDGE_OCI_JSON_OUT_H
#define KEDGE_OCI_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

/* Set `indent` (one level's), the rest to zero; buf_done(&text) when done. */
struct json_out {
	const char *indent;
	struct buf text;
	unsigned int depth;
	bool has_member; /* the innermost object or array has one already */
};

/* Begin an object ('{') or an array ('['). */
void json_out_open(struct json_out *out, const char *key, char bracket);

/* End the innermost object ('}') or array (']'). */
void json_out_close(struct json_out *out, char bracket);

/* Write a string. */
void json_out_string(struct json_out *out, const char *key, const char *value);

/* Write an array of strings; `list` ends with NULL, and NULL itself is an empty list. */
void json_out_strings(struct json_out *out, const char *key, const char *const *list);

/* Write true or false. */
void json_out_bool(struct json_out *out, const char *key, bool value);

/* Write a whole number. */
void json_out_number(struct json_out *out, const char *key, unsigned long long value);

#endif
