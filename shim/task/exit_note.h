/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_note.h - how a task has ended, noted in its bundle for a `delete` after the shim was killed
 *
 * In/Out   BUNDLE/kedge.exit: "PID STATUS SECONDS NANOSECONDS\n"
 * Effects  writes or reads that file
 */
#ifndef KEDGE_SHIM_TASK_EXIT_NOTE_H
#define KEDGE_SHIM_TASK_EXIT_NOTE_H

#include <sys/types.h>
#include <time.h>

#include "core/base/err.h"

struct task_process;

struct exit_note {
	pid_t pid;
	unsigned int status;
	struct timespec at;
};

/* Note the end of a task's first process. Errors: ERR_SYS. */
int exit_note_write(const struct task_process *process, struct err *err);

/* Read the note. Errors: ERR_NOT_FOUND: it hasn't ended under a shim; ERR_INVALID. */
int exit_note_read(const char *bundle, struct exit_note *note, struct err *err);

#endif
