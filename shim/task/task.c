/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/base/fd.h"
#include "shim/task/task.h"

/* --- tables ------------------------------------------------------------------------------------*/

static struct task *find_any(const struct shim *shim, const char *id)
{
	for (struct task *task = shim->tasks; task; task = task->next)
		if (!strcmp(task->id, id))
			return task;
	return NULL;
}

bool task_is_taken(const struct shim *shim, const char *id)
{
	return find_any(shim, id);
}

struct task *task_find(struct shim *shim, const char *id)
{
	struct task *task = find_any(shim, id);

	return task && task->init.state != STATE_CREATING ? task : NULL;
}

struct task *task_find_unmade(struct shim *shim, const char *id)
{
	struct task *task = find_any(shim, id);

	return task && task->init.state == STATE_CREATING ? task : NULL;
}

struct task_process *task_find_process(struct task *task, const char *exec_id)
{
	if (!*exec_id)
		return &task->init;
	for (struct task_process *p = task->execs; p; p = p->next)
		if (!strcmp(p->exec_id, exec_id))
			return p;
	return NULL;
}

struct task_process *task_lookup(struct shim *shim, struct call *call, const char *id,
				 const char *exec_id)
{
	struct task *task = task_find(shim, id);
	struct task_process *process = task ? task_find_process(task, exec_id) : NULL;

	if (!task)
		call_fail(call, CODE_NOT_FOUND, "container not created");
	else if (!process)
		call_fail(call, CODE_NOT_FOUND, "process does not exist %s", exec_id);
	return process;
}

static void init_process(struct task_process *p, struct task *task, const char *exec_id)
{
	p->task = task;
	p->exec_id = xstrdup(exec_id);
	for (int i = 0; i < 3; i++)
		p->stdio[i] = xstrdup("");
	io_init(&p->io, &task->shim->loop);
}

static void done_process(struct task_process *p)
{
	struct shim *shim = p->task->shim;

	children_unwatch(&shim->children, &p->child);
	loop_timer_stop(&shim->loop, &p->patience);
	io_done(&p->io);
	while (p->waiters) {
		struct call *call = p->waiters;

		p->waiters = call->next_waiter;
		call_fail(call, CODE_NOT_FOUND, "process was deleted");
	}
	if (p->exec_request)
		protobuf_c_message_free_unpacked(p->exec_request, NULL);
	free(p->exec_id);
	for (int i = 0; i < 3; i++)
		free(p->stdio[i]);
}

struct task *task_new(struct shim *shim, const char *id, const char *bundle)
{
	struct task *task = xcalloc(1, sizeof(*task));

	task->shim = shim;
	task->id = xstrdup(id);
	task->bundle = xstrdup(bundle);
	task->oom.source.fd = -1;
	clock_gettime(CLOCK_REALTIME, &task->created_at);
	init_process(&task->init, task, "");
	task->next = shim->tasks;
	shim->tasks = task;
	return task;
}

static void unlink_task(struct task *task)
{
	struct task **p = &task->shim->tasks;

	while (*p != task)
		p = &(*p)->next;
	*p = task->next;
}

static void free_memory(struct task *task)
{
	task_options_done(&task->options);
	free(task->id);
	free(task->bundle);
	free(task->root);
	free(task->checkpoint);
	free(task);
}

void task_free(struct task *task)
{
	while (task->pending) {
		struct task_op *op = task->pending;

		task->pending = op->next;
		call_fail(op->call, CODE_NOT_FOUND, "container not created");
		task_op_drop(op);
	}
	unlink_task(task);
	while (task->execs)
		task_remove_exec(task->execs);
	done_process(&task->init);
	oom_done(&task->oom);
	task->is_dead = true;
	if (!task->is_going_on)
		free_memory(task);
}

struct task_process *task_add_exec(struct task *task, const char *exec_id)
{
	struct task_process *p = xcalloc(1, sizeof(*p));

	init_process(p, task, exec_id);
	p->state = STATE_CREATED;
	p->next = task->execs;
	task->execs = p;
	return p;
}

void task_remove_exec(struct task_process *process)
{
	struct task_process **p = &process->task->execs;

	while (*p != process)
		p = &(*p)->next;
	*p = process->next;
	done_process(process);
	free(process);
}

void task_process_set_stdio(struct task_process *process, const char *const paths[3])
{
	for (int i = 0; i < 3; i++) {
		free(process->stdio[i]);
		process->stdio[i] = xstrdup(paths[i]);
	}
}

/* --- operations --------------------------------------------------------------------------------*/

/* Let it begin, if it still has something to work on. */
static void begin(struct task_op *op)
{
	op->process = task_find_process(op->task, op->exec_id);
	if (op->process) {
		op->begin(op);
		return;
	}
	call_fail(op->call, CODE_NOT_FOUND, "process does not exist %s", op->exec_id);
	task_op_end(op);
}

/* What ends within its begin() comes back here: a loop, not as many calls deep as there are. */
static void go_on(struct task *task)
{
	if (task->is_going_on)
		return;
	task->is_going_on = true;
	while (!task->is_dead && !task->op) {
		struct task_op *op;

		task_settle(task);
		op = task->pending;
		if (!op)
			break;
		task->pending = op->next;
		task->op = op;
		begin(op);
	}
	task->is_going_on = false;
	if (task->is_dead)
		free_memory(task);
}

void task_op_begin(struct task *task, struct call *call, const char *exec_id,
		   void (*what)(struct task_op *op))
{
	struct task_op *op = xcalloc(1, sizeof(*op)), **last = &task->pending;

	op->task = task;
	op->call = call;
	op->exec_id = xstrdup(exec_id);
	op->begin = what;
	while (*last)
		last = &(*last)->next;
	*last = op;
	go_on(task);
}

void task_op_drop(struct task_op *op)
{
	free(op->exec_id);
	free(op);
}

void task_op_end(struct task_op *op)
{
	struct task *task = op->task;

	task_op_drop(op);
	task->op = NULL;
	go_on(task);
}

bool task_op_refuse(struct task_op *op, const struct state_refusal *no)
{
	if (!no)
		return false;
	call_fail(op->call, no->code, "%s", no->text);
	task_op_end(op);
	return true;
}

void task_op_work(struct task_op *op,
		  int (*run)(void *op, struct worker_answer *answer, struct err *err),
		  void (*done)(void *op, struct worker_answer *answer), const int *stdio)
{
	struct worker_job job = { .run = run, .done = done, .arg = op, .stdio = { -1, -1, -1 } };
	struct worker_answer failed = { .fd = -1 };

	if (stdio)
		memcpy(job.stdio, stdio, sizeof(job.stdio));
	op->worker = worker_start(&op->task->shim->children, &job, &failed.err);
	if (op->worker < 0)
		done(op, &failed);
}

Wkt__Timestamp *task_timestamp(const struct timespec *at, Wkt__Timestamp *out)
{
	wkt__timestamp__init(out);
	out->seconds = at->tv_sec;
	out->nanos = (int32_t)at->tv_nsec;
	return out;
}
