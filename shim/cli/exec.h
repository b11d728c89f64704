/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - the parts of `exec` that can be tested alone: the process as its flags describe it
 *
 * In       the flags of `kedge exec`, the config's process
 * Out      the process to run
 * Effects  none
 * Source   runc-exec(8); CVE-2016-3697 and CVE-2026-30892: ids are strict decimals
 */
#ifndef KEDGE_SHIM_CLI_EXEC_H
#define KEDGE_SHIM_CLI_EXEC_H

#include "shim/cli/cli.h"

struct exec_values {
	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
	const char *process;
	const char *cwd;
	const char *user;
	const char *process_label;
	const char *apparmor;
	const char *cgroup;
	struct strv env;
	struct strv additional_gids;
	struct strv caps;
	struct cli_switch no_new_privs;
	unsigned int preserve_fds;
	bool tty;
	bool detach;
	bool ignore_paused;
};

/*
 * Read "UID" or "UID:GID" into the two numbers; without ":GID" `*gid` stays.
 * Errors: ERR_INVALID for anything but decimal digits up to 4294967294.
 */
int exec_parse_user(const char *text, uint32_t *uid, uint32_t *gid, struct err *err);

/*
 * Change `process`, on entry a copy of the config's, as the flags say; `args` is the command. What
 * is new is in `arena` or borrowed from `v` and `args`; the config's own lists stay as they are.
 * Errors: ERR_INVALID.
 */
int exec_build_process(const struct exec_values *v, char **args, struct arena *arena,
		       struct spec_process *process, struct err *err);

#endif
