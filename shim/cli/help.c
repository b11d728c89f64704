/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/cli/commands.h"
#include "shim/cli/help.h"

#define COLUMNS	     80
#define OPTION_WIDTH 31 /* the column at which the text of an option begins */

/* Add `text` word by word, every line but the first indented by `indent`; `at` is the column. */
static void add_wrapped(struct buf *b, const char *text, size_t at, size_t indent)
{
	while (*text) {
		size_t word = strcspn(text, " ");
		size_t gap = text[word] == ' ';

		if (at > indent && at + word > COLUMNS) {
			b->n -= b->p[b->n - 1] == ' ';
			buf_addf(b, "\n%*s", (int)indent, "");
			at = indent;
		}
		buf_add(b, text, word + gap);
		at += word + gap;
		text += word + gap;
	}
	buf_str(b, "\n");
}

static void add_option(struct buf *b, const struct cli_option *opt)
{
	char letter[5] = "    ";
	char left[80];
	int n;

	if (!opt->help)
		return;
	if (opt->letter)
		snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
	n = snprintf(left, sizeof(left), "  %s--%s%s%s", letter, opt->name, opt->value ? " " : "",
		     opt->value ? opt->value : "");
	if (n + 2 > OPTION_WIDTH)
		buf_addf(b, "%s\n%*s", left, OPTION_WIDTH, "");
	else
		buf_addf(b, "%-*s", OPTION_WIDTH, left);
	add_wrapped(b, opt->help, OPTION_WIDTH, OPTION_WIDTH);
}

static void add_options(struct buf *b, const struct cli_option *table)
{
	for (; table && table->name; table++)
		add_option(b, table);
}

static void add_commands(struct buf *b, const struct cli_command *above)
{
	if (above->commands)
		buf_str(b, "\nCommands:\n");
	for (const struct cli_command *const *c = above->commands; c && *c; c++) {
		buf_addf(b, "  %-12s", (*c)->name + strlen(above->name) + 1);
		add_wrapped(b, (*c)->summary, 14, 14);
	}
}

void help_overview(struct buf *b)
{
	const char *group = "";

	buf_str(b, "kedge runs OCI containers, checkpoints them, and restores them with their\n"
		   "external mounts, from the same place or from another.\n\n"
		   "Usage: kedge [OPTIONS] COMMAND [ARGS...]\n");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		if (strcmp(group, (*c)->group))
			buf_addf(b, "\n%s:\n", (*c)->group);
		group = (*c)->group;
		buf_addf(b, "  %-12s", (*c)->name);
		add_wrapped(b, (*c)->summary, 14, 14);
	}
	buf_str(b, "\nOptions:\n");
	add_options(b, cli_global_options);
	buf_str(b, "\n`kedge COMMAND --help` shows the options of a command.\n");
}

void help_command(const struct cli_command *command, struct buf *b)
{
	bool has_options = command->options || command->shared;

	buf_addf(b, "Usage: kedge %s%s%s%s\n\n", command->name, has_options ? " [OPTIONS]" : "",
		 *command->args ? " " : "", command->args);
	buf_addf(b, "%c", toupper((unsigned char)command->summary[0]));
	add_wrapped(b, command->summary + 1, 1, 0);
	add_commands(b, command);
	if (has_options)
		buf_str(b, "\nOptions:\n");
	add_options(b, command->options);
	add_options(b, command->shared);
	if (command->details)
		buf_addf(b, "\n%s", command->details);
}

int help_print(const struct cli_command *command, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (command)
		help_command(command, &b);
	else
		help_overview(&b);
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

static int run_help(const struct cli *cli, struct err *err)
{
	const struct cli_command *command = cli->n_args ? cli_find_command(cli->args[0]) : NULL;

	if (command && cli->n_args > 1)
		command = cli_find_below(command, cli->args[1]);
	if (cli->n_args && !command) {
		err_set(err, ERR_INVALID, "unknown command: %s%s%s", cli->args[0],
			cli->n_args > 1 ? " " : "", cli->n_args > 1 ? cli->args[1] : "");
		return err_hint(err, "`kedge help` lists the commands");
	}
	return help_print(command, err);
}

const struct cli_command command_help = {
	.name = "help",
	.group = "About kedge",
	.summary = "show this, or the help of a command",
	.args = "[COMMAND]",
	.max_args = 2,
	.run = run_help,
};
