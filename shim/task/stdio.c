/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.c - CloseIO, and what Create and exec do with the paths of a request
 */
#include "shim/task/methods.h"
#include "shim/task/stdio.h"

int stdio_open(struct task_process *process, int ends[3], struct err *err)
{
	const struct io_paths paths = {
		.path = { process->stdio[0], process->stdio[1], process->stdio[2] },
	};

	return io_open(&process->io, &paths, ends, err);
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
