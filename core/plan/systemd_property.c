/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/systemd_property.h"

#define US_PER_S 1000000
#define SPACE	 " \t\r\n"

/* "Type annotations": by word, or by @ and the signature. Of numbers, the bytes. */
static const struct type {
	const char *word;
	const char *signature;
	unsigned int bytes;
	bool is_signed;
} types[] = {
	{ "boolean", "b", 0, false }, { "byte", "y", 1, false },   { "int16", "n", 2, true },
	{ "uint16", "q", 2, false },  { "int32", "i", 4, true },   { "uint32", "u", 4, false },
	{ "int64", "x", 8, true },    { "uint64", "t", 8, false }, { "double", "d", 8, true },
	{ "string", "s", 0, false },  { "", "as", 0, false },
};

/* A value; `number` is what comes before the point, without its sign. */
struct value {
	const struct type *type;
	bool is_negative, is_true;
	uint64_t number;
	uint32_t millionths;
	struct strv texts;
};

/* The rest of the text, and the rule that it breaks. */
struct parser {
	const char *p;
	const char *rule;
};

static int break_rule(struct parser *in, const char *rule)
{
	in->rule = rule;
	return -1;
}

static void skip_space(struct parser *in)
{
	in->p += strspn(in->p, SPACE);
}

static const struct type *find_type(const char *signature)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(types[i].signature, signature))
			return &types[i];
	return NULL;
}

/* What was written is of type `signature`; if a type stood before it that has to be the same. */
static int settle_type(struct parser *in, struct value *v, const char *signature)
{
	if (v->type && strcmp(v->type->signature, signature) != 0)
		return break_rule(in, "the value isn't of the type that stands before it");
	v->type = find_type(signature);
	return 0;
}

/* --- texts ---------------------------------------------------------------------------------------- */

/* A code point of `digits` hexadecimal digits, as UTF-8. */
static int take_code_point(struct parser *in, int digits, struct buf *out)
{
	uint32_t c = 0;
	char bytes[5] = "";

	for (int i = 0; i < digits; i++, in->p++) {
		if (!isxdigit((unsigned char)*in->p))
			return break_rule(in, "\\u wants 4 hexadecimal digits, \\U 8");
		c = c << 4 | (uint32_t)(isdigit((unsigned char)*in->p) ? *in->p - '0'
								       : (*in->p | 32) - 'a' + 10);
	}
	if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return break_rule(in, "no character has that number");
	if (c < 0x80) {
		bytes[0] = (char)c;
	} else if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 63));
		bytes[2] = (char)(0x80 | (c & 63));
	} else {
		bytes[0] = (char)(0xf0 | c >> 18);
		bytes[1] = (char)(0x80 | (c >> 12 & 63));
		bytes[2] = (char)(0x80 | (c >> 6 & 63));
		bytes[3] = (char)(0x80 | (c & 63));
	}
	buf_str(out, bytes);
	return 0;
}

/* "Strings": behind the backslash. */
static int take_escape(struct parser *in, struct buf *out)
{
	static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	char c = *in->p;
	const char *letter = c ? strchr(letters, c) : NULL;

	if (!c)
		return 0; /* the text has no end then */
	in->p++;
	if (c == 'u' || c == 'U')
		return take_code_point(in, c == 'u' ? 4 : 8, out);
	if (letter)
		buf_add(out, &meant[letter - letters], 1);
	else if (c != '\n')
		buf_add(out, &c, 1);
	return 0;
}

static int take_text(struct parser *in, struct strv *texts)
{
	AUTO(buf_done) struct buf text = { 0 };
	char quote = *in->p;

	if (quote != '\'' && quote != '"')
		return break_rule(in, "a text is missing its quotes");
	buf_str(&text, "");
	for (in->p++; *in->p != quote;) {
		char c = *in->p;

		if (!c)
			return break_rule(in, "a text has no end");
		in->p++;
		if (c != '\\')
			buf_add(&text, &c, 1);
		else if (take_escape(in, &text))
			return -1;
	}
	in->p++;
	if (!str_is_utf8(text.p, text.n))
		return break_rule(in, "a text is not UTF-8");
	strv_add(texts, text.p);
	return 0;
}

static int take_array(struct parser *in, struct value *v)
{
	in->p++;
	skip_space(in);
	if (*in->p == ']' && !v->type)
		return break_rule(in, "an array without elements needs its type: @as []");
	if (settle_type(in, v, "as"))
		return -1;
	while (*in->p != ']') {
		if (v->texts.n && *in->p++ != ',')
			return break_rule(in, "an array has no end");
		skip_space(in);
		if (take_text(in, &v->texts))
			return -1;
		skip_space(in);
	}
	in->p++;
	return 0;
}

/* --- numbers -------------------------------------------------------------------------------------- */

static bool fits(const struct value *v)
{
	uint64_t max = UINT64_MAX >> (64 - 8 * v->type->bytes);

	if (!v->type->is_signed)
		return v->number <= max && (!v->is_negative || !v->number);
	return v->number <= max / 2 + v->is_negative;
}

/* As many as there are, of which the first six count. */
static void take_fraction(struct parser *in, struct value *v)
{
	for (uint32_t unit = US_PER_S / 10; isdigit((unsigned char)*in->p); in->p++, unit /= 10)
		v->millionths += unit * (uint32_t)(*in->p - '0');
}

