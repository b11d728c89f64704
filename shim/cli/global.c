/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/sealed.h"
#include "shim/cli/commands.h"
#include "shim/cli/help.h"
#include "shim/cli/options.h"
#include "shim/cli/version.h"

#define DEFAULT_ROOT "/run/kedge"

const struct cli_option cli_global_options[] = {
	{ CLI_AT(struct cli_globals, root), 0, "root", "DIR",
	  "records of the containers (default: " DEFAULT_ROOT ")" },
	{ CLI_AT(struct cli_globals, log), 0, "log", "FILE",
	  "append the log to FILE (default: stderr)" },
	{ CLI_AT(struct cli_globals, log_format), 0, "log-format", "text|json",
	  "form of the log's lines" },
	{ CLI_AT(struct cli_globals, debug), 0, "debug", NULL, "log what is done" },
	{ CLI_AT(struct cli_globals, criu), 0, "criu", "PATH",
	  "CRIU's binary (default: $KEDGE_CRIU, or in PATH)" },
	{ CLI_AT(struct cli_globals, systemd_cgroup), 0, "systemd-cgroup", NULL,
	  "have systemd make cgroups; cgroupsPath is slice:prefix:name then" },
	{ CLI_AT(struct cli_globals, rootless), 0, "rootless", "true|false|auto", NULL },
	{ CLI_AT(struct cli_globals, version), 'v', "version", NULL, "print the version" },
	{ 0 },
};

/* clang-format off */
const struct cli_command *const cli_commands[] = {
	&command_run,
	&command_create,
	&command_start,
	&command_state,
	&command_list,
	&command_kill,
	&command_delete,
	&command_exec,
	&command_ps,
	&command_pause,
	&command_resume,
	&command_update,
	&command_checkpoint,
	&command_restore,
	&command_plan,
	&command_inspect,
	&command_spec,
	&command_features,
	&command_version,
	&command_help,
	NULL,
};
/* clang-format on */

const struct cli_command *cli_find_command(const char *name)
{
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		if (!strcmp((*c)->name, name))
			return *c;
	}
	return NULL;
}

const struct cli_command *cli_find_below(const struct cli_command *command, const char *word)
{
	for (const struct cli_command *const *c = command->commands; c && *c; c++) {
		if (!strcmp((*c)->name + strlen(command->name) + 1, word))
			return *c;
	}
	return NULL;
}

/* --- the log -----------------------------------------------------------------------------------*/

static int open_log(const struct cli_globals *g, struct err *err)
{
	enum log_format format = str_eq(g->log_format, "json") ? LOG_JSON : LOG_TEXT;
	int fd = -1;

	if (g->log) {
		fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
		if (fd < 0)
			return err_sys(err, "open the log %s", g->log);
	}
	log_setup(fd, format, g->debug);
	return 0;
}

/* Names and CRIU's words come from containers: no escape sequence of theirs reaches a terminal. */
static void add_line(struct buf *b, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		auto_free char *line = xasprintf("%.*s", (int)n, text);

		buf_visible(b, line);
		n += text[n] == '\n';
		text += n;
		if (*text)
			buf_str(b, "\n");
	}
	buf_str(b, "\n");
}

/* An error is told once: to people on stderr, and in runc's shape to the log if that is a file. */
static void report(const struct cli *cli, const struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (log_fd() != STDERR_FILENO)
		log_error("%s%s%s", err->msg, err->hint[0] ? "; " : "", err->hint);
	buf_addf(&b, "kedge%s%s: ", cli->command ? " " : "",
		 cli->command ? cli->command->name : "");
	add_line(&b, err->msg);
	if (err->hint[0]) {
		buf_str(&b, "  hint: ");
		add_line(&b, err->hint);
	}
	fd_write_all(STDERR_FILENO, b.p, b.n, NULL);
}

/* --- one call ----------------------------------------------------------------------------------*/

static int check_globals(const struct cli_globals *g, struct err *err)
{
	if (str_eq(g->rootless, "true")) {
		err_set(err, ERR_UNSUPPORTED, "--rootless: not in this version");
		return err_hint(err, "run kedge as root");
	}
	return 0;
}

