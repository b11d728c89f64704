/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside_masks.h - mask after a restore what config.json masks and the images left open
 *
 * In       the pid of the restored root task, held by CRIU (notify "post-restore"); the live spec
 * Out      a container in which each of maskedPaths is hidden and each of readonlyPaths read-only
 * Effects  where something lacks, a child that enters the task's mount namespace and mounts there
 * Source   runtime-spec config-linux.md#masked-paths, #readonly-paths; core/linux/masks.h
 *
 * An image brings the masks that the container had. It lacks one when config.json has got more
 * since, when this kernel has a file in /proc that the other one hadn't, and when somebody took it out.
 */
#ifndef KEDGE_CORE_CR_INSIDE_MASKS_H
#define KEDGE_CORE_CR_INSIDE_MASKS_H

#include <sys/types.h>

#include "core/base/err.h"
#include "core/spec.h"

/*
 * Hide and protect what isn't. inside_settle() comes first: these mounts aren't in its plan.
 * Errors: ERR_SYS, the path named.
 */
int inside_mask(pid_t pid, const struct spec *spec, struct err *err);

#endif
