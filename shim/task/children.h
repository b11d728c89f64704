/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children.h - who is told that a process has ended
 *
 * In       SIGCHLD by signalfd: our own children, and as a subreaper the containers' orphans
 * Out      a callback per process that somebody owns; all others are reaped and forgotten
 * Effects  wait4(2) of any child
 *
 * A container's first process is made by a worker (worker.h) and becomes ours when that ends, so
 * it may have ended before its owner knows its pid. What ended unowned is therefore remembered as
 * long as somebody still may ask for it: between children_hold() and children_release().
 */
#ifndef KEDGE_SHIM_TASK_CHILDREN_H
#define KEDGE_SHIM_TASK_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

/* A process with an owner. `pid` and `ended` are the owner's to set before children_watch(). */
struct child {
	pid_t pid;
	void (*ended)(struct child *child, int wstatus);
	struct child *next;
	bool is_watched;
};

struct child_exit {
	pid_t pid;
	int wstatus;
};

struct children {
	struct child *list;
	struct child_exit *unowned; /* what ended without an owner while there was a hold */
	size_t n_unowned;
	unsigned int holds;
};

/*
 * Tell the owner when the process ends; at once (from within) if it has ended under a hold that is
 * still there. After the callback it is no longer watched.
 */
void children_watch(struct children *children, struct child *child);

/* Tell nobody any more. Harmless when it isn't watched. */
void children_unwatch(struct children *children, struct child *child);

/* Reap all that has ended, and tell the owners. */
void children_reap(struct children *children);

/* From now on remember what ends unowned: a pid is to come. */
void children_hold(struct children *children);

/* The pid has come, or doesn't. Without holds nothing is remembered: pids are used again. */
void children_release(struct children *children);

/* Take one process that has ended, as children_reap() does with what wait4() gives it. */
void children_ended(struct children *children, pid_t pid, int wstatus);

#endif
