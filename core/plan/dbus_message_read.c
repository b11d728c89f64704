/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/plan/dbus_message.h"

#define MAX_DEPTH 16

/* Of a basic type `bytes` is all it takes, 0 where that depends. */
struct type {
	char code;
	unsigned int alignment;
	unsigned int bytes;
};

/* "Summary of D-Bus marshaling" */
static const struct type types[] = {
	{ 'y', 1, 1 }, { 'b', 4, 4 }, { 'n', 2, 2 }, { 'q', 2, 2 }, { 'i', 4, 4 }, { 'u', 4, 4 },
	{ 'h', 4, 4 }, { 'x', 8, 8 }, { 't', 8, 8 }, { 'd', 8, 8 }, { 's', 4, 0 }, { 'o', 4, 0 },
	{ 'g', 1, 0 }, { 'v', 1, 0 }, { 'a', 4, 0 }, { '(', 8, 0 }, { '{', 8, 0 },
};

static const struct type *find_type(char code)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].code == code)
			return &types[i];
	return NULL;
}

/* --- values --------------------------------------------------------------------------------------- */

struct dbus_reader dbus_body(const struct dbus_header *header)
{
	return (struct dbus_reader){ .p = header->body, .bytes = header->body_bytes };
}

/* Take `n` bytes that are aligned so, and give where they lie; NULL if they aren't there. */
static const uint8_t *take(struct dbus_reader *r, unsigned int alignment, size_t n)
{
	size_t at = r->at + (-r->at & (alignment - 1));

	if (at > r->bytes || n > r->bytes - at)
		return NULL;
	r->at = at + n;
	return r->p + at;
}

/* For who has to give back what was taken. */
static int fail(struct dbus_reader *r, size_t at)
{
	r->at = at;
	return -1;
}

static uint32_t read_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int dbus_get_u32(struct dbus_reader *r, uint32_t *value)
{
	const uint8_t *p = take(r, 4, 4);

	if (!p)
		return -1;
	*value = read_u32(p);
	return 0;
}

/* `n` bytes of text and a NUL, and no NUL before it. */
static const char *take_text(struct dbus_reader *r, size_t n)
{
	const uint8_t *p = n < DBUS_MAX_BYTES ? take(r, 1, n + 1) : NULL;

	if (!p || p[n] || memchr(p, '\0', n) || !str_is_utf8((const char *)p, n))
		return NULL;
	return (const char *)p;
}

int dbus_get_string(struct dbus_reader *r, const char **value)
{
	size_t before = r->at;
	const char *text;
	uint32_t n;

	if (dbus_get_u32(r, &n))
		return -1;
	text = take_text(r, n);
	if (!text)
		return fail(r, before);
	*value = text;
	return 0;
}

int dbus_get_signature(struct dbus_reader *r, const char **value)
{
	size_t before = r->at;
	const uint8_t *n = take(r, 1, 1);
	const char *text = n ? take_text(r, *n) : NULL;

	if (!text)
		return fail(r, before);
	*value = text;
	return 0;
}

int dbus_get_variant(struct dbus_reader *r, const char *signature)
{
	size_t before = r->at;
	const char *found;

	if (dbus_get_signature(r, &found) || strcmp(found, signature) != 0)
		return fail(r, before);
	return 0;
}

/* --- skipping ------------------------------------------------------------------------------------- */

/* Behind the first complete type of a signature; NULL if there is none. */
static const char *behind_type(const char *signature)
{
	const char *p = signature;
	unsigned int open = 0;

	do {
		p += strspn(p, "a");
		if (*p == '(' || *p == '{')
			open++;
		else if ((*p == ')' || *p == '}') && open)
			open--;
		else if (!find_type(*p))
			return NULL;
		p++;
	} while (open);
	return p;
}

static int skip(struct dbus_reader *r, const char *signature, const char *end, unsigned int depth);

static int skip_variant(struct dbus_reader *r, unsigned int depth)
{
	const char *signature;

	if (dbus_get_signature(r, &signature) || !*signature ||
	    behind_type(signature) != signature + strlen(signature))
		return -1;
	return skip(r, signature, signature + strlen(signature), depth + 1);
}

/* The elements of an array are not looked at: its length says where it ends. */
static int skip_array(struct dbus_reader *r, const char *element)
{
	const struct type *type = find_type(*element);
	uint32_t n;

	if (!type || dbus_get_u32(r, &n) || !take(r, type->alignment, 0))
		return -1;
	return take(r, 1, n) ? 0 : -1;
}

/* The value of the complete type in [signature, end). */
static int skip_one(struct dbus_reader *r, const char *signature, const char *end,
		    unsigned int depth)
{
	const struct type *type = find_type(*signature);
	const char *text;

	if (type->bytes)
		return take(r, type->alignment, type->bytes) ? 0 : -1;
	switch (*signature) {
	case 's':
	case 'o': return dbus_get_string(r, &text);
	case 'g': return dbus_get_signature(r, &text);
	case 'v': return skip_variant(r, depth);
	case 'a': return skip_array(r, signature + 1);
	default: /* a struct, or a dict entry */
		if (!take(r, type->alignment, 0))
			return -1;
		return skip(r, signature + 1, end - 1, depth + 1);
	}
}

