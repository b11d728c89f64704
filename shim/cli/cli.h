/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - what a command of the command line is: one table row for it, one for each option
 *
 * In       options.c parses by these tables, help.c prints from them
 * Out      struct cli: one call of kedge, as its command sees it
 * Effects  none: values only
 * Source   runc's command line: names, short forms, exit statuses
 */
#ifndef KEDGE_SHIM_CLI_CLI_H
#define KEDGE_SHIM_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/spec.h"

/* A flag that tells "--flag=false" from "not given". */
struct cli_switch {
	bool given;
	bool on;
};

/* How an option's value is read; it follows from the type of its field. */
enum cli_kind {
	CLI_FLAG,   /* bool */
	CLI_SWITCH, /* struct cli_switch */
	CLI_STRING, /* const char *, borrowed from argv; an empty value is none */
	CLI_LIST,   /* struct strv; each use adds one */
	CLI_UINT,   /* unsigned int */
	CLI_U64,    /* struct spec_opt_u64 */
	CLI_I64,    /* struct spec_opt_i64 */
	CLI_BYTES,  /* struct spec_opt_i64: "64M", "1GiB", "-1" */
};

/* One option. A table of them ends with a row without name. */
struct cli_option {
	enum cli_kind kind;
	size_t offset;	   /* of its field in the command's values */
	char letter;	   /* the short form, or 0 */
	const char *name;  /* the long form, without dashes */
	const char *value; /* what help calls its value; "a|b|c" admits only these words */
	const char *help;
};

/* The first two members of a row: the field says how the value is read. */
/* clang-format off */
#define CLI_AT(type, field)                                     \
	_Generic(((type *)NULL)->field,                         \
		bool: CLI_FLAG,                                 \
		struct cli_switch: CLI_SWITCH,                  \
		const char *: CLI_STRING,                       \
		char *: CLI_STRING,                             \
		struct strv: CLI_LIST,                          \
		unsigned int: CLI_UINT,                         \
		struct spec_opt_u64: CLI_U64,                   \
		struct spec_opt_i64: CLI_I64),                  \
	offsetof(type, field)
/* clang-format on */
/* The same for a size: a struct spec_opt_i64 with a unit behind the number. */
#define CLI_BYTES_AT(type, field) CLI_BYTES, offsetof(type, field)

/* The options before the command. */
struct cli_globals {
	const char *root;
	const char *log;
	const char *log_format;
	const char *rootless;
	const char *criu;
	bool debug;
	bool systemd_cgroup;
	bool version;
};

struct cli_command;

/* One call of kedge. All is borrowed from cli_main(). */
struct cli {
	char **argv; /* of the process, as the kernel gave them */
	char **envp;
	struct cli_globals globals;
	const struct cli_command *command;
	const void *values; /* the command's own struct, filled by its options */
	char **args;	    /* what is left: NULL-terminated */
	size_t n_args;
	int failure_status; /* what a failure from here on exits with; 0 means 1 */
};

#define CLI_ANY_ARGS 1000000

/* One command. One that has others below it has no code of its own. */
struct cli_command {
	const char *name;    /* of one below another: both words, "plan restore" */
	const char *group;   /* its heading in `kedge --help` */
	const char *summary; /* one line */
	const char *args;    /* what follows the options, for the usage line; or "" */
	const char *details; /* what help adds behind the options (ends with a newline), or NULL */
	size_t min_args, max_args;
	const struct cli_command *const *commands; /* those below it; ends with NULL; or NULL */
	const struct cli_option *options;	   /* the table of its own, or NULL */
	const struct cli_option *shared; /* a table that it has in common with others, or NULL */
	size_t values_bytes;		 /* size of the struct behind both; 0 without options */
	bool in_order;	     /* what follows the first argument is not kedge's to parse */
	bool is_sealed;	     /* it enters a container: run from a sealed copy (CVE-2019-5736) */
	int failure_status;  /* the exit status of a failure; 0 means 1 */
	const char *failure; /* put before the message of a failure, as runc does; or NULL */
	/* Do it. Gives the exit status, or -1 with `err` set. */
	int (*run)(const struct cli *cli, struct err *err);
};

/*
 * Run the command line and give the exit status: 0, 1 for an error, or the program's own for `run`
 * and `exec`. An error goes to stderr in a line for people, and to the log file if there is one.
 */
int cli_main(char **argv, char **envp);

#endif
