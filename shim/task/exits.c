/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exits.c - the part of task.h that is about ends: reaped, held, published, waited for
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/run/control.h"
#include "oci/stored.h"
#include "shim/task/exit_note.h"
#include "shim/task/freeze.h"
#include "shim/task/task.h"
#include "shim/task/tell.h"

/* How long an exit waits for a reader that doesn't take the rest of the output. */
#define PATIENCE_MS 1000

static void answer_wait(const struct task_process *p, struct call *call)
{
	Task__WaitResponse answer = TASK__WAIT_RESPONSE__INIT;
	Wkt__Timestamp at;

	answer.exit_status = p->exit_status;
	answer.exited_at = task_timestamp(&p->exited_at, &at);
	call_reply(call, &answer.base);
}

void task_answer_waiters(struct task_process *process)
{
	while (process->waiters) {
		struct call *call = process->waiters;

		process->waiters = call->next_waiter;
		answer_wait(process, call);
	}
}

static void reaped(struct child *child, int wstatus)
{
	struct task_process *p = (void *)((char *)child - offsetof(struct task_process, child));

	p->has_ended = true;
	p->exit_status = (unsigned int)proc_exit_status(wstatus);
	clock_gettime(CLOCK_REALTIME, &p->exited_at);
	/* systemd removes an empty cgroup at once, and the kernel's count goes with it */
	oom_check(&p->task->oom);
	task_settle(p->task);
}

void task_process_set_pid(struct task_process *process, pid_t pid)
{
	children_unwatch(&process->task->shim->children, &process->child);
	process->pid = pid;
	process->child = (struct child){ .pid = pid, .ended = reaped };
	children_watch(&process->task->shim->children, &process->child);
}

/* --- before an exit is told --------------------------------------------------------------------*/

static void output_is_over(struct io *io)
{
	struct task_process *p = io->owner;

	task_settle(p->task);
}

static void patience_ends(struct loop_timer *timer)
{
	struct task_process *p = (void *)((char *)timer - offsetof(struct task_process, patience));

	p->is_out_of_patience = true;
	task_settle(p->task);
}

/* Whether all that it has written is with the reader, or the reader had its time. */
static bool has_flushed(struct task_process *p)
{
	struct loop *loop = &p->task->shim->loop;

	if (io_flush(&p->io) || p->is_out_of_patience) {
		loop_timer_stop(loop, &p->patience);
		return true;
	}
	io_wait_idle(&p->io, output_is_over, p);
	if (!p->patience.is_set) {
		p->patience.fire = patience_ends;
		loop_timer_set(loop, &p->patience, PATIENCE_MS);
	}
	return false;
}

/* What a worker kills the rest of; the task may be deleted meanwhile. */
struct rest {
	struct shim *shim;
	char *root;
	char *id;
};

/* In a worker: end all that is left, where no pid namespace does it. */
static int kill_rest(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct rest *rest = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	(void)answer;
	if (stored_open(rest->root, rest->id, &s, err))
		return -1;
	return cgroup_signal_all(&s.c.cgroup, SIGKILL, err);
}

static void rest_is_killed(void *arg, struct worker_answer *answer)
{
	struct rest *rest = arg;
	struct task *task = task_find(rest->shim, rest->id);

	if (answer->err.kind)
		log_warn("container %s: kill what outlives its first process: %s", rest->id,
			 answer->err.msg);
	if (task && task->is_killing) {
		task->is_killing = false;
		task->has_killed = true;
		task_settle(task);
	}
	free(rest->root);
	free(rest->id);
	free(rest);
}

static void start_killing(struct task *task)
{
	struct rest *rest = xcalloc(1, sizeof(*rest));
	struct worker_job job = {
		.run = kill_rest, .done = rest_is_killed, .arg = rest, .stdio = { -1, -1, -1 }
	};
	struct worker_answer failed = { .fd = -1 };

	rest->shim = task->shim;
	rest->root = xstrdup(task->root);
	rest->id = xstrdup(task->id);
	task->is_killing = true;
	if (worker_start(&task->shim->children, &job, &failed.err) < 0)
		rest_is_killed(rest, &failed);
}

/* Whether nothing of the container lives on that clients know of. */
static bool is_alone(struct task *task)
{
	if (!task->has_pid_ns && !task->has_killed && !task->is_killing)
		start_killing(task);
	if (task->is_killing)
		return false;
	for (const struct task_process *p = task->execs; p; p = p->next)
		if (p->state == STATE_RUNNING)
			return false;
	return true;
}

/* --- out of memory -----------------------------------------------------------------------------*/

static void oom_happened(struct oom *oom)
{
	tell_oom((void *)((char *)oom - offsetof(struct task, oom)));
}

void task_watch_oom(struct task *task)
{
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	struct err err = { 0 };

	task->oom.happened = oom_happened;
	if (stored_open(task->root, task->id, &s, &err) ||
	    oom_watch(&task->oom, &task->shim->loop, &s.c.cgroup, &err))
		log_warn("container %s: watch for lack of memory: %s", task->id, err.msg);
}

/* --- telling it --------------------------------------------------------------------------------*/

void task_publish_exit(struct task_process *p)
{
	struct err err = { 0 };

	if (!p->has_ended || p->state == STATE_STOPPED)
		return;
	loop_timer_stop(&p->task->shim->loop, &p->patience);
	if (p->state == STATE_PAUSED)
		freeze_undo(p->task);
	p->state = STATE_STOPPED;
	if (!*p->exec_id && exit_note_write(p, &err))
		log_warn("%s", err.msg);
	/* Docker takes the reason before the end, or not at all */
	oom_check(&p->task->oom);
	tell_exit(p);
	task_answer_waiters(p);
}

static bool is_due(const struct task_process *p)
{
	return p->has_ended && p->state != STATE_STOPPED && p->state != STATE_CREATING;
}

void task_settle(struct task *task)
{
	if (task->op)
		return;
	for (struct task_process *p = task->execs; p; p = p->next)
		if (is_due(p) && has_flushed(p))
			task_publish_exit(p);
	if (is_due(&task->init) && is_alone(task) && has_flushed(&task->init))
		task_publish_exit(&task->init);
}