static int skip(struct dbus_reader *r, const char *signature, const char *end, unsigned int depth)
{
	if (depth > MAX_DEPTH)
		return -1;
	while (signature < end) {
		const char *next = behind_type(signature);

		if (!next || next > end || skip_one(r, signature, next, depth))
			return -1;
		signature = next;
	}
	return 0;
}

int dbus_skip(struct dbus_reader *r, const char *signature)
{
	size_t before = r->at;

	return skip(r, signature, signature + strlen(signature), 0) ? fail(r, before) : 0;
}

/* --- messages ------------------------------------------------------------------------------------- */

static int bad(struct err *err, const char *rule)
{
	return err_set(err, ERR_INVALID, "a message that is not D-Bus's: %s", rule);
}

/* "Message Format": yyyyuua(yv), the array's elements and padding to 8, the body. */
static int check_start(const uint8_t *start, size_t *fields_bytes, size_t *body_bytes,
		       struct err *err)
{
	if (start[0] == 'B')
		return bad(err, "it is big endian, which kedge doesn't read");
	if (start[0] != 'l')
		return bad(err, "its first byte is not l");
	if (start[3] != 1)
		return bad(err, "its version is not 1");
	if (!start[1])
		return bad(err, "its type is 0");
	*body_bytes = read_u32(start + 4);
	*fields_bytes = read_u32(start + 12);
	if (*body_bytes > DBUS_MAX_BYTES || *fields_bytes > DBUS_MAX_BYTES ||
	    DBUS_START_BYTES + *fields_bytes + 7 + *body_bytes > DBUS_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "a D-Bus message of more than %u bytes",
			       DBUS_MAX_BYTES);
	return 0;
}

static size_t body_offset(size_t fields_bytes)
{
	return (DBUS_START_BYTES + fields_bytes + 7) & ~(size_t)7;
}

int dbus_message_bytes(const void *start, size_t *bytes, struct err *err)
{
	size_t fields_bytes, body_bytes;

	if (check_start(start, &fields_bytes, &body_bytes, err))
		return -1;
	*bytes = body_offset(fields_bytes) + body_bytes;
	return 0;
}

/* "Header Fields"; a field is of that type or the message is none. */
static const struct field {
	uint8_t code;
	char signature[2];
	size_t offset; /* in struct dbus_header, of a string; REPLY_SERIAL is a number */
} fields[] = {
	{ 1, "o", offsetof(struct dbus_header, path) },
	{ 2, "s", offsetof(struct dbus_header, interface) },
	{ 3, "s", offsetof(struct dbus_header, member) },
	{ 4, "s", offsetof(struct dbus_header, error_name) },
	{ 5, "u", offsetof(struct dbus_header, reply_serial) },
	{ 6, "s", offsetof(struct dbus_header, destination) },
	{ 7, "s", offsetof(struct dbus_header, sender) },
	{ 8, "g", offsetof(struct dbus_header, signature) },
};

static int take_known_field(struct dbus_reader *r, const struct field *f, struct dbus_header *out)
{
	void *to = (char *)out + f->offset;
	const char **text = to;

	if (dbus_get_variant(r, f->signature))
		return -1;
	if (*f->signature == 'u')
		return dbus_get_u32(r, to);
	return *f->signature == 'g' ? dbus_get_signature(r, text) : dbus_get_string(r, text);
}

/* What we don't know is ignored, as the specification wants. */
static int take_field(struct dbus_reader *r, struct dbus_header *out)
{
	const uint8_t *code = take(r, 8, 1);

	if (!code)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].code == *code)
			return take_known_field(r, &fields[i], out);
	return dbus_skip(r, "v");
}

/* "Message Types": the fields that each must have. */
static bool has_its_fields(const struct dbus_header *h)
{
	switch (h->type) {
	case DBUS_CALL: return h->path && h->member;
	case DBUS_RETURN: return h->reply_serial;
	case DBUS_ERROR: return h->reply_serial && h->error_name;
	case DBUS_SIGNAL: return h->path && h->interface && h->member;
	default: return true;
	}
}

int dbus_message_parse(const void *bytes, size_t n, struct dbus_header *out, struct err *err)
{
	const uint8_t *p = bytes;
	struct dbus_header h = { .signature = "" };
	struct dbus_reader r = { .p = p, .at = DBUS_START_BYTES };
	size_t body_bytes;

	if (n < DBUS_START_BYTES)
		return bad(err, "it is cut off");
	if (check_start(p, &r.bytes, &body_bytes, err))
		return -1;
	r.bytes += DBUS_START_BYTES;
	if (body_offset(r.bytes - DBUS_START_BYTES) + body_bytes != n)
		return bad(err, "its length is not what it says");
	h.type = p[1];
	h.serial = read_u32(p + 8);
	if (!h.serial)
		return bad(err, "its serial is 0");
	while (r.at < r.bytes)
		if (take_field(&r, &h))
			return bad(err, "a header field is broken");
	if (!has_its_fields(&h))
		return bad(err, "a header field is missing");
	h.body = p + n - body_bytes;
	h.body_bytes = body_bytes;
	*out = h;
	return 0;
}
