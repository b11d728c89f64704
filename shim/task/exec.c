/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/fd.h"
#include "core/run/exec.h"
#include "oci/config.h"
#include "oci/stored.h"
#include "shim/task/exec.h"
#include "shim/task/io_terminal.h"
#include "shim/task/methods.h"
#include "shim/task/stdio.h"
#include "shim/task/tell.h"

/* What an exec that could not be started has as exit status, as `kedge exec` */
#define NOT_STARTED 255

static const struct state_refusal only_held = { CODE_UNKNOWN, "cannot exec in a created state" };
static const struct state_refusal no_init = { CODE_FAILED_PRECONDITION,
					      "init process is not running" };

/* A first process whose end isn't told yet has ended all the same; a holder has no container. */
static const struct state_refusal *init_refuses(const struct task *task)
{
	enum state state = task->init.has_ended ? STATE_STOPPED : task->init.state;

	if (state == STATE_CREATED && task->checkpoint)
		return &only_held;
	return state_refuses(state, OP_EXEC, false);
}

/* --- Exec --------------------------------------------------------------------------------------*/

static void record(struct task_op *op)
{
	const Task__ExecRequest *req = (const Task__ExecRequest *)op->call->request;
	const char *const paths[3] = { req->stdin, req->stdout, req->stderr };
	struct task_process *p;

	if (task_find_process(op->task, req->exec_id)) {
		call_fail(op->call, CODE_ALREADY_EXISTS, "id %s", req->exec_id);
		task_op_end(op);
		return;
	}
	if (task_op_refuse(op, init_refuses(op->task)))
		return;
	p = task_add_exec(op->task, req->exec_id);
	task_process_set_stdio(p, paths);
	p->terminal = req->terminal;
	p->exec_request = take_ptr(&op->call->request);
	tell_exec_added(p);
	call_reply(op->call, NULL);
	task_op_end(op);
}

void method_exec(struct shim *shim, struct call *call)
{
	const Task__ExecRequest *req = (const Task__ExecRequest *)call->request;
	struct task_process *init;

	if (!*req->exec_id) {
		call_fail(call, CODE_INVALID_ARGUMENT, "exec needs an exec id");
		return;
	}
	init = task_lookup(shim, call, req->id, "");
	if (init)
		task_op_begin(init->task, call, "", record);
}

/* --- Start: in the worker ----------------------------------------------------------------------*/

static int parse_process(const struct task_process *p, struct arena *arena,
			 struct spec_process *process, struct err *err)
{
	const Task__ExecRequest *req = (const Task__ExecRequest *)p->exec_request;

	if (!req->spec)
		return err_set(err, ERR_INVALID, "the request has no process");
	if (oci_process_parse((const char *)req->spec->value.data, req->spec->value.len, arena,
			      process, err))
		return err_wrap(err, "process");
	process->terminal = p->terminal;
	return 0;
}

static int run(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	struct spec_process process = { 0 };
	struct exec_request req = {
		.spec = &s.spec,
		.process = &process,
		.wants_master = op->process->terminal,
	};

	if (stored_open(op->task->root, op->task->id, &s, err) || stored_read_spec(&s, err) ||
	    parse_process(op->process, &s.spec.arena, &process, err))
		return -1;
	return exec_process(&s.c, &req, &answer->pid, &answer->fd, err);
}

/* --- Start: in the server ----------------------------------------------------------------------*/

/* Those who wait for it are told at once, as nothing will ever end; there is no exit to publish. */
static void fail(struct task_op *op, struct err *err)
{
	struct task_process *p = op->process;

	io_done(&p->io);
	p->state = STATE_STOPPED;
	p->has_ended = true;
	p->exit_status = NOT_STARTED;
	clock_gettime(CLOCK_REALTIME, &p->exited_at);
	task_answer_waiters(p);
	err_wrap(err, "OCI runtime exec failed");
	call_fail_err(op->call, err);
	task_op_end(op);
}

static void started(struct io *io)
{
	struct task_op *op = io->owner;
	Task__StartResponse response = TASK__START_RESPONSE__INIT;

	tell_start(op->process);
	response.pid = (uint32_t)op->process->pid;
	call_reply(op->call, &response.base);
	task_op_end(op);
}

static void done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;
	struct task_process *p = op->process;

	if (answer->err.kind) {
		fail(op, &answer->err);
		return;
	}
	io_take_master(&p->io, take_fd(&answer->fd));
	protobuf_c_message_free_unpacked(take_ptr(&p->exec_request), NULL);
	p->state = STATE_RUNNING;
	task_process_set_pid(p, answer->pid);
	io_when_ready(&p->io, started, op);
}

void exec_start(struct task_op *op)
{
	struct task_process *p = op->process;
	const struct state_refusal *no = state_refuses(p->state, OP_START, true);
	struct err err = { 0 };
	int ends[3];

	if (!no && op->task->init.has_ended)
		no = &no_init;
	if (!no)
		no = init_refuses(op->task);
	if (task_op_refuse(op, no))
		return;
	if (stdio_open(p, ends, &err)) {
		fail(op, &err);
		return;
	}
	task_op_work(op, run, done, ends);
	for (int i = 0; i < 3; i++)
		fd_close(&ends[i]);
}
