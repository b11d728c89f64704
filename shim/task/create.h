/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.h - the part of Create that Delete needs
 */
#ifndef KEDGE_SHIM_TASK_CREATE_H
#define KEDGE_SHIM_TASK_CREATE_H

#include "shim/task/task.h"

/*
 * End the making of a task that is still being created, and take away what there is of it. Then the
 * call (owned) is answered with NOT_FOUND, as there is nothing more to delete, and Create fails.
 */
void create_abort(struct task *task, struct call *call);

#endif
