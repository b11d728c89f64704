/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.h - write a running container's state to an image directory with CRIU
 *
 * In       a loaded container, its spec, struct cr_options
 * Out      CRIU's images, descriptors.json (runc's: targets of fds 0, 1, 2), dump.log
 * Effects  freezes the container while CRIU dumps it; afterwards it runs on (leave_running, pre_dump
 *          or any failure) or its processes are gone and its state is "stopped"
 * Source   runc-checkpoint(8); reference in hack/ARCHITECTURE.md
 */
#ifndef KEDGE_CORE_CR_CHECKPOINT_H
#define KEDGE_CORE_CR_CHECKPOINT_H

#include "core/cr/cr.h"
#include "core/cr/report.h"
#include "core/plan/external.h"
#include "core/run/container.h"

/*
 * Dump the container. It must be running or paused. Without leave_running its processes have ended
 * when this returns 0, and only after the images were complete; the caller deletes the container.
 * Errors: ERR_STATE; ERR_INVALID for options; every external mount that can't be dumped, all in
 * one message, before anything is frozen; ERR_CRIU with the first cause and the log's path.
 * After an error the container runs on. `report` may be NULL; it is zeroed, and filled on success.
 */
int checkpoint_container(struct container *c, const struct spec *spec,
			 const struct cr_options *opts, struct cr_report *report, struct err *err);

/*
 * What checkpoint_container() would do about the mounts, by the same code: nothing is changed,
 * frozen or locked, no directory is made. `plan` is empty on entry; after a refusal it is filled all
 * the same, see external_dump.h, and external_plan_done() is due. Its strings are its own.
 * Errors: those that checkpoint_container() gives before it calls CRIU.
 */
int checkpoint_plan(struct container *c, const struct spec *spec, const struct cr_options *opts,
		    struct external_plan *plan, struct err *err);

#endif
