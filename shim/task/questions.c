/* SPDX-License-Identifier: Apache-2.0 */
/*
 * questions.c - State, Wait, Pids, Connect: answered at any time, whatever is being done to a task
 */
#include <unistd.h>

#include "oci/stored.h"
#include "proto/runtime.pb-c.h"
#include "shim/task/methods.h"
#include "shim/task/task.h"

/* --- State -------------------------------------------------------------------------------------*/

static Task__Status status_of(const struct task_process *p)
{
	static const Task__Status names[STATES] = {
		[STATE_CREATING] = TASK__STATUS__UNKNOWN, [STATE_CREATED] = TASK__STATUS__CREATED,
		[STATE_RUNNING] = TASK__STATUS__RUNNING,  [STATE_PAUSED] = TASK__STATUS__PAUSED,
		[STATE_STOPPED] = TASK__STATUS__STOPPED,
	};

	if (p->state == STATE_RUNNING && p->task->is_pausing)
		return TASK__STATUS__PAUSING;
	if (p->state == STATE_RUNNING && p->task->init.state == STATE_PAUSED)
		return TASK__STATUS__PAUSED;
	return names[p->state];
}

void method_state(struct shim *shim, struct call *call)
{
	const Task__ProcessRequest *req = (const Task__ProcessRequest *)call->request;
	struct task_process *p = task_lookup(shim, call, req->id, req->exec_id);
	Task__StateResponse answer = TASK__STATE_RESPONSE__INIT;
	Wkt__Timestamp at;

	if (!p)
		return;
	answer.id = p->task->id;
	answer.bundle = p->task->bundle;
	answer.pid = (uint32_t)p->pid;
	answer.status = status_of(p);
	answer.stdin = p->stdio[0];
	answer.stdout = p->stdio[1];
	answer.stderr = p->stdio[2];
	answer.terminal = p->terminal;
	answer.exec_id = p->exec_id;
	if (p->state == STATE_STOPPED) {
		answer.exit_status = p->exit_status;
		answer.exited_at = task_timestamp(&p->exited_at, &at);
	}
	call_reply(call, &answer.base);
}

/* --- Wait --------------------------------------------------------------------------------------*/

/* The client no longer waits. */
static void waiter_gone(struct call *call)
{
	struct task_process *p = call->owner;
	struct call **at = &p->waiters;

	while (*at != call)
		at = &(*at)->next_waiter;
	*at = call->next_waiter;
	call_reply(call, NULL);
}

void method_wait(struct shim *shim, struct call *call)
{
	const Task__ProcessRequest *req = (const Task__ProcessRequest *)call->request;
	struct task_process *p = task_lookup(shim, call, req->id, req->exec_id);

	if (!p)
		return;
	call->owner = p;
	call->gone = waiter_gone;
	call->next_waiter = p->waiters;
	p->waiters = call;
	if (p->state == STATE_STOPPED)
		task_answer_waiters(p);
}

/* --- Pids --------------------------------------------------------------------------------------*/

static void add_pid(Task__PidsResponse *answer, pid_t pid)
{
	Task__ProcessInfo *info = xmalloc(sizeof(*info));

	task__process_info__init(info);
	info->pid = (uint32_t)pid;
	answer->processes =
		xrealloc(answer->processes, answer->n_processes + 1, sizeof(*answer->processes));
	answer->processes[answer->n_processes++] = info;
}

/* Which exec'd process it is, if it is one. */
static void add_details(const struct task *task, Task__ProcessInfo *info)
{
	Runtime__ProcessDetails details = RUNTIME__PROCESS_DETAILS__INIT;
	const struct task_process *p = task->execs;

	while (p && (uint32_t)p->pid != info->pid)
		p = p->next;
	if (!p)
		return;
	details.exec_id = p->exec_id;
	info->info = xmalloc(sizeof(*info->info));
	wkt__any__init(info->info);
	info->info->type_url = xstrdup("containerd.runc.v1.ProcessDetails");
	info->info->value.data = xmalloc(runtime__process_details__get_packed_size(&details) + 1);
	info->info->value.len = runtime__process_details__pack(&details, info->info->value.data);
}

static bool has_pid(const Task__PidsResponse *answer, pid_t pid)
{
	for (size_t i = 0; i < answer->n_processes; i++)
		if (answer->processes[i]->pid == (uint32_t)pid)
			return true;
	return false;
}

static int list_pids(const struct task *task, Task__PidsResponse *answer, struct err *err)
{
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	if (stored_open(task->root, task->id, &s, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (cgroup_pids(&s.c.cgroup, &pids, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		add_pid(answer, pids[i]);
	return 0;
}

/*
 * The first process is listed whatever its state: containerd takes a task without processes for
 * one that has leaked, and destroys it at its next start.
 */
void method_pids(struct shim *shim, struct call *call)
{
	const Task__IdRequest *req = (const Task__IdRequest *)call->request;
	struct task_process *init = task_lookup(shim, call, req->id, "");
	Task__PidsResponse *answer;
	struct err err = { 0 };

	if (!init)
		return;
	answer = xmalloc(sizeof(*answer));
	task__pids_response__init(answer);
	if (list_pids(init->task, answer, &err)) {
		call_fail_err(call, &err);
	} else {
		if (!has_pid(answer, init->pid))
			add_pid(answer, init->pid);
		for (size_t i = 0; i < answer->n_processes; i++)
			add_details(init->task, answer->processes[i]);
		call_reply(call, &answer->base);
	}
	task__pids_response__free_unpacked(answer, NULL);
}

/* --- Connect -----------------------------------------------------------------------------------*/

void method_connect(struct shim *shim, struct call *call)
{
	const Task__IdRequest *req = (const Task__IdRequest *)call->request;
	Task__ConnectResponse answer = TASK__CONNECT_RESPONSE__INIT;
	struct task *task = task_find(shim, req->id);

	answer.shim_pid = (uint32_t)getpid();
	answer.task_pid = task ? (uint32_t)task->init.pid : 0;
	call_reply(call, &answer.base);
}
