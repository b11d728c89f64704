/* SPDX-License-Identifier: Apache-2.0 */
#include "core/run/control.h"
#include "shim/cli/commands.h"
#include "shim/cli/load.h"

static int run_start(const struct cli *cli, struct err *err)
{
	AUTO(stored_done) struct stored l = STORED_EMPTY;

	if (load_container_spec(cli, &l, err))
		return -1;
	return control_start(&l.c, &l.spec, err);
}

const struct cli_command command_start = {
	.name = "start",
	.group = "Containers",
	.summary = "let a created container run its program",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.run = run_start,
};
