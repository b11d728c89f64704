/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.c - CloseIO, ResizePty, and what Create and exec do with the paths of a request
 */
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/task/io_terminal.h"
#include "shim/task/methods.h"
#include "shim/task/stdio.h"

/*
 * The program may own its stdio only if that has an owner in its user namespace. A terminal has one:
 * it is of the container's own devpts.
 */
static int give_away(const int ends[3], const struct task_options *o, struct err *err)
{
	for (int i = 0; i < 3; i++)
		if (ends[i] >= 0 && fchown(ends[i], o->io_uid, o->io_gid))
			return err_sys(err, "give fd %d to user %u, group %u", i, o->io_uid,
				       o->io_gid);
	return 0;
}

int stdio_open(struct task_process *process, int ends[3], struct err *err)
{
	const struct task *task = process->task;
	const struct io_paths paths = {
		.path = { process->stdio[0], process->stdio[1], process->stdio[2] },
		.terminal = process->terminal,
		.env.id = *process->exec_id ? process->exec_id : task->id,
		.env.namespace = task->shim->namespace,
		.env.children = &task->shim->children,
	};

	if (io_open(&process->io, &paths, ends, err))
		return -1;
	if (!give_away(ends, &task->options, err))
		return 0;
	for (int i = 0; i < 3; i++)
		fd_close(&ends[i]);
	io_done(&process->io);
	return -1;
}

void method_close_io(struct shim *shim, struct call *call)
{
	const Task__CloseIORequest *req = (const Task__CloseIORequest *)call->request;
	struct task_process *p = task_lookup(shim, call, req->id, req->exec_id);

	if (!p)
		return;
	if (req->stdin)
		io_close_stdin(&p->io);
	call_reply(call, NULL);
}

void method_resize_pty(struct shim *shim, struct call *call)
{
	const Task__ResizePtyRequest *req = (const Task__ResizePtyRequest *)call->request;
	struct task_process *p = task_lookup(shim, call, req->id, req->exec_id);
	struct err err = { 0 };

	if (!p)
		return;
	if (req->width > UINT16_MAX || req->height > UINT16_MAX)
		call_fail(call, CODE_INVALID_ARGUMENT, "no window is %u by %u", req->width,
			  req->height);
	else if (io_resize(&p->io, (uint16_t)req->height, (uint16_t)req->width, &err))
		call_fail_err(call, &err);
	else
		call_reply(call, NULL);
}
