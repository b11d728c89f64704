/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - the last stretch before the user's program, the same for init and exec
 *
 * In       struct process_setup, in a process that already is in the container's namespaces
 * Effects  on the calling process alone: labels, seccomp, capabilities, ids, directory, execve
 * Source   the order of runc's linuxStandardInit and linuxSetnsInit; CVE-2024-21626 (the working
 *          directory must lie inside the container, no fd of ours may survive)
 */
#ifndef KEDGE_CORE_RUN_PROCESS_H
#define KEDGE_CORE_RUN_PROCESS_H

#include "core/base/err.h"
#include "core/linux/seccomp.h"
#include "core/spec.h"

struct process_setup {
	const struct spec *spec; /* of the container */
	const struct spec_process *process;
	const struct seccomp_filter *filter; /* NULL: no filter */
	int sock;			     /* to the parent, which takes a seccomp listener */
	int start_fd;			     /* where init waits for start, or -1 */
	unsigned int keep_fds;		     /* fds 3 … 3+n-1 stay open for the program */
	unsigned int listen_fds;
	char *program;	 /* out: path of the executable */
	struct strv env; /* out: its environment */
};

/* Free the out-parts. */
void process_setup_done(struct process_setup *setup);

/*
 * Close all fds but stdio, the log's, `sock`, `start_fd` and those to keep. Then what root must do
 * for the process from inside: scheduling, labels, no_new_privs, seccomp where that needs
 * privilege, the user's ids and capabilities, the working directory; and find the program. Errors name what failed; the texts on missing programs are runc's, as Docker's exit
 * statuses 126 and 127 hang on them.
 */
int process_confine(struct process_setup *setup, struct err *err);

/* Load a filter that needs no privilege, close what isn't the program's, execute it. No return. */
int process_execute(struct process_setup *setup, struct err *err);

/*
 * Let fds 0, 1, 2 that are the host's /dev/null be the container's, as runc does: a process that has
 * a file of the host open can't be checkpointed. The caller is in the container's mount namespace.
 */
int process_reopen_null(struct err *err);

/*
 * If the process wants a terminal: open one in the container's /dev/pts, take the slave as stdio and
 * give the master to the parent over `sock` (SYNC_CONSOLE). `is_init` also puts it on /dev/console.
 */
int process_take_console(const struct spec_process *process, int sock, bool is_init,
			 struct err *err);

/* Create the working directory if it is missing (runc does; called as root, after pivot_root). */
int process_make_cwd(const struct spec_process *process, struct err *err);

#endif
