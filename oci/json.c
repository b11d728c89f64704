/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/base/log.h"
#include "oci/json.h"

#define FINDINGS_MAX 20

/* Leaves room in struct err's message for the document's name and "and N more". */
#define FINDINGS_BYTES 2700

/* No key of an OCI document; as the only member of an object it marks a big number. */
#define BIG_KEY "\001u64"

/*
 * jansson would open /dev/urandom for the seed of its hash tables; the kernel gave every process
 * 16 random bytes at exec. Only the first call of a process has an effect.
 */
static void seed_hash_tables(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	size_t seed = 1;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	json_object_seed(seed | 1);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits of 2^63, the smallest number that jansson can't hold. */
#define BIG_DIGITS 19

/* Whether a big number could be in the document. Of a run of 19 digits every 19th byte is one. */
static bool may_have_big_numbers(const char *text, size_t bytes)
{
	for (size_t i = BIG_DIGITS - 1; i < bytes; i += BIG_DIGITS) {
		size_t first = i, end = i;

		while (end < bytes && is_digit(text[end]))
			end++;
		while (end > i && first && is_digit(text[first - 1]))
			first--;
		if (end - first >= BIG_DIGITS)
			return true;
	}
	return false;
}

/* Where the string that begins with the quote at text[i] ends: behind its closing quote. */
static size_t string_end(const char *text, size_t bytes, size_t i)
{
	for (i++; i < bytes && text[i] != '"'; i++)
		if (text[i] == '\\')
			i++;
	return i < bytes ? i + 1 : bytes;
}

/* Where the number that begins at text[i] ends. */
static size_t number_end(const char *text, size_t bytes, size_t i)
{
	while (i < bytes && text[i] && (is_digit(text[i]) || strchr("+-.eE", text[i])))
		i++;
	return i;
}

/* Whether the token is a whole number in 2^63 … 2^64-1. */
static bool is_big(const char *token, size_t bytes)
{
	unsigned long long v;
	char digits[24];

	if (bytes < BIG_DIGITS || bytes >= sizeof(digits))
		return false;
	memcpy(digits, token, bytes);
	digits[bytes] = '\0';
	return !str_to_u64(digits, UINT64_MAX, &v) && v > INT64_MAX;
}

/* A copy of the document with every big number N as {"\u0001u64":"N"}. */
static void mark_big_numbers(const char *text, size_t bytes, struct buf *out)
{
	size_t copied = 0;

	for (size_t i = 0, end; i < bytes; i = end) {
		end = i + 1;
		if (text[i] == '"')
			end = string_end(text, bytes, i);
		else if (is_digit(text[i]) || text[i] == '-')
			end = number_end(text, bytes, i);
		if (!is_big(text + i, end - i))
			continue;
		buf_add(out, text + copied, i - copied);
		buf_addf(out, "{\"\\u0001u64\":\"%.*s\"}", (int)(end - i), text + i);
		copied = end;
	}
	buf_add(out, text + copied, bytes - copied);
}

/* jansson's codes for which we have better words than jansson. */
static const struct {
	enum json_error_code code;
	enum err_kind kind;
	const char *text;
} syntax_errors[] = {
	{ json_error_stack_overflow, ERR_LIMIT, "nested deeper than 2048 levels" },
	{ json_error_numeric_overflow, ERR_LIMIT, "a number is out of range" },
	{ json_error_invalid_utf8, ERR_INVALID, "not valid UTF-8" },
	{ json_error_null_character, ERR_INVALID, "a string holds a NUL (\\u0000)" },
	{ json_error_null_byte_in_key, ERR_INVALID, "a key holds a NUL (\\u0000)" },
	{ json_error_end_of_input_expected, ERR_INVALID, "more text after the document's end" },
	{ json_error_premature_end_of_input, ERR_INVALID, "the document ends too early" },
};

static int syntax_error(const struct json_doc *doc, const json_error_t *e, struct err *err)
{
	enum err_kind kind = ERR_INVALID;
	char quoted[JSON_QUOTE_BYTES];
	const char *text = NULL;

	for (size_t i = 0; i < ARRAY_LEN(syntax_errors); i++)
		if (json_error_code(e) == syntax_errors[i].code) {
			kind = syntax_errors[i].kind;
			text = syntax_errors[i].text;
		}
	if (text)
		err_set(err, kind, "%.200s: line %d, column %d: %s", doc->name, e->line, e->column,
			text);
	else
		err_set(err, kind, "%.200s: line %d, column %d: not valid JSON: %s", doc->name,
			e->line, e->column, json_quote(quoted, e->text));
	return err_hint(err, "jq . FILE shows where the JSON of a file breaks off");
}

/* What is wrong before the first brace. */
static int check_start(const struct json_doc *doc, const char *text, size_t bytes, struct err *err)
{
	if (!bytes) {
		err_set(err, ERR_INVALID, "%.200s: is empty", doc->name);
		return err_hint(err, "kedge spec writes a config.json to start from");
	}
	if (bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		err_set(err, ERR_INVALID, "%.200s: begins with a byte order mark", doc->name);
		return err_hint(err,
				"JSON has none; sed -i '1s/^\\xef\\xbb\\xbf//' FILE takes it out");
	}
	return 0;
}

int json_doc_parse(struct json_doc *doc, const char *text, size_t bytes, struct err *err)
{
	AUTO(buf_done) struct buf marked = { 0 };
	json_error_t e;

	if (check_start(doc, text, bytes, err))
		return -1;
	if (may_have_big_numbers(text, bytes)) {
		mark_big_numbers(text, bytes, &marked);
		text = marked.p;
		bytes = marked.n;
	}
	seed_hash_tables();
	doc->root = json_loadb(text, bytes, 0, &e);
	return doc->root ? 0 : syntax_error(doc, &e, err);
}

struct json_node json_doc_root(struct json_doc *doc)
{
	return (struct json_node){ .doc = doc, .v = doc->root };
}

int json_doc_verdict(const struct json_doc *doc, struct err *err)
{
	enum err_kind kind = doc->has_invalid ? ERR_INVALID : ERR_UNSUPPORTED;

	if (!doc->shown)
		return 0;
	if (doc->hidden)
		err_set(err, kind, "%.200s: %s; and %u more", doc->name, doc->findings.p,
			doc->hidden);
	else
		err_set(err, kind, "%.200s: %s", doc->name, doc->findings.p);
	return err_hint(err, "the rules: config.md and config-linux.md of the OCI runtime-spec, "
			     "https://github.com/opencontainers/runtime-spec");
}

void json_doc_done(struct json_doc *doc)
{
	json_decref(doc->root);
	buf_done(&doc->findings);
	*doc = (struct json_doc){ 0 };
}

struct json_node json_member(const struct json_node *up, const char *key)
{
	json_t *v = json_object_get(up->v, key);

	return (struct json_node){
		.doc = up->doc,
		.up = up,
		.key = key,
		.v = json_is_null(v) ? NULL : v,
	};
}

struct json_node json_element(const struct json_node *up, size_t index)
{
	return (struct json_node){
		.doc = up->doc,
		.up = up,
		.index = index,
		.v = json_array_get(up->v, index),
	};
}

const char *json_big_digits(const json_t *v)
{
	if (json_object_size(v) != 1)
		return NULL;
	return json_string_value(json_object_get(v, BIG_KEY));
}

const char *json_kind(const struct json_node *at)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a number",	[JSON_TRUE] = "a boolean",
		[JSON_FALSE] = "a boolean",  [JSON_NULL] = "null",
	};

	if (!at->v)
		return "absent";
	return json_big_digits(at->v) ? words[JSON_INTEGER] : words[json_typeof(at->v)];
}

