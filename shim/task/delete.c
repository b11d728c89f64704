/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete.c - Delete: take a container away, or forget an exec'd process
 *
 * A task whose Delete nobody hears the answer of is still known, as a stopped one, and Delete can be
 * asked for again: so no exit status is lost with a containerd that crashes.
 */
#include <stddef.h>
#include <unistd.h>

#include "shim/task/create.h"
#include "shim/task/delete.h"
#include "shim/task/methods.h"
#include "shim/task/remove.h"
#include "shim/task/task.h"
#include "shim/task/tell.h"

/* How long a reader has for the rest of the output; containerd 2's shim gives as much. */
#define DRAIN_MS 10000

static void reply(const struct task_process *p, struct call *call)
{
	Task__DeleteResponse response = TASK__DELETE_RESPONSE__INIT;
	Wkt__Timestamp at;

	response.pid = (uint32_t)p->pid;
	response.exit_status = p->exit_status;
	if (p->has_ended)
		response.exited_at = task_timestamp(&p->exited_at, &at);
	call_reply(call, &response.base);
}

/* --- the rest of the output --------------------------------------------------------------------*/

/*
 * Whether the client has gone, as a containerd does that crashes, and will ask again when it is back.
 * Where the bundle is gone, too, containerd has given the task up.
 */
static bool is_unheard(const struct task_op *op)
{
	return (!op->call->conn || op->call->is_answered) && !access(op->task->bundle, F_OK);
}

static void forget(struct io *io)
{
	struct task_op *op = io->owner;
	struct task_process *p = op->process;
	struct task *task = op->task;

	if (is_unheard(op)) {
		call_reply(op->call, NULL);
		task_op_end(op);
		return;
	}
	if (*p->exec_id) {
		reply(p, op->call);
		task_remove_exec(p);
		task_op_end(op);
		return;
	}
	tell_delete(p);
	reply(p, op->call);
	task_free(task);
	task_op_drop(op);
}

/* A logger gets its time, too. */
static void finish(struct task_op *op)
{
	struct task_process *p = op->process;

	loop_timer_stop(&op->task->shim->loop, &p->patience);
	io_end(&p->io, forget, op);
}

static void output_is_over(struct io *io)
{
	finish(io->owner);
}

static void patience_ends(struct loop_timer *timer)
{
	const struct task_process *p =
		(void *)((char *)timer - offsetof(struct task_process, patience));

	finish(p->task->op);
}

/* A reader that is slow gets a while; one that is gone can't keep the process from being deleted. */
static void drain(struct task_op *op)
{
	struct task_process *p = op->process;

	if (io_flush(&p->io)) {
		finish(op);
		return;
	}
	io_wait_idle(&p->io, output_is_over, op);
	p->patience.fire = patience_ends;
	loop_timer_set(&op->task->shim->loop, &p->patience, DRAIN_MS);
}

/* --- the operation -----------------------------------------------------------------------------*/

static void done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;

	if (answer->err.kind) {
		call_fail_err(op->call, &answer->err);
		task_op_end(op);
		return;
	}
	/* one that was never started has been killed just now */
	children_reap(&op->task->shim->children);
	task_publish_exit(op->process);
	drain(op);
}

void delete_by_force(struct task_op *op)
{
	task_op_work(op, remove_task, done, NULL);
}

static void begin(struct task_op *op)
{
	struct task_process *p = op->process;

	if (task_op_refuse(op, state_refuses(p->state, OP_DELETE, *p->exec_id)))
		return;
	if (*p->exec_id)
		drain(op);
	else
		delete_by_force(op);
}

void method_delete(struct shim *shim, struct call *call)
{
	const Task__ProcessRequest *req = (const Task__ProcessRequest *)call->request;
	struct task *unmade = task_find_unmade(shim, req->id);
	struct task_process *process;

	if (unmade && !*req->exec_id) {
		create_abort(unmade, call);
		return;
	}
	process = task_lookup(shim, call, req->id, req->exec_id);
	if (process)
		task_op_begin(process->task, call, req->exec_id, begin);
}
