/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/log.h"
#include "oci/stored.h"
#include "shim/task/mounts.h"
#include "shim/task/remove.h"

int remove_container(const char *root, const char *id, pid_t *pid, struct err *err)
{
	AUTO(stored_done) struct stored s = STORED_EMPTY;

	if (stored_open(root, id, &s, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	*pid = s.c.pid;
	return stored_remove(&s, true, err);
}

int remove_task(void *arg, struct worker_answer *answer, struct err *err)
{
	const struct task_op *op = arg;
	pid_t pid;

	(void)answer;
	if (remove_container(op->task->root, op->task->id, &pid, err))
		return -1;
	return mounts_remove(op->task->bundle, err);
}

void remove_explain_loss(const struct task_op *op, const struct worker_answer *answer,
			 const char *what, struct err *why)
{
	if (answer->err.kind)
		log_error("container %s: %s", op->task->id, answer->err.msg);
	err_set(why, ERR_SYS, "kedge's worker was killed while container %s was %s", op->task->id,
		what);
}
