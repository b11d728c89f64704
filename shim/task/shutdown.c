/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shutdown.c - Shutdown: the last task is gone, and so are we when all is told
 */
#include "shim/task/methods.h"

/*
 * containerd sends it after each Delete; while there are other tasks it means nothing. We end when
 * this answer has been written and the events are with containerd: see serve.c.
 */
void method_shutdown(struct shim *shim, struct call *call)
{
	if (!shim->tasks)
		shim->is_shut_down = true;
	call_reply(call, NULL);
}
