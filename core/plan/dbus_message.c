/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/plan/dbus_message.h"

/* "Message Format": the codes of header fields that we write. */
enum { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_DESTINATION = 6, FIELD_SIGNATURE = 8 };

#define MAX_ARRAY_BYTES	    (64U << 20) /* "Arrays" */
#define MAX_SIGNATURE_BYTES 255

static const char zeroes[8];

void dbus_writer_done(struct dbus_writer *w)
{
	buf_done(&w->bytes);
	w->bad = NULL;
}

static void break_rule(struct dbus_writer *w, const char *rule)
{
	if (!w->bad)
		w->bad = rule;
}

static void pad(struct dbus_writer *w, unsigned int alignment)
{
	buf_add(&w->bytes, zeroes, -w->bytes.n & (alignment - 1));
}

/* --- basic types ---------------------------------------------------------------------------------- */

/* Little endian, at a multiple of its size. */
static void put_number(struct dbus_writer *w, uint64_t value, unsigned int bytes)
{
	pad(w, bytes);
	for (unsigned int i = 0; i < bytes; i++)
		buf_add(&w->bytes, (const uint8_t[]){ (uint8_t)(value >> 8 * i) }, 1);
}

void dbus_put_byte(struct dbus_writer *w, uint8_t value)
{
	put_number(w, value, 1);
}

void dbus_put_u16(struct dbus_writer *w, uint16_t value)
{
	put_number(w, value, 2);
}

void dbus_put_u32(struct dbus_writer *w, uint32_t value)
{
	put_number(w, value, 4);
}

void dbus_put_u64(struct dbus_writer *w, uint64_t value)
{
	put_number(w, value, 8);
}

void dbus_put_bool(struct dbus_writer *w, bool value)
{
	dbus_put_u32(w, value);
}

void dbus_put_string(struct dbus_writer *w, const char *s)
{
	size_t n = strlen(s);

	if (!str_is_utf8(s, n))
		break_rule(w, "text that is not UTF-8");
	if (n >= DBUS_MAX_BYTES)
		break_rule(w, "a string of more than a MiB");
	dbus_put_u32(w, (uint32_t)n);
	buf_add(&w->bytes, s, n + 1);
}

/* "Valid Object Paths" */
static bool is_path(const char *s)
{
	if (*s != '/')
		return false;
	for (const char *p = s; *p; p++) {
		bool is_name = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_",
				      *p);

		if (!is_name && (*p != '/' || p[1] == '/'))
			return false;
	}
	return !s[1] || s[strlen(s) - 1] != '/';
}

void dbus_put_path(struct dbus_writer *w, const char *path)
{
	if (!is_path(path))
		break_rule(w, "an object path that D-Bus doesn't allow");
	dbus_put_string(w, path);
}

void dbus_put_signature(struct dbus_writer *w, const char *signature)
{
	size_t n = strlen(signature);

	if (n > MAX_SIGNATURE_BYTES)
		break_rule(w, "a signature of more than 255 types");
	dbus_put_byte(w, (uint8_t)n);
	buf_add(&w->bytes, signature, n + 1);
}

/* --- containers ----------------------------------------------------------------------------------- */

/*
 * The token is where the length stands, a multiple of 4, plus 1 if four bytes of padding lie between
 * it and the first element. The length counts none of them, and they are there in an empty array too.
 */
size_t dbus_open_array(struct dbus_writer *w, unsigned int element_alignment)
{
	size_t token;

	dbus_put_u32(w, 0);
	token = w->bytes.n - sizeof(uint32_t);
	pad(w, element_alignment);
	return token + (w->bytes.n - token > sizeof(uint32_t));
}

void dbus_close_array(struct dbus_writer *w, size_t token)
{
	size_t at = token & ~(size_t)1;
	size_t first = at + (token & 1 ? 2 : 1) * sizeof(uint32_t);
	size_t bytes = w->bytes.n - first;

	if (bytes > MAX_ARRAY_BYTES)
		break_rule(w, "an array of more than 64 MiB");
	for (unsigned int i = 0; i < sizeof(uint32_t); i++)
		w->bytes.p[at + i] = (char)(uint8_t)(bytes >> 8 * i);
}