/* Append `s` to `out` (bytes bytes in all) as a message shows it, with "…" when it is cut. */
static void show(char *out, size_t bytes, const char *s)
{
	size_t n = strlen(out);

	while (*s && n + sizeof("\\x00…") < bytes) {
		unsigned char c = (unsigned char)*s++;

		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(out + n, bytes - n, "\\x%02x", c);
		else
			out[n++] = (char)c;
	}
	/* A cut must not leave the first half of a UTF-8 sequence. */
	while (*s && n && ((unsigned char)*s & 0xc0) == 0x80)
		s = out + --n;
	snprintf(out + n, bytes - n, "%s", *s ? "…" : "");
}

const char *json_quote(char out[JSON_QUOTE_BYTES], const char *s)
{
	out[0] = '"';
	out[1] = '\0';
	show(out, JSON_QUOTE_BYTES - 1, s);
	return strcat(out, "\"");
}

/* Append one step of a JSON pointer: "/key" with ~ and / escaped, or "/3". */
static void pointer_step(const struct json_node *at, struct buf *out)
{
	char cut[JSON_QUOTE_BYTES] = "";

	if (!at->key) {
		buf_addf(out, "/%zu", at->index);
		return;
	}
	show(cut, sizeof(cut), at->key);
	buf_str(out, "/");
	for (const char *c = cut; *c; c++)
		if (*c == '~')
			buf_str(out, "~0");
		else if (*c == '/')
			buf_str(out, "~1");
		else
			buf_add(out, c, 1);
}

/* Append the JSON pointer of a node (RFC 6901); as deep as our readers go, not as the file goes. */
static void pointer(const struct json_node *at, struct buf *out)
{
	if (!at->up)
		return;
	pointer(at->up, out);
	pointer_step(at, out);
}

/* "<pointer>: <text>" */
static void describe(const struct json_node *at, struct buf *out, const char *fmt, va_list ap)
{
	auto_free char *text = NULL;

	pointer(at, out);
	if (!at->up)
		buf_str(out, "the document");
	if (vasprintf(&text, fmt, ap) < 0)
		text = xstrdup("out of memory");
	buf_addf(out, ": %s", text);
}

static void find(const struct json_node *at, const char *fmt, va_list ap)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct json_doc *doc = at->doc;

	if (doc->shown == FINDINGS_MAX || doc->hidden) {
		doc->hidden++;
		return;
	}
	describe(at, &b, fmt, ap);
	if (doc->shown && doc->findings.n + b.n > FINDINGS_BYTES) {
		doc->hidden++;
		return;
	}
	buf_addf(&doc->findings, "%s%s", doc->shown ? "; " : "", b.p);
	doc->shown++;
}

void json_find(const struct json_node *at, const char *fmt, ...)
{
	va_list ap;

	at->doc->has_invalid = true;
	va_start(ap, fmt);
	find(at, fmt, ap);
	va_end(ap);
}

void json_find_unsupported(const struct json_node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	find(at, fmt, ap);
	va_end(ap);
}

void json_warn(const struct json_node *at, const char *fmt, ...)
{
	AUTO(buf_done) struct buf b = { 0 };
	va_list ap;

	if (at->doc->warned++ >= FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	describe(at, &b, fmt, ap);
	va_end(ap);
	log_warn("%s: %s", at->doc->name, b.p);
}
