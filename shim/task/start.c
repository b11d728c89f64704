/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - Start: a container's first process executes its program, or is restored
 *
 * The operation holds back the exit of a process that ends at once, until "start" is on its way.
 */
#include <signal.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/run/control.h"
#include "oci/stored.h"
#include "shim/task/cr_work.h"
#include "shim/task/exec.h"
#include "shim/task/io_terminal.h"
#include "shim/task/methods.h"
#include "shim/task/remove.h"
#include "shim/task/start.h"
#include "shim/task/task.h"
#include "shim/task/tell.h"

static int run(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	if (op->task->checkpoint)
		return cr_work_restore(op->task, answer, err);
	if (stored_open(op->task->root, op->task->id, &s, err) || stored_read_spec(&s, err))
		return -1;
	return control_start(&s.c, &s.spec, err);
}

/*
 * The holder's end, which may have been noticed by now, isn't the task's. But a SIGKILL that only the
 * dying holder got was meant for the task: whoever sent it was told that it was done.
 */
static void take_restored(struct task_process *process, struct worker_answer *answer)
{
	io_take_master(&process->io, take_fd(&answer->fd));
	process->has_ended = false;
	task_process_set_pid(process, answer->pid);
	if (process->task->is_doomed)
		process->task->late_signal = SIGKILL;
	if (process->task->late_signal && !process->has_ended)
		kill(answer->pid, process->task->late_signal);
	process->task->late_signal = 0;
}

static void fail(struct task_op *op, struct err *err)
{
	err_wrap(err, "OCI runtime %s failed", op->task->checkpoint ? "restore" : "start");
	call_fail_err(op->call, err);
	task_op_end(op);
}

static void undone(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;
	struct err why = { 0 };

	remove_explain_loss(op, answer, "restored", &why);
	fail(op, &why);
}

static void done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;
	Task__StartResponse response = TASK__START_RESPONSE__INIT;
	Wkt__Timestamp at;

	if (answer->is_lost && op->task->checkpoint) {
		/* nothing half restored stays */
		task_op_work(op, remove_task, undone, NULL);
	} else if (answer->err.kind) {
		fail(op, &answer->err);
	} else {
		if (op->task->checkpoint)
			take_restored(op->process, answer);
		op->process->state = STATE_RUNNING;
		tell_start(op->process);
		response.pid = (uint32_t)op->process->pid;
		if (!strcmp(op->call->method, "StartSandbox"))
			response.created_at = task_timestamp(&op->task->created_at, &at);
		call_reply(op->call, &response.base);
		task_op_end(op);
	}
}

static void begin(struct task_op *op)
{
	if (!task_op_refuse(op, state_refuses(op->process->state, OP_START, false)))
		task_op_work(op, run, done, NULL);
}

bool start_is_between(const struct task *task)
{
	return task->op && task->op->begin == begin && task->checkpoint && task->init.has_ended &&
	       task->init.state == STATE_CREATED;
}

void method_start(struct shim *shim, struct call *call)
{
	const Task__ProcessRequest *req = (const Task__ProcessRequest *)call->request;
	struct task_process *process = task_lookup(shim, call, req->id, req->exec_id);

	if (process)
		task_op_begin(process->task, call, req->exec_id,
			      *req->exec_id ? exec_start : begin);
}