static int check_args(const struct cli *cli, struct err *err)
{
	const struct cli_command *c = cli->command;

	if (cli->n_args >= c->min_args && cli->n_args <= c->max_args)
		return 0;
	if (c->min_args == c->max_args)
		err_set(err, ERR_INVALID, "\"%s\" requires exactly %zu argument(s)", c->name,
			c->min_args);
	else if (cli->n_args < c->min_args)
		err_set(err, ERR_INVALID, "\"%s\" requires a minimum of %zu argument(s)", c->name,
			c->min_args);
	else
		err_set(err, ERR_INVALID, "\"%s\" requires a maximum of %zu argument(s)", c->name,
			c->max_args);
	return err_hint(err, "usage: kedge %s%s %s", c->name,
			c->options || c->shared ? " [OPTIONS]" : "", c->args);
}

/* Run the command with its options parsed. Gives the exit status, or -1. */
static int run_command(struct cli *cli, const struct options *o, struct err *err)
{
	if (o->help)
		return help_print(cli->command, err);
	cli->values = o->values;
	cli->args = o->args;
	cli->n_args = o->n_args;
	if (check_args(cli, err) || check_globals(&cli->globals, err))
		return -1;
	cli->failure_status = cli->command->failure_status;
	if (cli->command->is_sealed && sealed_self_exec(cli->argv, cli->envp, err))
		return -1;
	return cli->command->run(cli, err);
}

static int parse_options(struct cli *cli, char **argv, struct err *err)
{
	const struct cli_command *command = cli->command;
	struct options o = { 0 };
	int status;

	o.tables[0] = command->options;
	o.tables[1] = command->shared;
	o.in_order = command->in_order;
	o.values = xcalloc(1, command->values_bytes + 1);
	status = options_parse(&o, argv, err);
	if (status)
		err_hint(err, "`kedge %s --help` shows its options", command->name);
	else
		status = run_command(cli, &o, err);
	options_done(&o);
	free(o.values);
	return status;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* "kedge plan" alone shows the help, as "kedge" does. */
static int parse_below(struct cli *cli, char **argv, struct err *err)
{
	const struct cli_command *above = cli->command;

	if (!*argv || is_help(*argv))
		return help_print(above, err);
	cli->command = cli_find_below(above, *argv);
	if (cli->command)
		return parse_options(cli, argv + 1, err);
	cli->command = above;
	err_set(err, ERR_INVALID, "unknown command: %s %s", above->name, *argv);
	return err_hint(err, "`kedge %s --help` lists them", above->name);
}

static int parse_command(struct cli *cli, char **argv, struct err *err)
{
	cli->command = cli_find_command(argv[0]);
	if (!cli->command) {
		err_set(err, ERR_INVALID, "unknown command: %s", argv[0]);
		return err_hint(err, "`kedge --help` lists the commands");
	}
	return cli->command->commands ? parse_below(cli, argv + 1, err)
				      : parse_options(cli, argv + 1, err);
}

static int run_line(struct cli *cli, struct options *o, char **argv, struct err *err)
{
	if (options_parse(o, *argv ? argv + 1 : argv, err))
		return err_hint(err, "`kedge --help` shows the options");
	if (!cli->globals.root)
		cli->globals.root = DEFAULT_ROOT;
	if (o->help || (!o->n_args && !cli->globals.version))
		return help_print(NULL, err);
	if (cli->globals.version)
		return version_print(err);
	if (open_log(&cli->globals, err))
		return -1;
	return parse_command(cli, o->args, err);
}

int cli_main(char **argv, char **envp)
{
	struct cli cli = { .argv = argv, .envp = envp };
	struct options o = {
		.tables = { cli_global_options },
		.in_order = true,
		.values = &cli.globals,
	};
	struct err err = { 0 };
	int status = run_line(&cli, &o, argv, &err);

	if (status < 0) {
		report(&cli, &err);
		status = cli.failure_status ? cli.failure_status : 1;
	}
	options_done(&o);
	return status;
}
