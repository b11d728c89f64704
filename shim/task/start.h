/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.h - a restore on its way
 *
 * Effects  none
 */
#ifndef KEDGE_SHIM_TASK_START_H
#define KEDGE_SHIM_TASK_START_H

#include "shim/task/task.h"

/*
 * Whether Start is restoring the task and its holder has ended for that: the restored process is there,
 * or nearly, but its pid isn't known yet. A signal for it is kept in task->late_signal.
 */
bool start_is_between(const struct task *task);

#endif
