/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help.h - the help texts, printed from the tables that the parser reads
 *
 * In       commands.h
 * Out      text of at most 80 columns
 * Effects  help_print() prints; the others none
 */
#ifndef KEDGE_SHIM_CLI_HELP_H
#define KEDGE_SHIM_CLI_HELP_H

#include "shim/cli/cli.h"

/* What `kedge --help` shows: the commands by group, the global options. */
void help_overview(struct buf *b);

/* What `kedge COMMAND --help` shows. */
void help_command(const struct cli_command *command, struct buf *b);

/* Print one or (`command` NULL) the other on stdout. */
int help_print(const struct cli_command *command, struct err *err);

#endif
