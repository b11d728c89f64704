/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/events.pb-c.h"
#include "shim/task/tell.h"

static void publish(const struct task *task, const char *topic, const char *type,
		    const ProtobufCMessage *event)
{
	events_publish(&task->shim->events, topic, type, event);
}

void tell_create(struct task *task, const Task__CreateRequest *request)
{
	Events__TaskCreate event = EVENTS__TASK_CREATE__INIT;
	Events__TaskIO io = EVENTS__TASK_IO__INIT;

	io.stdin = request->stdin;
	io.stdout = request->stdout;
	io.stderr = request->stderr;
	io.terminal = request->terminal;
	event.container_id = request->id;
	event.bundle = request->bundle;
	event.n_rootfs = request->n_rootfs;
	event.rootfs = request->rootfs;
	event.io = &io;
	event.checkpoint = request->checkpoint;
	event.pid = (uint32_t)task->init.pid;
	publish(task, "/tasks/create", "containerd.events.TaskCreate", &event.base);
}

void tell_exec_added(struct task_process *process)
{
	Events__TaskExecAdded event = EVENTS__TASK_EXEC_ADDED__INIT;

	event.container_id = process->task->id;
	event.exec_id = process->exec_id;
	publish(process->task, "/tasks/exec-added", "containerd.events.TaskExecAdded", &event.base);
}

static void tell_exec_started(struct task_process *process)
{
	Events__TaskExecStarted event = EVENTS__TASK_EXEC_STARTED__INIT;

	event.container_id = process->task->id;
	event.exec_id = process->exec_id;
	event.pid = (uint32_t)process->pid;
	publish(process->task, "/tasks/exec-started", "containerd.events.TaskExecStarted",
		&event.base);
}

void tell_start(struct task_process *process)
{
	Events__TaskStart event = EVENTS__TASK_START__INIT;

	if (*process->exec_id) {
		tell_exec_started(process);
		return;
	}
	event.container_id = process->task->id;
	event.pid = (uint32_t)process->pid;
	publish(process->task, "/tasks/start", "containerd.events.TaskStart", &event.base);
}

void tell_checkpointed(struct task *task, const char *path)
{
	Events__TaskCheckpointed event = EVENTS__TASK_CHECKPOINTED__INIT;

	event.container_id = task->id;
	event.checkpoint = (char *)path;
	publish(task, "/tasks/checkpointed", "containerd.events.TaskCheckpointed", &event.base);
}

void tell_exit(struct task_process *process)
{
	Events__TaskExit event = EVENTS__TASK_EXIT__INIT;
	Wkt__Timestamp at;

	event.container_id = process->task->id;
	event.id = *process->exec_id ? process->exec_id : process->task->id;
	event.pid = (uint32_t)process->pid;
	event.exit_status = process->exit_status;
	event.exited_at = task_timestamp(&process->exited_at, &at);
	publish(process->task, "/tasks/exit", "containerd.events.TaskExit", &event.base);
}

void tell_delete(struct task_process *process)
{
	Events__TaskDelete event = EVENTS__TASK_DELETE__INIT;
	Wkt__Timestamp at;

	event.container_id = process->task->id;
	event.pid = (uint32_t)process->pid;
	event.exit_status = process->exit_status;
	event.exited_at = task_timestamp(&process->exited_at, &at);
	publish(process->task, "/tasks/delete", "containerd.events.TaskDelete", &event.base);
}

static void tell_id(const struct task *task, const char *topic, const char *type)
{
	Events__TaskId event = EVENTS__TASK_ID__INIT;

	event.container_id = task->id;
	publish(task, topic, type, &event.base);
}

void tell_paused(struct task *task)
{
	tell_id(task, "/tasks/paused", "containerd.events.TaskPaused");
}

void tell_resumed(struct task *task)
{
	tell_id(task, "/tasks/resumed", "containerd.events.TaskResumed");
}

void tell_oom(struct task *task)
{
	tell_id(task, "/tasks/oom", "containerd.events.TaskOOM");
}
