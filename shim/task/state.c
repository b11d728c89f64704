/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "shim/task/state.h"

#define REFUSE(why)               \
	{                         \
		CODE_UNKNOWN, why \
	}

static const struct state_refusal none = { CODE_NOT_FOUND, "container not created" };
static const struct state_refusal finished = { CODE_NOT_FOUND, "process already finished" };
static const struct state_refusal not_begun = { CODE_FAILED_PRECONDITION, "process not created" };

static const struct state_refusal table[STATE_OPS][STATES] = {
	[OP_START] = {
		[STATE_RUNNING] = REFUSE("cannot start a running process"),
		[STATE_PAUSED] = REFUSE("cannot start a paused process"),
		[STATE_STOPPED] = REFUSE("cannot start a stopped process"),
	},
	[OP_DELETE] = {
		[STATE_RUNNING] = REFUSE("cannot delete a running process"),
		[STATE_PAUSED] = REFUSE("cannot delete a paused process"),
	},
	[OP_EXEC] = {
		[STATE_PAUSED] = REFUSE("cannot exec in a paused state"),
		[STATE_STOPPED] = REFUSE("cannot exec in a stopped state"),
	},
	[OP_PAUSE] = {
		[STATE_CREATED] = REFUSE("cannot pause task in created state"),
		[STATE_PAUSED] = REFUSE("cannot pause a paused container"),
		[STATE_STOPPED] = REFUSE("cannot pause a stopped container"),
	},
	[OP_RESUME] = {
		[STATE_CREATED] = REFUSE("cannot resume task in created state"),
		[STATE_RUNNING] = REFUSE("cannot resume a running process"),
		[STATE_STOPPED] = REFUSE("cannot resume a stopped container"),
	},
	[OP_UPDATE] = {
		[STATE_STOPPED] = REFUSE("cannot update a stopped container"),
	},
	[OP_CHECKPOINT] = {
		[STATE_CREATED] = REFUSE("cannot checkpoint a task in created state"),
		[STATE_STOPPED] = REFUSE("cannot checkpoint a stopped container"),
	},
};

const struct state_refusal *state_refuses(enum state state, enum state_op op, bool is_exec)
{
	if (state == STATE_CREATING)
		return &none;
	if (op == OP_KILL && state == STATE_STOPPED)
		return &finished;
	if (op == OP_KILL && state == STATE_CREATED && is_exec)
		return &not_begun;
	return table[op][state].text ? &table[op][state] : NULL;
}
