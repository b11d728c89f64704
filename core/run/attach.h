/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - stay with a process in the foreground: signals, terminal, reaping
 *
 * Effects  blocks all signals of the caller and forwards them; puts the caller's terminal into raw
 *          mode while it relays; reaps every child (the caller should be a subreaper)
 * Source   runc's signals.go and tty.go: all signals but SIGCHLD, SIGPIPE and SIGURG are forwarded
 */
#ifndef KEDGE_CORE_RUN_ATTACH_H
#define KEDGE_CORE_RUN_ATTACH_H

#include <signal.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/spec.h"

struct attach {
	int signal_fd; /* -1 in an empty value */
	sigset_t old_mask;
};

/*
 * Block the signals and open a signalfd. Call it before the process is made, so that no signal is
 * lost; children must get `old_mask` back (create and exec do that themselves: the mask that a
 * child of kedge starts with is empty).
 */
int attach_begin(struct attach *a, struct err *err);

/*
 * The program is to start with a terminal of our window's size. Without a window, and for a program
 * without a terminal, consoleSize stays as it is.
 */
void attach_take_size(struct spec_process *p);

/*
 * Wait for `pid`, forwarding signals to it and, if `master` >= 0 (consumed), relaying between it
 * and our stdin/stdout. `*exit_status` is what a shell would see.
 */
int attach_wait(struct attach *a, pid_t pid, int master, int *exit_status, struct err *err);

/* Restore the signal mask. */
void attach_done(struct attach *a);

/* Make this process the reaper of its orphaned descendants (PR_SET_CHILD_SUBREAPER). */
int attach_subreaper(struct err *err);

#endif
