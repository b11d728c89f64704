/* SPDX-License-Identifier: Apache-2.0 */
#include "core/run/control.h"
#include "shim/cli/commands.h"
#include "shim/cli/load.h"
#include "shim/cli/signame.h"

struct kill_values {
	bool all;
};

static const struct cli_option kill_options[] = {
	{ CLI_AT(struct kill_values, all), 'a', "all", NULL,
	  "send the signal to all processes of the container" },
	{ 0 },
};

static int run_kill(const struct cli *cli, struct err *err)
{
	const struct kill_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	int sig;

	if (signame_parse(cli->n_args > 1 ? cli->args[1] : "TERM", &sig, err) ||
	    load_container(cli, &l, err))
		return -1;
	return control_kill(&l.c, sig, v->all, err);
}

const struct cli_command command_kill = {
	.name = "kill",
	.group = "Containers",
	.summary = "send a signal to a container's first process",
	.details =
		"SIGNAL is a name with or without SIG, RTMIN+n, RTMAX-n or a number; TERM if it\n"
		"is left out.\n",
	.args = "ID [SIGNAL]",
	.min_args = 1,
	.max_args = 2,
	.options = kill_options,
	.values_bytes = sizeof(struct kill_values),
	.run = run_kill,
};