void dbus_begin_struct(struct dbus_writer *w)
{
	pad(w, 8);
}

/* --- properties ----------------------------------------------------------------------------------- */

static void begin_property(struct dbus_writer *w, const char *name, const char *signature)
{
	dbus_begin_struct(w);
	dbus_put_string(w, name);
	dbus_put_signature(w, signature);
}

void dbus_property_string(struct dbus_writer *w, const char *name, const char *value)
{
	begin_property(w, name, "s");
	dbus_put_string(w, value);
}

void dbus_property_bool(struct dbus_writer *w, const char *name, bool value)
{
	begin_property(w, name, "b");
	dbus_put_bool(w, value);
}

void dbus_property_u64(struct dbus_writer *w, const char *name, uint64_t value)
{
	begin_property(w, name, "t");
	dbus_put_u64(w, value);
}

void dbus_property_u32s(struct dbus_writer *w, const char *name, const uint32_t *values, size_t n)
{
	size_t array;

	begin_property(w, name, "au");
	array = dbus_open_array(w, 4);
	for (size_t i = 0; i < n; i++)
		dbus_put_u32(w, values[i]);
	dbus_close_array(w, array);
}

void dbus_property_bytes(struct dbus_writer *w, const char *name, const void *bytes, size_t n)
{
	size_t array;

	begin_property(w, name, "ay");
	array = dbus_open_array(w, 1);
	buf_add(&w->bytes, bytes, n);
	dbus_close_array(w, array);
}

void dbus_property_strings(struct dbus_writer *w, const char *name, const struct strv *values)
{
	size_t array;

	begin_property(w, name, "as");
	array = dbus_open_array(w, 4);
	for (size_t i = 0; i < values->n; i++)
		dbus_put_string(w, values->v[i]);
	dbus_close_array(w, array);
}

/* --- messages ------------------------------------------------------------------------------------- */

static void put_field(struct dbus_writer *w, uint8_t code, char type, const char *value)
{
	if (!value)
		return;
	dbus_begin_struct(w);
	dbus_put_byte(w, code);
	dbus_put_signature(w, (const char[]){ type, '\0' });
	if (type == 'g')
		dbus_put_signature(w, value);
	else if (type == 'o')
		dbus_put_path(w, value);
	else
		dbus_put_string(w, value);
}

static void put_header(struct dbus_writer *w, const struct dbus_call *call, uint32_t serial)
{
	size_t fields;

	dbus_put_byte(w, 'l');
	dbus_put_byte(w, DBUS_CALL);
	dbus_put_byte(w, 0); /* flags: we want the answer */
	dbus_put_byte(w, 1); /* the protocol's version */
	dbus_put_u32(w, call->body ? (uint32_t)call->body->bytes.n : 0);
	dbus_put_u32(w, serial);
	fields = dbus_open_array(w, 8);
	put_field(w, FIELD_PATH, 'o', call->path);
	put_field(w, FIELD_INTERFACE, 's', call->interface);
	put_field(w, FIELD_MEMBER, 's', call->member);
	put_field(w, FIELD_DESTINATION, 's', call->destination);
	put_field(w, FIELD_SIGNATURE, 'g', call->signature);
	dbus_close_array(w, fields);
	dbus_begin_struct(w);
}

int dbus_method_call(const struct dbus_call *call, uint32_t serial, struct buf *out,
		     struct err *err)
{
	AUTO(dbus_writer_done) struct dbus_writer header = { 0 };
	size_t body_bytes = call->body ? call->body->bytes.n : 0;

	put_header(&header, call, serial);
	if (call->body && call->body->bad)
		break_rule(&header, call->body->bad);
	if (header.bad)
		return err_set(err, ERR_INVALID, "D-Bus call %s has %s", call->member, header.bad);
	if (header.bytes.n + body_bytes > DBUS_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "D-Bus call %s has more than %u bytes", call->member,
			       DBUS_MAX_BYTES);
	buf_add(out, header.bytes.p, header.bytes.n);
	if (body_bytes)
		buf_add(out, call->body->bytes.p, body_bytes);
	return 0;
}
