/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - processes: identity beyond the pid, waiting, signals by pidfd
 *
 * Source   proc_pid_stat(5) fields 3 (state), 4 (ppid) and 22 (starttime), pidfd_open(2), waitpid(2)
 */
#ifndef KEDGE_CORE_BASE_PROC_H
#define KEDGE_CORE_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

/* What /proc/PID/stat says of a process. */
struct proc_stat {
	char state;		       /* 'R', 'S', 'Z', … */
	pid_t parent;		       /* 0: none that this pid namespace sees */
	unsigned long long start_time; /* clock ticks since boot: tells a reused pid apart */
};

/* Read `pid`'s stat. Errors: ERR_NOT_FOUND when there is no such process, ERR_SYS. */
int proc_stat_read(pid_t pid, struct proc_stat *out, struct err *err);

/* Whether `pid` still is the process that began at `start_time`, and isn't a zombie. */
bool proc_is_alive(pid_t pid, unsigned long long start_time);

/*
 * Open a pidfd on `pid` and make sure that it is the one that began at `start_time` (0: any).
 * Gives the fd, CLOEXEC. Errors: ERR_NOT_FOUND, ERR_SYS.
 */
int proc_open(pid_t pid, unsigned long long start_time, struct err *err);

/* Send `sig` by pidfd. Errors: ERR_NOT_FOUND when it has ended, ERR_SYS. */
int proc_signal(int pidfd, int sig, struct err *err);

/* waitpid() that goes on after EINTR. Gives the exit status as a shell sees it (128 + signal). */
int proc_wait(pid_t pid, int *exit_status, struct err *err);

/* A wait(2) status as a shell sees it: the exit code, or 128 + signal. */
int proc_exit_status(int wstatus);

/* Wait up to `timeout_ms` for the process behind `pidfd` to end (-1: for ever). 1 ended, 0 not, -1. */
int proc_poll(int pidfd, int timeout_ms, struct err *err);

/* `auto_pid pid_t pid = -1;` is killed with SIGKILL and reaped when it leaves its scope. */
void proc_reap(const pid_t *pid);
#define auto_pid __attribute__((cleanup(proc_reap)))

/*
 * What the caller blocked or ignores isn't for the program that is executed next: nothing is
 * blocked any more, and every signal does what it does by default.
 */
void proc_reset_signals(void);

/* The number of microseconds on the monotonic clock. */
unsigned long long proc_now_us(void);

#endif