/* "Numbers": 0x is hexadecimal and 0 octal, but with a point. */
static int take_number(struct parser *in, struct value *v)
{
	bool has_point;
	char *end;

	v->is_negative = *in->p == '-';
	in->p += *in->p == '-' || *in->p == '+';
	if (!isdigit((unsigned char)*in->p))
		return break_rule(in, "it is no value");
	has_point = in->p[strspn(in->p, "0123456789")] == '.';
	if (!v->type)
		v->type = find_type(has_point ? "d" : "i");
	if (!v->type->bytes)
		return break_rule(in, "the value isn't of the type that stands before it");
	errno = 0;
	v->number = strtoull(in->p, &end, *v->type->signature == 'd' ? 10 : 0);
	if (errno || !fits(v))
		return break_rule(in, "the number is out of its type's range");
	in->p = end;
	if (*in->p == '.' && *v->type->signature == 'd') {
		in->p++;
		take_fraction(in, v);
	}
	return 0;
}

/* --- values --------------------------------------------------------------------------------------- */

/* A word of letters and digits: a type or a truth value. */
static int take_word(struct parser *in, struct value *v)
{
	size_t n = strcspn(in->p, SPACE);
	bool by_signature = *in->p == '@';
	const char *word = in->p + by_signature;

	n -= by_signature;
	in->p = word + n;
	if (!by_signature &&
	    ((n == 4 && !memcmp(word, "true", 4)) || (n == 5 && !memcmp(word, "false", 5)))) {
		v->is_true = *word == 't';
		return settle_type(in, v, "b");
	}
	for (size_t i = 0; n && !v->type && i < ARRAY_LEN(types); i++) {
		const char *name = by_signature ? types[i].signature : types[i].word;

		if (strlen(name) != n || memcmp(name, word, n) != 0)
			continue;
		v->type = &types[i];
		return 1;
	}
	return break_rule(in, "it is no value");
}

/* Gives 1 after a type, which a value has to follow, 0 after that. */
static int take_value(struct parser *in, struct value *v)
{
	skip_space(in);
	if (*in->p == '\'' || *in->p == '"')
		return settle_type(in, v, "s") ? -1 : take_text(in, &v->texts);
	if (*in->p == '[')
		return take_array(in, v);
	if (*in->p == '@' || islower((unsigned char)*in->p))
		return take_word(in, v);
	return take_number(in, v);
}

static int parse(struct parser *in, struct value *v)
{
	int more;

	do {
		more = take_value(in, v);
	} while (more > 0);
	if (more)
		return -1;
	skip_space(in);
	return *in->p ? break_rule(in, "something follows the value") : 0;
}

/* --- properties ----------------------------------------------------------------------------------- */

static int check_name(struct parser *in, const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return n < 3 || name[n] ? break_rule(in, "a property's name is three letters or more") : 0;
}

/* TimeoutStopSec, but neither TimeoutStopUSec nor FOOSec. */
static bool is_in_seconds(const char *name)
{
	size_t n = strlen(name);

	return str_ends(name, "Sec") && islower((unsigned char)name[n - 4]);
}

static int to_microseconds(struct parser *in, struct value *v)
{
	if (!v->type->bytes)
		return break_rule(in, "it is a number of seconds");
	if ((v->is_negative && (v->number || v->millionths)) ||
	    v->number > (UINT64_MAX - v->millionths) / US_PER_S)
		return break_rule(in, "no time is that long");
	v->number = v->number * US_PER_S + v->millionths;
	v->type = find_type("t");
	return 0;
}

static void put_number(struct dbus_writer *w, const struct value *v)
{
	uint64_t n = v->is_negative ? -v->number : v->number;

	if (v->type->bytes == 1)
		dbus_put_byte(w, (uint8_t)n);
	else if (v->type->bytes == 2)
		dbus_put_u16(w, (uint16_t)n);
	else if (v->type->bytes == 4)
		dbus_put_u32(w, (uint32_t)n);
	else
		dbus_put_u64(w, n);
}

static void put_property(struct dbus_writer *w, const char *name, const struct value *v)
{
	if (!strcmp(v->type->signature, "as")) {
		dbus_property_strings(w, name, &v->texts);
	} else if (*v->type->signature == 's') {
		dbus_property_string(w, name, v->texts.v[0]);
	} else if (*v->type->signature == 'b') {
		dbus_property_bool(w, name, v->is_true);
	} else {
		dbus_begin_struct(w);
		dbus_put_string(w, name);
		dbus_put_signature(w, v->type->signature);
		put_number(w, v);
	}
}

static int bad(const struct parser *in, const char *name, const char *text, struct err *err)
{
	err_set(err, ERR_INVALID, "annotation %s%s=%.256s: %s", SYSTEMD_PROPERTY_PREFIX, name, text,
		in->rule);
	return err_hint(err, "write 'text', ['text', 'text'], true, false or a number, which is an "
			     "int32 unless byte, int16, uint16, uint32, int64 or uint64 stands "
			     "before it: uint64 5");
}

int dbus_property_of_text(struct dbus_writer *w, const char *name, const char *text,
			  struct err *err)
{
	struct parser in = { .p = text };
	struct value v = { 0 };
	auto_free char *in_us = NULL;

	if (!check_name(&in, name) && !parse(&in, &v)) {
		if (is_in_seconds(name)) {
			in_us = xasprintf("%.*sUSec", (int)strlen(name) - 3, name);
			to_microseconds(&in, &v);
		} else if (*v.type->signature == 'd') {
			break_rule(&in, "only a number of seconds may have a fraction");
		}
	}
	if (!in.rule)
		put_property(w, in_us ? in_us : name, &v);
	strv_done(&v.texts);
	return in.rule ? bad(&in, name, text, err) : 0;
}
