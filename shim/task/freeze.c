/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.c - Pause and Resume
 *
 * The freezer may take long (a process in state D), so a worker writes to it. That one asks for no
 * more than the freezer's state: what `kedge pause` did by hand is taken as it is.
 */
#include "core/base/log.h"
#include "oci/stored.h"
#include "shim/task/freeze.h"
#include "shim/task/methods.h"
#include "shim/task/tell.h"

static int set_frozen(const struct task *task, bool frozen, struct err *err)
{
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	if (stored_open(task->root, task->id, &s, err))
		return -1;
	return cgroup_set_frozen(&s.c.cgroup, frozen, err);
}

void freeze_undo(const struct task *task)
{
	struct err err = { 0 };

	if (set_frozen(task, false, &err))
		log_debug("thaw %s: %s", task->id, err.msg);
}

void freeze_let_die(struct task *task)
{
	task->is_doomed = true; /* while it is being paused, the worker would freeze it again */
	if (task->init.state == STATE_PAUSED)
		freeze_undo(task);
}

/* Whether the operation can't be, as the process is in such a state; it has ended then. */
static bool is_refused(struct task_op *op, enum state_op what)
{
	bool is_dying = what == OP_PAUSE && op->task->is_doomed;
	const struct task_process *p = op->process;
	enum state state = is_dying || p->has_ended ? STATE_STOPPED : p->state;

	return task_op_refuse(op, state_refuses(state, what, false));
}

/* --- Pause -------------------------------------------------------------------------------------*/

static int run_pause(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;

	(void)answer;
	return set_frozen(op->task, true, err);
}

/* It may have died meanwhile, or be about to: frozen it couldn't. */
static void pause_done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;
	struct task *task = op->task;
	bool is_dying = task->is_doomed || op->process->has_ended;

	task->is_pausing = false;
	/* what couldn't be frozen as a whole, or was left by a worker that was killed, runs on */
	if (is_dying || answer->err.kind)
		freeze_undo(task);
	if (answer->err.kind) {
		call_fail_err(op->call, &answer->err);
	} else if (is_dying) {
		call_fail(op->call, CODE_UNKNOWN, "cannot pause a stopped container");
	} else {
		op->process->state = STATE_PAUSED;
		tell_paused(task);
		call_reply(op->call, NULL);
	}
	task_op_end(op);
}

static void pause_begin(struct task_op *op)
{
	if (is_refused(op, OP_PAUSE))
		return;
	op->task->is_pausing = true;
	task_op_work(op, run_pause, pause_done, NULL);
}

void method_pause(struct shim *shim, struct call *call)
{
	const Task__IdRequest *req = (const Task__IdRequest *)call->request;
	struct task_process *init = task_lookup(shim, call, req->id, "");

	if (init)
		task_op_begin(init->task, call, "", pause_begin);
}

/* --- Resume ------------------------------------------------------------------------------------*/

static int run_resume(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;

	(void)answer;
	return set_frozen(op->task, false, err);
}

static void resume_done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;

	if (answer->err.kind) {
		call_fail_err(op->call, &answer->err);
	} else {
		op->process->state = STATE_RUNNING;
		tell_resumed(op->task);
		call_reply(op->call, NULL);
	}
	task_op_end(op);
}

static void resume_begin(struct task_op *op)
{
	if (!is_refused(op, OP_RESUME))
		task_op_work(op, run_resume, resume_done, NULL);
}

void method_resume(struct shim *shim, struct call *call)
{
	const Task__IdRequest *req = (const Task__IdRequest *)call->request;
	struct task_process *init = task_lookup(shim, call, req->id, "");

	if (init)
		task_op_begin(init->task, call, "", resume_begin);
}
