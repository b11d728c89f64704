/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shim/cli/options.h"

struct values {
	bool detach;
	bool all;
	struct cli_switch strict;
	const char *bundle;
	const char *format;
	struct strv env;
	unsigned int fds;
	struct spec_opt_u64 shares;
	struct spec_opt_i64 quota;
	struct spec_opt_i64 memory;
};

static const struct cli_option own[] = {
	{ CLI_AT(struct values, detach), 'd', "detach", NULL, "" },
	{ CLI_AT(struct values, all), 'a', "all", NULL, "" },
	{ CLI_AT(struct values, strict), 0, "strict", NULL, "" },
	{ CLI_AT(struct values, bundle), 'b', "bundle", "DIR", "" },
	{ CLI_AT(struct values, format), 'f', "format", "table|json", "" },
	{ 0 },
};

static const struct cli_option shared[] = {
	{ CLI_AT(struct values, env), 'e', "env", "NAME=VALUE", "" },
	{ CLI_AT(struct values, fds), 0, "preserve-fds", "N", "" },
	{ CLI_AT(struct values, shares), 0, "shares", "N", "" },
	{ CLI_AT(struct values, quota), 0, "quota", "N", "" },
	{ CLI_BYTES_AT(struct values, memory), 0, "memory", "BYTES", "" },
	{ 0 },
};

static struct values v;
static struct options o;
static struct err err;

static int setup(void **state)
{
	(void)state;
	v = (struct values){ 0 };
	o = (struct options){ .tables = { own, shared }, .values = &v };
	err = (struct err){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	options_done(&o);
	return 0;
}

#define PARSE(...) options_parse(&o, (char **)(const char *[]){ __VA_ARGS__, NULL }, &err)

static void a_long_option_takes_one_dash_or_two(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--bundle", "/one", "web"), 0);
	assert_string_equal(v.bundle, "/one");
	assert_int_equal(o.n_args, 1);
	teardown(NULL);
	setup(NULL);
	assert_int_equal(PARSE("-bundle=/two", "-detach", "web"), 0);
	assert_string_equal(v.bundle, "/two");
	assert_true(v.detach);
	assert_string_equal(o.args[0], "web");
	assert_null(o.args[1]);
}

static void a_value_may_hold_an_equals_sign(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--env=A=b=c", "-e", "D=e"), 0);
	assert_int_equal(v.env.n, 2);
	assert_string_equal(v.env.v[0], "A=b=c");
	assert_string_equal(v.env.v[1], "D=e");
}

static void an_empty_value_counts_as_none(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--bundle", "", "--format="), 0);
	assert_null(v.bundle);
	assert_null(v.format);
}

static void letters_are_bundled_and_the_last_may_take_a_value(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-dab", "/srv", "web"), 0);
	assert_true(v.detach && v.all);
	assert_string_equal(v.bundle, "/srv");
	assert_int_equal(o.n_args, 1);
}

static void a_misspelt_long_option_is_no_bundle_with_a_value(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-bundel", "/srv"), -1);
	assert_string_equal(err.msg, "flag provided but not defined: -bundel");
	assert_null(v.bundle);
	assert_false(v.detach);
}

static void flags_can_be_switched_off(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--detach=false", "--all=T", "--strict=0"), 0);
	assert_false(v.detach);
	assert_true(v.all);
	assert_true(v.strict.given);
	assert_false(v.strict.on);
}

static void a_flag_is_true_or_false(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--detach=yes"), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_non_null(strstr(err.msg, "invalid value \"yes\" for flag --detach"));
}

static void a_flag_does_not_take_the_next_word(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--detach", "false"), 0);
	assert_true(v.detach);
	assert_string_equal(o.args[0], "false");
}

static void an_unknown_option_is_named_as_go_does(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--nonsense=1"), -1);
	assert_string_equal(err.msg, "flag provided but not defined: -nonsense");
	options_done(&o);
	assert_int_equal(PARSE("-x"), -1);
	assert_string_equal(err.msg, "flag provided but not defined: -x");
}

static void a_missing_value_is_what_podman_probes_for(void **state)
{
	(void)state;
	assert_int_equal(PARSE("web", "--bundle"), -1);
	assert_string_equal(err.msg, "flag needs an argument: --bundle");
}

static void bad_syntax_is_refused(void **state)
{
	static const char *const bad[] = { "---detach", "--=x", "-=x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(PARSE(bad[i]), -1);
		assert_non_null(strstr(err.msg, "bad flag syntax"));
		options_done(&o);
	}
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-d", "--", "--all", "--"), 0);
	assert_true(v.detach);
	assert_false(v.all);
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "--all");
	assert_string_equal(o.args[1], "--");
}

