/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill.c - Kill: signal one process by its pid, or all of a container by a worker
 *
 * A process that we haven't reaped keeps its pid: to signal it by number is safe.
 */
#include <errno.h>
#include <signal.h>

#include "core/run/control.h"
#include "oci/stored.h"
#include "shim/task/freeze.h"
#include "shim/task/methods.h"
#include "shim/task/start.h"
#include "shim/task/task.h"

/* So many workers at once: a client may ask for any number of kills without waiting for one. */
#define MAX_WORKERS 16

struct kill_all {
	struct shim *shim;
	struct call *call;
	char *root;
	char *id;
	int sig;
	struct kill_all *next;
};

static int run(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct kill_all *k = arg;
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	(void)answer;
	if (stored_open(k->root, k->id, &s, err))
		return -1;
	return control_kill(&s.c, k->sig, true, err);
}

static void answer_call(struct kill_all *k, const struct err *err)
{
	struct task *task = task_find(k->shim, k->id);

	if (err->kind) {
		/* it goes on, and can be paused */
		if (task)
			task->is_doomed = false;
		/* it has ended, or is removed, meanwhile */
		if (err->kind == ERR_STATE || err->kind == ERR_NOT_FOUND)
			call_fail(k->call, CODE_NOT_FOUND, "process already finished");
		else
			call_fail_err(k->call, err);
	} else {
		call_reply(k->call, NULL);
	}
	free(k->root);
	free(k->id);
	free(k);
}

static void start_some(struct shim *shim);

static void done(void *arg, struct worker_answer *answer)
{
	struct kill_all *k = arg;
	struct shim *shim = k->shim;

	shim->n_killing--;
	answer_call(k, &answer->err);
	start_some(shim);
}

static void start_some(struct shim *shim)
{
	while (shim->kills && shim->n_killing < MAX_WORKERS) {
		struct kill_all *k = shim->kills;
		struct worker_job job = {
			.run = run, .done = done, .arg = k, .stdio = { -1, -1, -1 }
		};
		struct err err = { 0 };

		shim->kills = k->next;
		if (worker_start(&shim->children, &job, &err) < 0)
			answer_call(k, &err);
		else
			shim->n_killing++;
	}
}

/* It may have to freeze the container meanwhile; nothing else waits for that. */
static void kill_all(const struct task *task, struct call *call, int sig)
{
	struct shim *shim = task->shim;
	struct kill_all *k = xcalloc(1, sizeof(*k));

	k->shim = shim;
	k->call = call;
	k->root = xstrdup(task->root);
	k->id = xstrdup(task->id);
	k->sig = sig;
	if (!shim->kills)
		shim->last_kill = &shim->kills;
	*shim->last_kill = k;
	shim->last_kill = &k->next;
	start_some(shim);
}

/* To who isn't known yet: it gets the signal as soon as it is. A SIGKILL is the last word. */
static void send_late(struct task *task, struct call *call, int sig)
{
	if (sig < 0 || sig >= NSIG) {
		call_fail(call, CODE_INVALID_ARGUMENT, "unknown signal %u", (unsigned int)sig);
		return;
	}
	if (sig == SIGKILL)
		freeze_let_die(task);
	if (sig && task->late_signal != SIGKILL)
		task->late_signal = sig;
	call_reply(call, NULL);
}

void method_kill(struct shim *shim, struct call *call)
{
	const Task__KillRequest *req = (const Task__KillRequest *)call->request;
	struct task_process *p = task_lookup(shim, call, req->id, req->exec_id);
	const struct state_refusal *no;

	if (!p)
		return;
	if (!*p->exec_id && start_is_between(p->task)) {
		send_late(p->task, call, (int)req->signal);
		return;
	}
	no = state_refuses(p->state, OP_KILL, *p->exec_id);
	if (!no && p->has_ended)
		no = state_refuses(STATE_STOPPED, OP_KILL, *p->exec_id);
	if (no) {
		call_fail(call, no->code, "%s", no->text);
		return;
	}
	if (req->all && !*p->exec_id) {
		if (req->signal == SIGKILL)
			freeze_let_die(p->task);
		kill_all(p->task, call, (int)req->signal);
		return;
	}
	if (kill(p->pid, (int)req->signal)) {
		if (errno == ESRCH)
			call_fail(call, CODE_NOT_FOUND, "process already finished");
		else
			call_fail(call, CODE_INVALID_ARGUMENT, "unknown signal %u", req->signal);
		return;
	}
	if (req->signal == SIGKILL && !*p->exec_id)
		freeze_let_die(p->task);
	call_reply(call, NULL);
}
