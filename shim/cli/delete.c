/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/cli/commands.h"
#include "shim/cli/load.h"

struct delete_values {
	bool force;
};

static const struct cli_option delete_options[] = {
	{ CLI_AT(struct delete_values, force), 'f', "force", NULL,
	  "kill the container first if it runs; fine if there is none" },
	{ 0 },
};

static int run_delete(const struct cli *cli, struct err *err)
{
	const struct delete_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	bool force = v->force;

	if (load_container(cli, &l, err))
		return v->force && err->kind == ERR_NOT_FOUND ? 0 : -1;
	/* as runc: a container that was never started needs no force */
	force = force || container_status(&l.c) == CONTAINER_CREATED;
	return stored_remove(&l, force, err);
}

const struct cli_command command_delete = {
	.name = "delete",
	.group = "Containers",
	.summary = "remove a container that has stopped",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.options = delete_options,
	.values_bytes = sizeof(struct delete_values),
	.run = run_delete,
};
