/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cr_work.h - what a worker does for restores, and for checkpoints before it is about the call
 *
 * In       a task, its container as it is recorded, config.json
 * Effects  as core/run/holder.h and core/cr/restore.h
 */
#ifndef KEDGE_SHIM_TASK_CR_WORK_H
#define KEDGE_SHIM_TASK_CR_WORK_H

#include "shim/task/cr_settings.h"
#include "shim/task/task.h"

/*
 * Take what /etc/kedge/NAMESPACE.toml, the task's options and the annotations say, in this order;
 * settings->way is set. Errors: ERR_INVALID, from errno for a file.
 */
int cr_work_settings(const struct task *task, const struct spec *spec, struct cr_settings *settings,
		     struct err *err);

/*
 * Restore the task's container in the place of its holder, whose stdio it gets. answer->pid is that
 * of its first process, answer->fd a terminal's master. The directory of images is removed if it is
 * a copy that containerd forgets. Errors: as restore_held().
 */
int cr_work_restore(const struct task *task, struct worker_answer *answer, struct err *err);

#endif
