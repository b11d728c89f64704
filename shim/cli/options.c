/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shim/cli/options.h"

/* --- one value ---------------------------------------------------------------------------------*/

static int bad_value(const struct cli_option *opt, const char *text, const char *why,
		     struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid value \"%s\" for flag --%s: %s", text, opt->name,
		       why);
}

/* Whether `text` is one of the words of "a|b|c". */
static bool is_choice(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL) {
		if (strcspn(w, "|") == len && !strncmp(w, text, len))
			return true;
	}
	return false;
}

/* The words of Go's strconv.ParseBool. */
static int parse_bool(const char *text, bool *on)
{
	bool is_on = is_choice("1|t|T|true|TRUE|True", text);

	if (!is_on && !is_choice("0|f|F|false|FALSE|False", text))
		return -1;
	*on = is_on;
	return 0;
}

static int read_flag(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	bool on = true;

	if (text && parse_bool(text, &on))
		return bad_value(opt, text, "it is true or false", err);
	*(bool *)field = on;
	return 0;
}

static int read_switch(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	struct cli_switch *sw = field;

	if (read_flag(opt, text, &sw->on, err))
		return -1;
	sw->given = true;
	return 0;
}

static int read_string(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	bool is_none = !*text;

	if (!is_none && strchr(opt->value, '|') && !is_choice(opt->value, text)) {
		err_set(err, ERR_INVALID, "invalid value \"%s\" for flag --%s: it is one of %s",
			text, opt->name, opt->value);
		return -1;
	}
	*(const char **)field = is_none ? NULL : text;
	return 0;
}

static int read_list(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	(void)opt;
	(void)err;
	strv_add(field, text);
	return 0;
}

static int read_uint(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	unsigned long long v;

	if (str_to_u64(text, UINT_MAX, &v))
		return bad_value(opt, text, "it is a decimal number", err);
	*(unsigned int *)field = (unsigned int)v;
	return 0;
}

static int read_u64(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	unsigned long long v;

	if (str_to_u64(text, UINT64_MAX, &v))
		return bad_value(opt, text, "it is a decimal number", err);
	*(struct spec_opt_u64 *)field = (struct spec_opt_u64){ .set = true, .v = v };
	return 0;
}

static int read_i64(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	bool is_negative = *text == '-';
	unsigned long long v;

	if (str_to_u64(text + is_negative, INT64_MAX, &v))
		return bad_value(opt, text, "it is a decimal number", err);
	*(struct spec_opt_i64 *)field = (struct spec_opt_i64){
		.set = true,
		.v = is_negative ? -(int64_t)v : (int64_t)v,
	};
	return 0;
}

static int read_bytes(const struct cli_option *opt, const char *text, void *field, struct err *err)
{
	long long v;

	if (options_bytes(text, &v, NULL))
		return bad_value(opt, text, "it is a number of bytes, or -1; units are K M G T P",
				 err);
	*(struct spec_opt_i64 *)field = (struct spec_opt_i64){ .set = true, .v = v };
	return 0;
}

static int (*const readers[])(const struct cli_option *, const char *, void *, struct err *) = {
	[CLI_FLAG] = read_flag, [CLI_SWITCH] = read_switch, [CLI_STRING] = read_string,
	[CLI_LIST] = read_list, [CLI_UINT] = read_uint,	    [CLI_U64] = read_u64,
	[CLI_I64] = read_i64,	[CLI_BYTES] = read_bytes,
};

/* The power of 1024 that a unit stands for: "", "b", "k", "kb", "KiB" …; -1 if it is none. */
static int unit_power(const char *unit)
{
	static const char letters[] = "bkmgtp";
	const char *at = *unit ? strchr(letters, tolower((unsigned char)*unit)) : letters;

	if (!at)
		return -1;
	if (at == letters)
		return strlen(unit) <= 1 ? 0 : -1;
	if (unit[1] && strcasecmp(unit + 1, "b") && strcasecmp(unit + 1, "ib"))
		return -1;
	return (int)(at - letters);
}

int options_bytes(const char *text, long long *bytes, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	int power = unit_power(text + digits);
	unsigned long long v;
	char number[24];

	if (!strcmp(text, "-1")) {
		*bytes = -1;
		return 0;
	}
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	if (power < 0 || digits >= sizeof(number) || str_to_u64(number, INT64_MAX, &v))
		return err_set(err, ERR_INVALID, "\"%s\" isn't a number of bytes", text);
	if (v > (unsigned long long)INT64_MAX >> (10 * power))
		return err_set(err, ERR_INVALID, "\"%s\" is too large", text);
	*bytes = (long long)(v << (10 * power));
	return 0;
}

