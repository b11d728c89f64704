/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - Checkpoint: write a container's state to a directory, and end it if asked to
 *
 * containerd packs up all that lies in the directory, so CRIU's log and whatever else it needs are
 * elsewhere. Clients pause the container before, and resume it afterwards, which one that has ended
 * then refuses. The operation holds its exit back until the call is answered.
 */
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/base/version.h"
#include "core/cr/checkpoint.h"
#include "core/cr/dump_lock.h"
#include "core/cr/packed.h"
#include "core/cr/wired.h"
#include "oci/stored.h"
#include "shim/task/cr_words.h"
#include "shim/task/cr_work.h"
#include "shim/task/methods.h"
#include "shim/task/task.h"
#include "shim/task/tell.h"

/* How long a CRIU whose kedge was killed may take to find out. */
#define SETTLE_MS 30000

/* How long after a checkpoint containerd has collected what Docker deleted of it. */
#define COLLECTED_US 300000ULL

static const Task__CheckpointRequest *request_of(const struct task_op *op)
{
	return (const Task__CheckpointRequest *)op->call->request;
}

/* --- in the worker -----------------------------------------------------------------------------*/

static int settle(const struct task_op *op, const struct stored *s, struct cr_settings *settings,
		  struct err *err)
{
	struct cr_options *o = &settings->cr;

	if (cr_work_settings(op->task, &s->spec, settings, err) ||
	    cr_settings_take_request(settings, request_of(op)->options, err))
		return -1;
	if (!o->image_path)
		o->image_path = request_of(op)->path;
	if (!*o->image_path)
		return err_set(err, ERR_INVALID, "no directory is given for the images");
	/* whoever wired it will do so again, in the namespace of the holder */
	if (!o->empty_ns.n && wired_is(&s->c, &s->spec))
		strv_add(&o->empty_ns, "network");
	o->leave_running = !settings->exit;
	o->engine = version_engine();
	return 0;
}

/*
 * With a checkpoint containerd stores the spec. Its version 1.7 can't store it a second time until the
 * first is collected ("already exists"), and says so when the images, and maybe the container, are lost.
 */
static void let_collect(const struct task *task, unsigned long long now)
{
	unsigned long long until = task->packed_us + COLLECTED_US;

	if (task->packed_us && now < until)
		usleep((useconds_t)(until - now));
}

static int run(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	AUTO(cr_settings_done) struct cr_settings settings = { .way = CR_CHECKPOINT };
	auto_free char *work = xasprintf("%s/work/criu", op->task->bundle);
	bool has_own_work;

	(void)answer;
	if (stored_open(op->task->root, op->task->id, &s, err) || stored_read_spec(&s, err) ||
	    settle(op, &s, &settings, err))
		return -1;
	has_own_work = !settings.cr.work_path;
	if (has_own_work)
		settings.cr.work_path = work;
	let_collect(op->task, proc_now_us());
	if (checkpoint_container(&s.c, &s.spec, &settings.cr, NULL, err)) {
		cr_words_for_clients(CR_CHECKPOINT, err);
		return -1;
	}
	if (has_own_work)
		fd_remove_tree(AT_FDCWD, work, NULL);
	return 0;
}

/* --- in the server -----------------------------------------------------------------------------*/

/* After a worker that was killed: CRIU lives on for a moment, and nobody else thaws what it has frozen. */
static int run_settle(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	(void)answer;
	if (stored_open(op->task->root, op->task->id, &s, err) ||
	    dump_lock_wait(&s.c, SETTLE_MS, err))
		return -1;
	return cgroup_set_frozen(&s.c.cgroup, op->process->state == STATE_PAUSED, err);
}

static void settled(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;

	if (answer->err.kind)
		log_error("container %s: %s", op->task->id, answer->err.msg);
	call_fail(op->call, CODE_UNKNOWN,
		  "OCI runtime checkpoint failed: kedge's worker was killed; what is in %s is no "
		  "checkpoint",
		  request_of(op)->path);
	task_op_end(op);
}

static void done(void *arg, struct worker_answer *answer)
{
	struct task_op *op = arg;

	if (answer->is_lost) {
		task_op_work(op, run_settle, settled, NULL);
		return;
	}
	if (answer->err.kind) {
		err_wrap(&answer->err, "OCI runtime checkpoint failed");
		call_fail_err(op->call, &answer->err);
	} else {
		tell_checkpointed(op->task, request_of(op)->path);
		if (packed_is_temporary(request_of(op)->path))
			op->task->packed_us = proc_now_us();
		call_reply(op->call, NULL);
	}
	task_op_end(op);
}

static void begin(struct task_op *op)
{
	const struct state_refusal *no = state_refuses(op->process->state, OP_CHECKPOINT, false);

	if (!no && op->process->has_ended)
		no = state_refuses(STATE_STOPPED, OP_CHECKPOINT, false);
	if (!task_op_refuse(op, no))
		task_op_work(op, run, done, NULL);
}

void method_checkpoint(struct shim *shim, struct call *call)
{
	const Task__CheckpointRequest *req = (const Task__CheckpointRequest *)call->request;
	struct task_process *process = task_lookup(shim, call, req->id, "");

	if (process)
		task_op_begin(process->task, call, "", begin);
}
