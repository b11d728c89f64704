/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packed.h - images in a temporary of containerd's, which packs them up
 *
 * In       the directory of images
 * Effects  an empty file in it
 * Source   containerd's services/tasks/local.go, getCheckpointPath(); its archive/tar.go. `docker
 *          checkpoint create` leaves what was packed in containerd's store and unpacks it; `docker start
 *          --checkpoint` packs that up again. Were the two the same, containerd 1.7 would refuse the
 *          second till the first is collected: "content sha256:…: already exists". Two dumps never are: tar
 *          has the times of their files
 */
#ifndef KEDGE_CORE_CR_PACKED_H
#define KEDGE_CORE_CR_PACKED_H

#include <stdbool.h>

#include "core/base/err.h"

/* Whether containerd has made it for one call: …/ctrd-checkpointDIGITS. */
bool packed_is_temporary(const char *path);

/*
 * Let the directory, if it is such a temporary, never be packed up twice to the same: add a file whose
 * name is a tar's way to say that a file isn't there, so it goes in, and who unpacks it drops it.
 * Errors: from errno.
 */
int packed_mark(int images_fd, const char *path, struct err *err);

#endif
