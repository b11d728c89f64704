/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what may be done to a process, in which state
 *
 * In       the state of a container's first process, or of one that is exec'd
 * Out      yes, or the code and text with which it is refused
 * Effects  none
 * Source   containerd pkg/process/init_state.go and exec_state.go; clients hang on the codes: Docker
 *          and kubelet take NOT_FOUND from Kill as success
 */
#ifndef KEDGE_SHIM_TASK_STATE_H
#define KEDGE_SHIM_TASK_STATE_H

#include <stdbool.h>

#include "shim/task/code.h"

enum state {
	STATE_CREATING, /* nobody knows it yet */
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED, /* first processes only; an exec'd one is RUNNING, and shown as paused */
	STATE_STOPPED,
	STATES,
};

enum state_op {
	OP_START,
	OP_DELETE,
	OP_KILL,
	OP_EXEC, /* record one, and start it: asked of the first process */
	OP_PAUSE,
	OP_RESUME,
	OP_UPDATE,
	OP_CHECKPOINT,
	STATE_OPS,
};

struct state_refusal {
	enum code code;
	const char *text;
};

/* Why a process in this state can't have that done to it; NULL: it can. */
const struct state_refusal *state_refuses(enum state state, enum state_op op, bool is_exec);

#endif
