/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c - Create: root file system, stdio, container
 *
 * A task is known only when it is there: until then a second Create of its id is refused, and all
 * else says that there is none; but Delete ends the making of one, as containerd asks for when its client
 * has gone or it has crashed. One that is to be restored is a holder till it is started.
 */
#include <signal.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/plan/systemd_unit.h"
#include "core/run/create.h"
#include "core/run/holder.h"
#include "core/run/store.h"
#include "oci/config.h"
#include "oci/stored.h"
#include "shim/task/create.h"
#include "shim/task/io_terminal.h"
#include "shim/task/methods.h"
#include "shim/task/mounts.h"
#include "shim/task/remove.h"
#include "shim/task/root.h"
#include "shim/task/stdio.h"
#include "shim/task/task.h"
#include "shim/task/tell.h"

#define HAS_PID_NS 1U

static const Task__CreateRequest *request_of(const struct task_op *op)
{
	return (const Task__CreateRequest *)op->call->request;
}

/* --- in the worker -----------------------------------------------------------------------------*/

static int create(const struct task_op *op, struct stored *s, struct worker_answer *answer,
		  struct err *err)
{
	const struct task *task = op->task;
	struct create_request req = {
		.seed.store = &s->store,
		.seed.id = task->id,
		.seed.spec = &s->spec,
		.no_pivot = task->options.no_pivot,
		.no_new_keyring = task->options.no_new_keyring,
		.wants_master = request_of(op)->terminal,
	};

	if (root_note(task->bundle, task->root, task->shim->namespace, err) ||
	    store_open(task->root, &s->store, err) ||
	    oci_config_load(task->bundle, &s->config, &s->spec, err))
		return -1;
	req.seed.config = s->config.p;
	s->spec.process.terminal = req.wants_master; /* what the client asks for counts */
	/* Docker passes options only to what it takes for runc: the path says it as well */
	s->spec.systemd_cgroup = task->options.systemd_cgroup ||
				 systemd_unit_is_form(s->spec.cgroups_path);
	if (task->checkpoint ? holder_create(&req.seed, &s->c, err)
			     : create_container(&req, &s->c, &answer->fd, err))
		return -1;
	answer->pid = s->c.pid;
	if (s->spec.ns[SPEC_NS_PID].present && !s->spec.ns[SPEC_NS_PID].path)
		answer->flags |= HAS_PID_NS;
	return 0;
}

static int run(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	if (mounts_make(op->task->bundle, request_of(op)->rootfs, request_of(op)->n_rootfs, err))
		return -1;
	if (!create(op, &s, answer, err))
		return 0;
	mounts_remove(op->task->bundle, NULL);
	return -1;
}

/* --- in the server -----------------------------------------------------------------------------*/

/* There is no such task. `err` says why not. */
static void fail(struct task_op *op, struct err *err)
{
	struct task *task = op->task;

	err_wrap(err, "OCI runtime create failed");
	call_fail_err(op->call, err);
	while (task->unwanted) {
		struct call *call = task->unwanted;

		task->unwanted = call->next_waiter;
		call_fail(call, CODE_NOT_FOUND, "container not created");
	}
	task_free(task);
	task_op_drop(op);
}

static void undone(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;
	struct err why = { 0 };

	remove_explain_loss(op, answer, "made", &why);
	if (op->task->unwanted)
		err_set(&why, ERR_STATE, "container %s was deleted meanwhile", op->task->id);
	fail(op, &why);
}

/* For a worker that could not do it itself. */
static void undo(struct task_op *op)
{
	op->task->is_being_undone = true;
	io_done(&op->task->init.io);
	task_op_work(op, remove_task, undone, NULL);
}

static void created(struct io *io)
{
	struct task_op *op = io->owner;
	Task__CreateResponse response = TASK__CREATE_RESPONSE__INIT;
	struct task *task = op->task;

	task->init.state = STATE_CREATED;
	tell_create(task, request_of(op));
	response.pid = (uint32_t)task->init.pid;
	call_reply(op->call, &response.base);
	task_op_end(op);
}

static void done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;
	struct task *task = op->task;

	op->worker = 0;
	if (answer->is_lost || (task->unwanted && !answer->err.kind)) {
		undo(op);
		return;
	}
	if (answer->err.kind) {
		fail(op, &answer->err);
		return;
	}
	task->has_pid_ns = answer->flags & HAS_PID_NS;
	io_take_master(&task->init.io, take_fd(&answer->fd));
	task_process_set_pid(&task->init, answer->pid);
	task_watch_oom(task);
	io_when_ready(&task->init.io, created, op);
}

void create_abort(struct task *task, struct call *call)
{
	bool is_first = !task->unwanted;

	call->next_waiter = task->unwanted;
	task->unwanted = call;
	if (!is_first || task->is_being_undone)
		return;
	if (task->op->worker > 0)
		kill(task->op->worker, SIGKILL);
	else
		undo(task->op); /* it only waits for a logger */
}

static void begin(struct task_op *op)
{
	const Task__CreateRequest *req = request_of(op);
	struct task *task = op->task;
	const char *const paths[3] = { req->stdin, req->stdout, req->stderr };
	struct worker_answer failed = { .fd = -1 };
	int ends[3];

	task_process_set_stdio(&task->init, paths);
	task->init.terminal = req->terminal;
	task->checkpoint = xstrdup_filled(req->checkpoint);
	if (task_options_parse(req->options, &task->options, &failed.err)) {
		done(op, &failed);
		return;
	}
	task->root = root_dir(task->options.root, task->shim->namespace);
	if (stdio_open(&task->init, ends, &failed.err)) {
		done(op, &failed);
		return;
	}
	task_op_work(op, run, done, ends);
	for (int i = 0; i < 3; i++)
		fd_close(&ends[i]);
}

static bool is_valid(const Task__CreateRequest *req, struct err *err)
{
	if (req->bundle[0] != '/')
		return !err_set(err, ERR_INVALID, "bundle \"%s\" is no absolute path", req->bundle);
	return !store_check_id(req->id, err);
}

void method_create(struct shim *shim, struct call *call)
{
	const Task__CreateRequest *req = (const Task__CreateRequest *)call->request;
	struct err err = { 0 };

	if (task_is_taken(shim, req->id))
		call_fail(call, CODE_ALREADY_EXISTS, "task %s", req->id);
	else if (!is_valid(req, &err))
		call_fail_err(call, &err);
	else
		task_op_begin(task_new(shim, req->id, req->bundle), call, "", begin);
}
