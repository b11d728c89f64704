/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the rows of the command table, one beside each command's code
 *
 * Out      cli_commands[] in global.c lists them in the order in which help shows them
 */
#ifndef KEDGE_SHIM_CLI_COMMANDS_H
#define KEDGE_SHIM_CLI_COMMANDS_H

#include "shim/cli/cli.h"

/* One row each; the file that has it is named after the command or its group. */
extern const struct cli_command command_create;
extern const struct cli_command command_run;
extern const struct cli_command command_start;
extern const struct cli_command command_state;
extern const struct cli_command command_list;
extern const struct cli_command command_kill;
extern const struct cli_command command_delete;
extern const struct cli_command command_exec;
extern const struct cli_command command_ps;
extern const struct cli_command command_pause;
extern const struct cli_command command_resume;
extern const struct cli_command command_update;
extern const struct cli_command command_checkpoint;
extern const struct cli_command command_restore;
extern const struct cli_command command_plan;
extern const struct cli_command command_plan_checkpoint; /* below command_plan */
extern const struct cli_command command_plan_restore;
extern const struct cli_command command_inspect;
extern const struct cli_command command_spec;
extern const struct cli_command command_features;
extern const struct cli_command command_version;
extern const struct cli_command command_help;

/* All commands; ends with NULL. */
extern const struct cli_command *const cli_commands[];

/* The options before the command; ends with a row without name. */
extern const struct cli_option cli_global_options[];

/* The command of that name, or NULL. */
const struct cli_command *cli_find_command(const char *name);

/* The command that `word` names below `command` ("checkpoint" below "plan"), or NULL. */
const struct cli_command *cli_find_below(const struct cli_command *command, const char *word);

#endif