/* --- one option --------------------------------------------------------------------------------*/

/* Every command has it; the field is the parser's own. */
static const struct cli_option help_options[] = {
	{ CLI_AT(struct options, help), 'h', "help", NULL, NULL },
	{ 0 },
};

static bool takes_value(const struct cli_option *opt)
{
	return opt->kind != CLI_FLAG && opt->kind != CLI_SWITCH;
}

/* Find an option by its long name of `bytes` bytes, or by the letter at `name`. */
static const struct cli_option *find(const struct options *o, const char *name, size_t bytes,
				     bool is_letter)
{
	const struct cli_option *tables[] = { o->tables[0], o->tables[1], help_options };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		for (const struct cli_option *opt = tables[i]; opt && opt->name; opt++) {
			if (is_letter ? opt->letter == *name
				      : strlen(opt->name) == bytes &&
						!strncmp(opt->name, name, bytes))
				return opt;
		}
	}
	return NULL;
}

/* Set an option from `value`, or from the argument behind it, which is used up then. */
static int apply(struct options *o, const struct cli_option *opt, const char *value, char ***at,
		 struct err *err)
{
	char *base = opt == help_options ? (char *)o : o->values;

	if (!value && takes_value(opt)) {
		value = (*at)[1];
		if (!value)
			return err_set(err, ERR_INVALID, "flag needs an argument: --%s", opt->name);
		(*at)++;
	}
	return readers[opt->kind](opt, value, base + opt->offset, err);
}

static int unknown(const char *name, size_t bytes, struct err *err)
{
	return err_set(err, ERR_INVALID, "flag provided but not defined: -%.*s", (int)bytes, name);
}

/* "-dt", "-tu 1000", "-b=DIR": only the last letter may take a value. */
static int parse_letters(struct options *o, const char *name, size_t bytes, char ***at,
			 struct err *err)
{
	const char *value = name[bytes] == '=' ? name + bytes + 1 : NULL;

	for (size_t i = 0; i < bytes; i++) {
		const struct cli_option *opt = find(o, name + i, 1, true);

		if (!opt || (i + 1 < bytes && takes_value(opt)))
			return unknown(name, bytes, err);
	}
	for (size_t i = 0; i < bytes; i++) {
		const struct cli_option *opt = find(o, name + i, 1, true);

		if (apply(o, opt, i + 1 < bytes ? NULL : value, at, err))
			return -1;
	}
	return 0;
}

/* Parse the option at `**at`; `*at` moves on to its value if that is an argument of its own. */
static int parse_option(struct options *o, char ***at, struct err *err)
{
	const char *arg = **at;
	size_t dashes = arg[1] == '-' ? 2 : 1;
	const char *name = arg + dashes;
	size_t bytes = strcspn(name, "=");
	const struct cli_option *opt;

	if (!bytes || *name == '-')
		return err_set(err, ERR_INVALID, "bad flag syntax: %s", arg);
	opt = find(o, name, bytes, false);
	if (opt)
		return apply(o, opt, name[bytes] ? name + bytes + 1 : NULL, at, err);
	if (dashes == 2 && bytes > 1)
		return unknown(name, bytes, err);
	return parse_letters(o, name, bytes, at, err);
}

/* --- the vector --------------------------------------------------------------------------------*/

int options_parse(struct options *o, char **argv, struct err *err)
{
	size_t n = 0;
	bool is_over = false;

	while (argv[n])
		n++;
	o->args = xcalloc(n + 1, sizeof(*o->args));
	for (char **at = argv; *at; at++) {
		if (!is_over && !strcmp(*at, "--")) {
			is_over = true;
		} else if (is_over || (*at)[0] != '-' || !(*at)[1]) {
			o->args[o->n_args++] = *at;
			is_over = is_over || o->in_order;
		} else if (parse_option(o, &at, err)) {
			return -1;
		} else if (o->help) {
			return 0;
		}
	}
	return 0;
}

void options_done(struct options *o)
{
	for (size_t i = 0; i < ARRAY_LEN(o->tables); i++) {
		for (const struct cli_option *opt = o->tables[i]; opt && opt->name; opt++) {
			if (opt->kind == CLI_LIST)
				strv_done((struct strv *)((char *)o->values + opt->offset));
		}
	}
	free(o->args);
	o->args = NULL;
	o->n_args = 0;
}
