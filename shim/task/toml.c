/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/str.h"
#include "shim/task/toml.h"

struct reader {
	const char *p, *end;
	unsigned int line;
	char *table;
	toml_fn fn;
	void *ctx;
	struct err *err;
};

static int bad(const struct reader *r, const char *what)
{
	return err_set(r->err, ERR_INVALID, "line %u: %s", r->line, what);
}

static char peek(const struct reader *r)
{
	return r->p < r->end ? *r->p : '\0';
}

static bool is_at_end(const struct reader *r)
{
	return r->p == r->end;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c || is_at_end(r))
		return false;
	r->p++;
	return true;
}

static void skip_space(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->p++;
}

static void skip_comment(struct reader *r)
{
	skip_space(r);
	if (peek(r) == '#')
		while (!is_at_end(r) && *r->p != '\n')
			r->p++;
}

/* To the next thing, over the ends of lines. */
static void skip_blank(struct reader *r)
{
	for (;;) {
		skip_comment(r);
		if (peek(r) != '\n' && peek(r) != '\r')
			return;
		r->line += *r->p == '\n';
		r->p++;
	}
}

static int end_line(struct reader *r)
{
	skip_comment(r);
	take(r, '\r');
	return is_at_end(r) || peek(r) == '\n' ? 0 : bad(r, "something is left behind the value");
}

/* --- strings -----------------------------------------------------------------------------------*/

static void add_utf8(struct buf *out, unsigned int c)
{
	unsigned char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (unsigned char)(0x80 | (c & 0x3f));
	b[0] = (unsigned char)(first[n] | c);
	buf_add(out, b, n);
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int read_unicode(struct reader *r, int n_digits, struct buf *out)
{
	unsigned int c = 0;

	for (int i = 0; i < n_digits; i++) {
		int v = hex_value(peek(r));

		if (v < 0)
			return bad(r, "\\u and \\U need 4 and 8 digits");
		c = c << 4 | (unsigned int)v;
		r->p++;
	}
	if (!c || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return bad(r, "no such character");
	add_utf8(out, c);
	return 0;
}

static int read_escape(struct reader *r, struct buf *out)
{
	static const char names[] = "\"\\ntrbf", values[] = "\"\\\n\t\r\b\f";
	char c = peek(r);
	const char *at = c ? strchr(names, c) : NULL;

	r->p += !is_at_end(r);
	if (at)
		buf_add(out, &values[at - names], 1);
	else if (c == 'u' || c == 'U')
		return read_unicode(r, c == 'u' ? 4 : 8, out);
	else
		return bad(r, "no such escape");
	return 0;
}

/* Behind the opening quote. */
static int read_string(struct reader *r, char quote, struct buf *out)
{
	buf_add(out, "", 0);
	for (;;) {
		if (is_at_end(r) || *r->p == '\n')
			return bad(r, "the string doesn't end on its line");
		if (take(r, quote))
			break;
		if (quote == '"' && take(r, '\\')) {
			if (read_escape(r, out))
				return -1;
			continue;
		}
		if (!*r->p)
			return bad(r, "a NUL");
		buf_add(out, r->p++, 1);
	}
	return str_is_utf8(out->p, out->n) ? 0 : bad(r, "not UTF-8");
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static void read_bare(struct reader *r, struct buf *out)
{
	while (is_bare(peek(r)))
		buf_add(out, r->p++, 1);
}

/* --- keys --------------------------------------------------------------------------------------*/

/* "a.b.c": the last part goes to `last`, the others are added to `table`. */
static int read_key(struct reader *r, struct buf *table, struct buf *last)
{
	for (;;) {
		char quote;

		skip_space(r);
		quote = peek(r);
		buf_done(last);
		if (quote == '"' || quote == '\'') {
			r->p++;
			if (read_string(r, quote, last))
				return -1;
		} else {
			read_bare(r, last);
			if (!last->n)
				return bad(r, "a key is expected");
		}
		skip_space(r);
		if (!take(r, '.'))
			return 0;
		if (table->n)
			buf_str(table, ".");
		buf_str(table, last->p);
	}
}

static int read_table(struct reader *r)
{
	AUTO(buf_done) struct buf table = { 0 }, last = { 0 };

	if (peek(r) == '[')
		return bad(r, "lists of tables are not supported");
	if (read_key(r, &table, &last))
		return -1;
	if (!take(r, ']'))
		return bad(r, "] is expected");
	if (table.n)
		buf_str(&table, ".");
	buf_str(&table, last.p);
	free(r->table);
	r->table = take_ptr(&table.p);
	return 0;
}

/* --- values ------------------------------------------------------------------------------------*/

static int tell(struct reader *r, struct toml_value *v, const char *text)
{
	v->text = text;
	return r->fn(r->ctx, v, r->err) ? err_wrap(r->err, "line %u", r->line) : 0;
}

static int read_scalar(struct reader *r, struct toml_value *v)
{
	AUTO(buf_done) struct buf b = { 0 };
	char quote = peek(r);
	unsigned long long number;

	if (quote == '"' || quote == '\'') {
		r->p++;
		v->kind = TOML_TEXT;
		return read_string(r, quote, &b) || tell(r, v, b.p) ? -1 : 0;
	}
	read_bare(r, &b);
	if (!b.n)
		return bad(r, "a string, true, false or a number is expected");
	if (!strcmp(b.p, "true") || !strcmp(b.p, "false"))
		v->kind = TOML_BOOL;
	else if (!str_to_u64(*b.p == '-' ? b.p + 1 : b.p, ~0ULL, &number))
		v->kind = TOML_INTEGER;
	else
		return bad(r, "this kind of value is not supported");
	return tell(r, v, b.p);
}

static int read_list(struct reader *r, struct toml_value *v)
{
	v->is_item = true;
	for (;;) {
		skip_blank(r);
		if (take(r, ']'))
			return 0;
		if (read_scalar(r, v))
			return -1;
		skip_blank(r);
		if (!take(r, ',') && peek(r) != ']')
			return bad(r, "the list needs , or ]");
	}
}

static int read_pair(struct reader *r)
{
	AUTO(buf_done) struct buf table = { 0 }, key = { 0 };
	struct toml_value v = { 0 };

	buf_str(&table, r->table);
	if (read_key(r, &table, &key))
		return -1;
	if (!take(r, '='))
		return bad(r, "= is expected");
	skip_space(r);
	v.table = table.p;
	v.key = key.p;
	return take(r, '[') ? read_list(r, &v) : read_scalar(r, &v);
}

static int read_all(struct reader *r)
{
	for (;;) {
		skip_blank(r);
		if (is_at_end(r))
			return 0;
		if (take(r, '[') ? read_table(r) : read_pair(r))
			return -1;
		if (end_line(r))
			return -1;
	}
}

int toml_read(const char *text, size_t n, toml_fn fn, void *ctx, struct err *err)
{
	struct reader r = { .p = text, .line = 1, .fn = fn, .ctx = ctx };
	int ret;

	if (!n)
		return 0; /* and `text` may be NULL, which has no end */
	r.end = text + n;
	r.err = err;
	r.table = xstrdup("");
	ret = read_all(&r);
	free(r.table);
	return ret;
}