static void one_dash_is_an_argument(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-", "-d"), 0);
	assert_string_equal(o.args[0], "-");
	assert_true(v.detach);
}

static void options_may_follow_arguments(void **state)
{
	(void)state;
	assert_int_equal(PARSE("web", "--all", "KILL"), 0);
	assert_true(v.all);
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[1], "KILL");
}

static void in_order_everything_behind_the_first_argument_is_left_alone(void **state)
{
	(void)state;
	o.in_order = true;
	assert_int_equal(PARSE("-d", "web", "ls", "--all", "--", "-b"), 0);
	assert_true(v.detach);
	assert_false(v.all);
	assert_int_equal(o.n_args, 5);
	assert_string_equal(o.args[2], "--all");
	assert_string_equal(o.args[4], "-b");
}

static void a_choice_admits_its_words_alone(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-f", "json"), 0);
	assert_string_equal(v.format, "json");
	options_done(&o);
	assert_int_equal(PARSE("--format", "jso"), -1);
	assert_non_null(strstr(err.msg, "one of table|json"));
	options_done(&o);
	assert_int_equal(PARSE("--format", "table|json"), -1);
}

static void numbers_are_strict_decimals(void **state)
{
	static const char *const bad[] = { "--preserve-fds=-1", "--preserve-fds=1x",
					   "--preserve-fds=",	"--preserve-fds=4294967296",
					   "--shares=0x10",	"--shares=18446744073709551616",
					   "--quota=--1",	"--quota=9223372036854775808",
					   "--memory=64Q" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(PARSE(bad[i]), -1);
		options_done(&o);
	}
	assert_int_equal(PARSE("--preserve-fds=3", "--shares", "512", "--quota", "-1", "--memory",
			       "64M"),
			 0);
	assert_int_equal(v.fds, 3);
	assert_true(v.shares.set && v.shares.v == 512);
	assert_true(v.quota.set && v.quota.v == -1);
	assert_true(v.memory.set && v.memory.v == 64 << 20);
}

static void help_is_there_for_every_command(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--help", "--nonsense"), 0);
	assert_true(o.help);
	options_done(&o);
	setup(NULL);
	assert_int_equal(PARSE("-h"), 0);
	assert_true(o.help);
}

static void help_behind_a_program_is_the_programs(void **state)
{
	(void)state;
	o.in_order = true;
	assert_int_equal(PARSE("web", "ls", "--help"), 0);
	assert_false(o.help);
}

static void sizes_have_units_of_1024(void **state)
{
	static const struct {
		const char *text;
		long long bytes;
	} good[] = {
		{ "0", 0 },
		{ "-1", -1 },
		{ "4096", 4096 },
		{ "10b", 10 },
		{ "2k", 2048 },
		{ "2K", 2048 },
		{ "2kb", 2048 },
		{ "2KiB", 2048 },
		{ "3m", 3 << 20 },
		{ "1G", 1 << 30 },
		{ "1t", 1LL << 40 },
		{ "8191p", 8191LL << 50 },
		{ "9223372036854775807", INT64_MAX },
	};
	static const char *const bad[] = { "",
					   "k",
					   "-2",
					   "1.5g",
					   "1x",
					   "1kk",
					   "1bb",
					   "1 k",
					   "+1",
					   "0x1k",
					   "8192p",
					   "9223372036854775808",
					   "000000000000000000000000000001" };
	long long bytes = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(options_bytes(good[i].text, &bytes, &err), 0);
		assert_true(bytes == good[i].bytes);
	}
	bytes = 7;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(options_bytes(bad[i], &bytes, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_true(bytes == 7);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_long_option_takes_one_dash_or_two),
		TEST(a_value_may_hold_an_equals_sign),
		TEST(an_empty_value_counts_as_none),
		TEST(letters_are_bundled_and_the_last_may_take_a_value),
		TEST(a_misspelt_long_option_is_no_bundle_with_a_value),
		TEST(flags_can_be_switched_off),
		TEST(a_flag_is_true_or_false),
		TEST(a_flag_does_not_take_the_next_word),
		TEST(an_unknown_option_is_named_as_go_does),
		TEST(a_missing_value_is_what_podman_probes_for),
		TEST(bad_syntax_is_refused),
		TEST(two_dashes_end_the_options),
		TEST(one_dash_is_an_argument),
		TEST(options_may_follow_arguments),
		TEST(in_order_everything_behind_the_first_argument_is_left_alone),
		TEST(a_choice_admits_its_words_alone),
		TEST(numbers_are_strict_decimals),
		TEST(help_is_there_for_every_command),
		TEST(help_behind_a_program_is_the_programs),
		TEST(sizes_have_units_of_1024),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
