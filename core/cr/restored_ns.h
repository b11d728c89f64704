/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restored_ns.h - whether the restored tasks are in namespaces as config.json has them
 *
 * In       the container's cgroup, whose tasks CRIU holds (notify "post-restore"); the live spec
 * Effects  reads /proc
 * Source   criu's namespaces.c (4.1.1): which namespaces are made, and whose task is in which, says
 *          the image (ids-PID.img). One that gives a task the ids of CRIU's own namespaces has it
 *          restored among the host's processes, or on the host's network
 */
#ifndef KEDGE_CORE_CR_RESTORED_NS_H
#define KEDGE_CORE_CR_RESTORED_NS_H

#include "core/base/err.h"
#include "core/cr/images.h"
#include "core/run/container.h"
#include "core/spec.h"

/*
 * Before CRIU begins: whether the root task had namespaces of its own where config.json asks for new
 * ones. Errors: ERR_INVALID naming those that lack.
 */
int restored_ns_foresee(const struct image_inventory *inventory, const struct spec *spec,
			struct err *err);

/*
 * Look at the root task and those that descend from it. Errors: ERR_INVALID naming the task and the
 * namespace for one that is in ours although config.json asks for a new one; ERR_STATE when the root
 * task isn't in the container's cgroup; ERR_SYS.
 */
int restored_ns_check(const struct container *c, pid_t root, const struct spec *spec,
		      struct err *err);

#endif
