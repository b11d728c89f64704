/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sidecar.h - the JSON that lies beside CRIU's images
 *
 * descriptors.json is runc's and crun's: an array of three strings, what fds 0, 1 and 2 of the
 * first process were at its start ("pipe:[4711]"). CRIU can't dump the far end of a pipe; on a restore
 * such a name is given back with the fd that takes its place (inherit_fd).
 *
 * In       the container's record; on a restore a file that may be hostile
 * Effects  reads and writes files in the image directory
 */
#ifndef KEDGE_CORE_CR_SIDECAR_H
#define KEDGE_CORE_CR_SIDECAR_H

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/run/container.h"

/* Write descriptors.json into the directory. */
int sidecar_write_descriptors(int images_fd, const struct container *c, struct err *err);

/*
 * Read it: three strings at most, those that are no pipe are "". A missing file gives none (CRIU's
 * own images have none). Errors: ERR_INVALID naming the file.
 */
int sidecar_read_descriptors(int images_fd, struct strv *descriptors, struct err *err);

#endif
