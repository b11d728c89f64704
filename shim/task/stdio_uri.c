/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "shim/task/stdio_uri.h"

static const struct {
	const char *name;
	enum stdio_kind kind;
} schemes[] = {
	{ "fifo", STDIO_FIFO },
	{ "file", STDIO_FILE },
	{ "binary", STDIO_BINARY },
	{ "binary-v2", STDIO_BINARY },
};

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* Take the escapes out of `bytes` bytes; in a query "+" is a blank. NULL for a bad one. */
static char *decode(const char *text, size_t bytes, bool is_query)
{
	auto_free char *out = xmalloc(bytes + 1);
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < bytes ? digit(text[i + 1]) : -1;
			int low = high >= 0 ? digit(text[i + 2]) : -1;

			c = (char)(high * 16 + low);
			if (low < 0 || !c)
				return NULL;
			i += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return take_ptr(&out);
}

static bool has_key(const struct strv *args, const char *key)
{
	for (size_t i = 0; i < args->n; i += 2)
		if (!strcmp(args->v[i], key))
			return true;
	return false;
}

/* "key=value", or "key" alone, which has an empty value. */
static int add_pair(const char *text, size_t bytes, struct strv *args)
{
	const char *sign = memchr(text, '=', bytes);
	size_t key_bytes = sign ? (size_t)(sign - text) : bytes;
	auto_free char *key = decode(text, key_bytes, true);
	auto_free char *value = NULL;

	value = sign ? decode(sign + 1, bytes - key_bytes - 1, true) : xstrdup("");
	if (!key || !value)
		return -1;
	if (!has_key(args, key)) {
		strv_add(args, key);
		strv_add(args, value);
	}
	return 0;
}

static int parse_query(const char *query, size_t bytes, struct strv *args)
{
	const char *end = query + bytes;

	while (query < end) {
		const char *next = memchr(query, '&', (size_t)(end - query));

		next = next ? next : end;
		if (next > query && add_pair(query, (size_t)(next - query), args))
			return -1;
		query = next + 1;
	}
	return 0;
}

/* What follows the scheme's colon. */
static int parse_rest(const char *rest, struct stdio_uri *uri)
{
	const char *path = str_starts(rest, "//") ? rest + 2 : rest;
	size_t bytes = strcspn(path, "?#");
	const char *query = path[bytes] == '?' ? path + bytes + 1 : "";

	if (path[0] != '/')
		return -1;
	uri->path = decode(path, bytes, false);
	if (!uri->path)
		return -1;
	return parse_query(query, strcspn(query, "#"), &uri->args);
}

static int parse(const char *text, struct stdio_uri *uri, struct err *err)
{
	size_t name = strcspn(text, ":");

	if (text[0] == '/') {
		uri->path = xstrdup(text);
		return 0;
	}
	for (size_t i = 0; text[name] && i < ARRAY_LEN(schemes); i++) {
		if (strlen(schemes[i].name) != name || strncmp(schemes[i].name, text, name) != 0)
			continue;
		uri->kind = schemes[i].kind;
		if (parse_rest(text + name + 1, uri))
			return err_set(err, ERR_INVALID, "no URI of an absolute path: \"%s\"",
				       text);
		return 0;
	}
	return err_set(err, ERR_INVALID, "unknown STDIO scheme in \"%s\"", text);
}

int stdio_uri_parse(const char *text, struct stdio_uri *uri, struct err *err)
{
	AUTO(stdio_uri_done) struct stdio_uri u = { 0 };

	if (parse(text, &u, err))
		return -1;
	*uri = u;
	u = (struct stdio_uri){ 0 };
	return 0;
}

void stdio_uri_done(struct stdio_uri *uri)
{
	free(take_ptr(&uri->path));
	strv_done(&uri->args);
}
