/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/task/args.h"
#include "shim/task/bootstrap.h"
#include "shim/task/cleanup.h"
#include "shim/task/info.h"
#include "shim/task/serve.h"
#include "shim/task/shim.h"
#include "shim/task/standin.h"

/* The verbs that end by themselves. 0, or -1. */
static int run_verb(const struct args *args, char **argv, char **envp, struct err *err)
{
	static char own[] = SHIM_NAME; /* the server's name, however `start` was called */
	char *name = argv[0];

	if (standin_is_meant(str_last_part(name))) {
		if (standin_choose(args, argv, envp, err))
			return -1;
		name = own;
	}
	if (args->version)
		return info_print_version(name, err);
	if (args->info)
		return info_write(err);
	bootstrap_open_log(args->debug);
	if (!strcmp(args->verb, "start"))
		return bootstrap_start(args, name, err);
	if (!strcmp(args->verb, "delete"))
		return cleanup_delete(args, err);
	return err_set(err, ERR_INVALID, "unknown verb %s: there are start and delete", args->verb);
}

/* containerd shows what is on the stderr of a verb that has failed, and of no other. */
int shim_main(char **argv, char **envp)
{
	int errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	struct args args = { 0 };
	struct err err = { 0 };

	if (!args_parse(argv, &args, &err)) {
		if (!args.verb && !args.version && !args.info) {
			close(errors);
			return serve_run(&args, argv, envp);
		}
		if (!run_verb(&args, argv, envp, &err))
			return 0;
	}
	dprintf(errors, SHIM_NAME ": %s%s%s\n", err.msg, err.hint[0] ? "; " : "", err.hint);
	return 1;
}
