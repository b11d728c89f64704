/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standin.h - kedge under the name of runc's shim
 *
 * In       the command line and stdin that containerd has for containerd-shim-runc-v2
 * Out      whether the task is ours; if not, the stock shim in this process, as if we weren't there
 * Effects  reads stdin and puts it back; a note in the bundle of a task that is ours; execve
 *
 * Clients treat only io.containerd.runc.v2 as runc: Docker and ctr pass their options for checkpoints
 * to nobody else. Installed as containerd-shim-runc-v2 in a directory that comes earlier in
 * containerd's PATH, kedge serves the tasks whose options name kedge as the runtime's binary (Docker:
 * "runtimes": {"kedge": {"path": "/usr/bin/kedge"}}; ctr: --runc-binary kedge) and hands all else to
 * the stock shim. `delete` isn't told the options, so `start` leaves a note in the bundle.
 */
#ifndef KEDGE_SHIM_TASK_STANDIN_H
#define KEDGE_SHIM_TASK_STANDIN_H

#include "shim/task/args.h"

#define STANDIN_NAME "containerd-shim-runc-v2"

/* Whether a program that is called `name` (a path's last part) is the stand-in. */
bool standin_is_meant(const char *name);

/*
 * Returns 0 if this is for kedge to do; stdin is as it was then. Otherwise the stock shim is executed,
 * and -1 means that this couldn't be done. Errors: ERR_NOT_FOUND without a stock shim, ERR_SYS.
 */
int standin_choose(const struct args *args, char **argv, char **envp, struct err *err);

/*
 * Where the stock shim is: the first executable STANDIN_NAME in `path` (like $PATH) that lies behind
 * the directory of `self`, by which we were called, or in `last_dir` (may be NULL); never our own
 * binary, or kedge's other one beside it. The caller frees; NULL if there is none.
 */
char *standin_find_stock(const char *path, const char *self, const char *last_dir);

/* Whether options with this `binary_name` (may be NULL) mean kedge. */
bool standin_is_kedge(const char *binary_name);

#endif
