/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "shim/cli/commands.h"
#include "shim/cli/help.h"

static void check_width(const char *name, const char *text)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (len > 80)
			fail_msg("%s: %zu columns: %.*s", name, len, (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void check_page(const struct cli_command *c)
{
	AUTO(buf_done) struct buf b = { 0 };

	help_command(c, &b);
	check_width(c->name, b.p);
	assert_true(lines(b.p) <= 60);
}

static void every_page_fits_80_columns(void **state)
{
	(void)state;
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		check_page(*c);
		for (const struct cli_command *const *d = (*c)->commands; d && *d; d++)
			check_page(*d);
	}
}

static void a_command_below_another_has_both_names(void **state)
{
	(void)state;
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		assert_true(!(*c)->commands == !!(*c)->run);
		for (const struct cli_command *const *d = (*c)->commands; d && *d; d++) {
			assert_true(str_starts((*d)->name, (*c)->name));
			assert_ptr_equal(cli_find_below(*c, strrchr((*d)->name, ' ') + 1), *d);
			assert_null((*d)->commands);
			assert_null(cli_find_command((*d)->name));
		}
	}
	assert_null(cli_find_below(&command_plan, "plan"));
	assert_null(cli_find_below(&command_run, "x"));
}

static void a_page_lists_the_commands_below(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	help_command(&command_plan, &b);
	assert_non_null(strstr(b.p, "Usage: kedge plan COMMAND\n"));
	assert_non_null(strstr(b.p, "\nCommands:\n  checkpoint  show the external"));
	assert_non_null(strstr(b.p, "\n  restore     show the external"));
}

static void the_overview_names_every_command_on_one_screen(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	help_overview(&b);
	check_width("kedge", b.p);
	assert_true(lines(b.p) <= 45);
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		char row[64];

		snprintf(row, sizeof(row), "\n  %-12s%.20s", (*c)->name, (*c)->summary);
		assert_non_null(strstr(b.p, row));
	}
}

static void check_table(const struct cli_command *c, const struct cli_option *table)
{
	for (const struct cli_option *opt = table; opt && opt->name; opt++) {
		assert_true(opt->offset < c->values_bytes);
		if (opt->kind != CLI_FLAG && opt->kind != CLI_SWITCH)
			assert_non_null(opt->value);
		else
			assert_null(opt->value);
		for (const struct cli_option *other = table; other != opt; other++) {
			assert_string_not_equal(opt->name, other->name);
			assert_false(opt->letter && opt->letter == other->letter);
		}
		for (const struct cli_option *s = c->shared; s && s != table && s->name; s++) {
			assert_string_not_equal(opt->name, s->name);
			assert_false(opt->letter && opt->letter == s->letter);
		}
	}
}

static void no_name_or_letter_stands_for_two_options(void **state)
{
	(void)state;
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		check_table(*c, (*c)->options);
		check_table(*c, (*c)->shared);
	}
}

static void long_texts_are_wrapped_under_their_column(void **state)
{
	static const struct cli_option options[] = {
		{ CLI_FLAG, 0, 'x', "example", NULL,
		  "a text that is too long for what remains of the line beside the name of the "
		  "option" },
		{ CLI_STRING, 0, 0, "an-option-with-a-long-name", "VALUE", "its text" },
		{ CLI_FLAG, 0, 0, "hidden", NULL, NULL },
		{ 0 },
	};
	static const struct cli_command command = {
		.name = "do", .args = "ID", .summary = "do it", .options = options
	};
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	help_command(&command, &b);
	assert_string_equal(
		b.p,
		"Usage: kedge do [OPTIONS] ID\n\n"
		"Do it\n\n"
		"Options:\n"
		"  -x, --example                a text that is too long for what remains of the\n"
		"                               line beside the name of the option\n"
		"      --an-option-with-a-long-name VALUE\n"
		"                               its text\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_fits_80_columns),
		cmocka_unit_test(a_command_below_another_has_both_names),
		cmocka_unit_test(a_page_lists_the_commands_below),
		cmocka_unit_test(the_overview_names_every_command_on_one_screen),
		cmocka_unit_test(no_name_or_letter_stands_for_two_options),
		cmocka_unit_test(long_texts_are_wrapped_under_their_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
