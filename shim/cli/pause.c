/* SPDX-License-Identifier: Apache-2.0 */
#include "core/run/control.h"
#include "shim/cli/commands.h"
#include "shim/cli/load.h"

static int run_pause(const struct cli *cli, struct err *err)
{
	AUTO(stored_done) struct stored l = STORED_EMPTY;

	if (load_container(cli, &l, err))
		return -1;
	return control_pause(&l.c, err);
}

static int run_resume(const struct cli *cli, struct err *err)
{
	AUTO(stored_done) struct stored l = STORED_EMPTY;

	if (load_container(cli, &l, err))
		return -1;
	return control_resume(&l.c, err);
}

const struct cli_command command_pause = {
	.name = "pause",
	.group = "Running containers",
	.summary = "freeze all processes of a container",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};

const struct cli_command command_resume = {
	.name = "resume",
	.group = "Running containers",
	.summary = "let a paused container go on",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};
