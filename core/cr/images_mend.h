/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_mend.h - put right in fresh images what CRIU can't restore as it dumped it
 *
 * In       a directory that CRIU has just dumped to, and the mountinfo that it dumped
 * Out      mountpoints-N.img, rewritten where it has to be
 * Effects  replaces those files, each in one step
 * Source   criu's mount.c and mount-v2.c (4.1.1); measured. The files have no checksums
 *
 * Deleted sources: CRIU would create the source of an external mount anew, and crash if it isn't
 * there. A restore has a source for each key, so the mark goes.
 * Newlines: CRIU leaves "\012" in a mountpoint and later doesn't find that path.
 * Slaves: CRIU takes the propagation of all slaves of one master from the source of one of them,
 * which works only if all show parts of that. On a host whose / is shared every plain bind is a
 * slave of the same master. With a master of its own each takes it from its own source.
 */
#ifndef KEDGE_CORE_CR_IMAGES_MEND_H
#define KEDGE_CORE_CR_IMAGES_MEND_H

#include "core/base/err.h"
#include "core/plan/mountinfo.h"

/*
 * Mend the images of all mount namespaces. `container` is the mountinfo of the root task. Errors:
 * ERR_INVALID when CRIU wrote what it shouldn't, ERR_SYS.
 */
int images_mend(int dirfd, const struct mount_table *container, struct err *err);

#endif
