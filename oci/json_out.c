/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json_out.h"

static void new_line(struct json_out *out)
{
	buf_str(&out->text, "\n");
	for (unsigned int i = 0; i < out->depth; i++)
		buf_str(&out->text, out->indent);
}

/* What stands before a value: comma, line, key. */
static void begin(struct json_out *out, const char *key)
{
	if (out->has_member)
		buf_str(&out->text, ",");
	if (out->depth)
		new_line(out);
	if (key) {
		buf_quoted(&out->text, key);
		buf_str(&out->text, ": ");
	}
	out->has_member = true;
}

void json_out_open(struct json_out *out, const char *key, char bracket)
{
	begin(out, key);
	buf_add(&out->text, &bracket, 1);
	out->depth++;
	out->has_member = false;
}

void json_out_close(struct json_out *out, char bracket)
{
	out->depth--;
	if (out->has_member)
		new_line(out);
	buf_add(&out->text, &bracket, 1);
	out->has_member = true;
}

void json_out_string(struct json_out *out, const char *key, const char *value)
{
	begin(out, key);
	buf_quoted(&out->text, value);
}

void json_out_strings(struct json_out *out, const char *key, const char *const *list)
{
	json_out_open(out, key, '[');
	for (; list && *list; list++)
		json_out_string(out, NULL, *list);
	json_out_close(out, ']');
}

void json_out_bool(struct json_out *out, const char *key, bool value)
{
	begin(out, key);
	buf_str(&out->text, value ? "true" : "false");
}

void json_out_number(struct json_out *out, const char *key, unsigned long long value)
{
	begin(out, key);
	buf_addf(&out->text, "%llu", value);
}
