/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the command line's parser
 *
 * In       option tables (cli.h) and an argument vector
 * Out      the values in the command's struct, the arguments that are left
 * Effects  none
 * Source   urfave/cli as runc uses it: long options take one or two dashes, "--flag=value" or
 *          "--flag value", flags also "--flag=false"; "--" ends the options; its error texts
 *          (podman probes for "flag needs an argument"). Letters without value may be bundled.
 */
#ifndef KEDGE_SHIM_CLI_OPTIONS_H
#define KEDGE_SHIM_CLI_OPTIONS_H

#include "shim/cli/cli.h"

struct options {
	const struct cli_option *tables[2]; /* either may be NULL */
	bool in_order; /* stop at the first argument; else options and arguments may mix */
	void *values;  /* the struct that the tables' offsets mean, zeroed by the caller */
	char **args;   /* out: the arguments left, NULL-terminated; the vector is owned */
	size_t n_args; /* out */
	bool help;     /* out: --help or -h was there */
};

/*
 * Parse `argv` (NULL-terminated, without the program's or command's name).
 * Errors: ERR_INVALID in Go's words: an option that no table has, a missing or a bad value.
 */
int options_parse(struct options *o, char **argv, struct err *err);

/* Free what options_parse() allocated: `args` and the lists among the values. */
void options_done(struct options *o);

/*
 * Read a size: decimal digits, then nothing or one of b k m g t p, KB or KiB and so on, in any case (all
 * powers of 1024, as runc reads them); "-1" is -1, "no limit". Errors: ERR_INVALID naming `text`.
 */
int options_bytes(const char *text, long long *bytes, struct err *err);

#endif
