/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.c - CloseIO: stdin ends when its client closes it
 */
#include "shim/task/methods.h"
#include "shim/task/task.h"

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
