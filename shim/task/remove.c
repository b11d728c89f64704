/* SPDX-License-Identifier: Apache-2.0 */
#include "core/run/control.h"
#include "shim/task/mounts.h"
#include "shim/task/remove.h"
#include "shim/task/stored.h"

static int remove_container(const struct task *task, struct err *err)
{
	AUTO(stored_done) struct stored s = STORED_EMPTY;
	bool has_spec;

	if (stored_open(task->root, task->id, &s, err)) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	has_spec = !stored_read_spec(&s, NULL);
	return control_delete(&s.c, has_spec ? &s.spec : NULL, true, err);
}

int remove_task(const struct task *task, struct err *err)
{
	if (remove_container(task, err))
		return -1;
	return mounts_remove(task->bundle, err);
}
