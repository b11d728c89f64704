/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c - Update: other limits for a container, as the runtime-spec's LinuxResources in JSON
 */
#include "oci/config.h"
#include "oci/stored.h"
#include "shim/task/methods.h"
#include "shim/task/task.h"

static int run(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	const Task__UpdateRequest *req = (const Task__UpdateRequest *)op->call->request;
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	struct spec_resources res = { 0 };

	(void)answer;
	if (oci_resources_parse((const char *)req->resources->value.data, req->resources->value.len,
				&s.spec.arena, &res, err))
		return err_wrap(err, "resources");
	if (stored_open(op->task->root, op->task->id, &s, err))
		return -1;
	return cgroup_update(&s.c.cgroup, &res, err);
}

static void done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;

	if (answer->err.kind)
		call_fail_err(op->call, &answer->err);
	else
		call_reply(op->call, NULL);
	task_op_end(op);
}

static void begin(struct task_op *op)
{
	if (!task_op_refuse(op, state_refuses(op->process->state, OP_UPDATE, false)))
		task_op_work(op, run, done, NULL);
}

void method_update(struct shim *shim, struct call *call)
{
	const Task__UpdateRequest *req = (const Task__UpdateRequest *)call->request;
	struct task_process *init = task_lookup(shim, call, req->id, "");

	if (!init)
		return;
	if (!req->resources) {
		call_fail(call, CODE_INVALID_ARGUMENT, "update without resources");
		return;
	}
	task_op_begin(init->task, call, "", begin);
}
