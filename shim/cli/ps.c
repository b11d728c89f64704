/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "shim/cli/commands.h"
#include "shim/cli/load.h"
#include "shim/cli/ps.h"

#define PS_MAX_BYTES (64U << 20)

/* --- the filter --------------------------------------------------------------------------------*/

/* Field `index` (from 0) of a line that ends at `end`; `*len` is its length, 0 if there is none. */
static const char *field(const char *line, const char *end, size_t index, size_t *len)
{
	for (;;) {
		while (line < end && strchr(" \t", *line))
			line++;
		*len = 0;
		while (line + *len < end && !strchr(" \t", line[*len]))
			(*len)++;
		if (!index-- || !*len)
			return line;
		line += *len;
	}
}

/* Which field of the heading is "PID"; -1 if none. */
static int pid_column(const char *line, const char *end)
{
	size_t len = 1;

	for (int i = 0; len; i++) {
		const char *name = field(line, end, (size_t)i, &len);

		if (len == 3 && !strncmp(name, "PID", 3))
			return i;
	}
	return -1;
}

static int parse_pid(const char *text, size_t len, pid_t *pid)
{
	char number[16] = "";
	unsigned long long v;

	if (len >= sizeof(number))
		return -1;
	memcpy(number, text, len);
	if (str_to_u64(number, INT_MAX, &v))
		return -1;
	*pid = (pid_t)v;
	return 0;
}

static bool has_pid(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

int ps_filter(const char *text, const pid_t *pids, size_t n, struct buf *b, struct err *err)
{
	const char *end = text + strcspn(text, "\n");
	int column = pid_column(text, end);

	if (column < 0) {
		err_set(err, ERR_INVALID, "ps printed no column PID");
		return err_hint(err, "give ps options that show it, like -ef");
	}
	for (const char *line = text; *line; line = *end ? end + 1 : end) {
		const char *number;
		pid_t pid = 0;
		size_t len;

		end = line + strcspn(line, "\n");
		number = field(line, end, (size_t)column, &len);
		if (line != text && len && parse_pid(number, len, &pid))
			return err_set(err, ERR_INVALID, "unable to parse pid \"%.*s\"", (int)len,
				       number);
		if (line == text || (len && has_pid(pids, n, pid)))
			buf_addf(b, "%.*s\n", (int)(end - line), line);
	}
	return 0;
}

/* --- the command -------------------------------------------------------------------------------*/

struct ps_values {
	const char *format;
};

static const struct cli_option ps_options[] = {
	{ CLI_AT(struct ps_values, format), 'f', "format", "table|json",
	  "form of the list (default: table)" },
	{ 0 },
};

/* Run `ps ARGS` and read what it prints. */
static int spawn_ps(char **argv, char **envp, struct buf *out, struct err *err)
{
	posix_spawn_file_actions_t actions;
	auto_pid pid_t pid = -1;
	auto_fd int from = -1;
	auto_fd int to = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(err, "make a pipe");
	from = ends[0];
	to = ends[1];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	errno = posix_spawnp(&pid, "ps", &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	if (errno) {
		pid = -1;
		err_sys(err, "run ps");
		return err_hint(err, "`kedge ps --format json` does without the host's ps");
	}
	fd_close(&to);
	return fd_read_all(from, PS_MAX_BYTES, out, err);
}

static int print_table(const struct cli *cli, const pid_t *pids, size_t n, struct err *err)
{
	AUTO(strv_done) struct strv argv = { 0 };
	AUTO(buf_done) struct buf text = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	strv_add(&argv, "ps");
	for (char **a = cli->args + 1; *a; a++)
		strv_add(&argv, *a);
	if (argv.n == 1)
		strv_add(&argv, "-ef");
	if (spawn_ps(argv.v, cli->envp, &text, err) || ps_filter(text.p, pids, n, &b, err))
		return -1;
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

static int print_json(const pid_t *pids, size_t n, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	buf_str(&b, "[");
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%d", i ? "," : "", (int)pids[i]);
	buf_str(&b, "]\n");
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

static int run_ps(const struct cli *cli, struct err *err)
{
	const struct ps_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	if (load_container(cli, &l, err) || cgroup_pids(&l.c.cgroup, &pids, &n, err))
		return -1;
	return str_eq(v->format, "json") ? print_json(pids, n, err)
					 : print_table(cli, pids, n, err);
}

const struct cli_command command_ps = {
	.name = "ps",
	.group = "Running containers",
	.summary = "list the processes of a container",
	.args = "ID [PS-OPTION...]",
	.details = "The table comes from the host's ps, by default `ps -ef`.\n",
	.min_args = 1,
	.max_args = CLI_ANY_ARGS,
	.options = ps_options,
	.values_bytes = sizeof(struct ps_values),
	.in_order = true,
	.run = run_ps,
};
