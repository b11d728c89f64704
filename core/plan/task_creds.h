/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_creds.h - what a task may do, and whether config.json gives it that
 *
 * In       the text of /proc/PID/task/TID/status, struct spec
 * Out      struct task_creds, struct task_excess
 * Effects  none
 * Source   proc_pid_status(5), capabilities(7) ("Transformation of capabilities during execve()"),
 *          PR_SET_NO_NEW_PRIVS(2const); config.md#linux-process
 */
#ifndef KEDGE_CORE_PLAN_TASK_CREDS_H
#define KEDGE_CORE_PLAN_TASK_CREDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/spec.h"

/* One thread. The numbers are those of its own pid namespace. */
struct task_creds {
	int pid; /* of its process */
	int tid;
	char name[64]; /* comm; any byte may be in it but NUL and newline */
	char state;    /* 'Z' and 'X': it has ended */
	uint64_t caps[SPEC_CAP_SETS];
	bool no_new_privileges;
	bool is_filtered; /* by seccomp */
};

/* What a task has and config.json doesn't give, or the other way round. */
struct task_excess {
	uint64_t caps;	   /* in any set but the bounding one */
	uint64_t bounding; /* only there: what it could gain */
	bool lacks_no_new_privileges;
	bool lacks_seccomp;
};

/* Parse `text`, which ends in NUL. Errors: ERR_INVALID naming the field that isn't there. */
int task_creds_parse(const char *text, struct task_creds *out, struct err *err);

/*
 * Compare. A ceiling holds for whatever a process of such a container can get by itself: by
 * set-user-ID programs and as root it gets up to the bounding set, with noNewPrivileges up to the
 * permitted one. User and group may be any. True when there is an excess.
 */
bool task_creds_exceed(const struct spec *spec, const struct task_creds *task,
		       struct task_excess *out);

/*
 * Whether `current`, as /proc/PID/attr/…/current has it ("docker-default (enforce)"), is the
 * AppArmor profile `profile`, or a hat, child or stack of it ("docker-default//hat").
 */
bool task_creds_has_profile(const char *current, const char *profile);

#endif
