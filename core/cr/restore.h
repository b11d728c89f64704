/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h - make a running container from an image directory with CRIU
 *
 * In       a spec (the live config.json), struct cr_options, what create.h also takes
 * Out      a running container, child of the caller
 * Effects  as create.h, plus mountpoints that are missing in the rootfs; all undone on failure
 * Source   runc-restore(8). Images are data, never policy: sources come from the spec and the user
 */
#ifndef KEDGE_CORE_CR_RESTORE_H
#define KEDGE_CORE_CR_RESTORE_H

#include "core/cr/cr.h"
#include "core/run/create.h"

/*
 * Restore the container. As create_container(): on success `c` is loaded, its first process is a
 * child of the caller and already runs; `*master` is the terminal's master end or -1.
 * Errors: every external mount without a good source, all in one message, before CRIU starts;
 * ERR_CRIU with the first cause and the log's path. Nothing is left and the id is free.
 */
int restore_container(const struct create_request *req, const struct cr_options *opts,
		      struct container *c, int *master, struct err *err);

#endif
