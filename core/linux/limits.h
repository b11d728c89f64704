/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - what a process may use: rlimits, OOM score, priorities, scheduler, CPUs, personality
 *
 * In       struct spec_process and plain values, as oci/ has checked them
 * Effects  prlimit(2), ioprio_set(2), sched_setattr(2), sched_setaffinity(2), personality(2), and
 *          /proc/PID/oom_score_adj of the host
 * Source   OCI runtime-spec config.md#process; proc_pid_oom_score_adj(5), sched(7)
 *
 * Without CAP_SYS_RESOURCE a hard limit can't be raised nor an OOM score lowered. Then the process
 * gets what is possible, and the log says what it lacks: containers in a nested host would not
 * start at all otherwise.
 */
#ifndef KEDGE_CORE_LINUX_LIMITS_H
#define KEDGE_CORE_LINUX_LIMITS_H

#include <sys/types.h>

#include "core/base/err.h"
#include "core/spec.h"

/*
 * Set what wants the host's /proc and privileges for `pid` (0: the caller): rlimits and
 * oom_score_adj. Both are inherited by what `pid` forks. Errors: ERR_INVALID (a soft limit above
 * the hard one), ERR_SYS.
 */
int limits_apply(pid_t pid, const struct spec_process *process, struct err *err);

/*
 * Set for the calling thread what the process itself has to set, as root of its namespaces: I/O
 * priority and scheduler. Errors: ERR_DENIED, ERR_INVALID, ERR_SYS.
 */
int limits_apply_inside(const struct spec_process *process, struct err *err);

/* CPU numbers, bit n of the whole array is CPU n. */
#define LIMITS_MAX_CPUS 8192
struct limits_cpus {
	unsigned long bits[LIMITS_MAX_CPUS / (8 * sizeof(unsigned long))];
};

/*
 * Read a list of CPUs, "0-3,5". Errors: ERR_INVALID (the message quotes the list), also for an
 * empty list and for CPUs from LIMITS_MAX_CPUS on.
 */
int limits_parse_cpus(const char *list, struct limits_cpus *cpus, struct err *err);

/*
 * Run `pid` (0: the caller) on the CPUs of `list` only (execCPUAffinity; NULL: leave it alone).
 * Errors: as limits_parse_cpus(), ERR_INVALID when none of them may be used, ERR_SYS.
 */
int limits_pin(pid_t pid, const char *list, struct err *err);

/* Set the caller's execution domain (PER_LINUX, PER_LINUX32); exec keeps it. Errors: ERR_SYS. */
int limits_personality(unsigned long persona, struct err *err);

#endif
