/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.h - the shim's command line, and what comes with it on stdin
 *
 * In       argv: flags with one dash or two, "-flag value" or "-flag=value"; then a verb
 * Out      struct args, borrowing from argv
 * Effects  stdin is read
 * Source   Go's package flag, as containerd's pkg/shim uses it
 */
#ifndef KEDGE_SHIM_TASK_ARGS_H
#define KEDGE_SHIM_TASK_ARGS_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/str.h"

struct args {
	const char *namespace;
	const char *address; /* containerd's gRPC socket */
	const char *publish_binary;
	const char *id;
	const char *bundle;
	const char *socket; /* containerd passes "" */
	const char *debug_socket;
	bool debug;
	bool version;
	bool info;
	const char *verb; /* "start", "delete"; NULL: be the server */
};

/* Parse. Flags end with the first word that isn't one. Errors: ERR_INVALID. */
int args_parse(char **argv, struct args *args, struct err *err);

/*
 * Append what is on stdin, options or BootstrapParams; nothing if that is a terminal. Errors: ERR_LIMIT
 * above 4 MiB, ERR_SYS.
 */
int args_read_stdin(struct buf *in, struct err *err);

#endif
