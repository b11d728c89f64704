/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.h - a container as core/run records it, with the config that is kept with it
 *
 * In       the directory of all containers, and an id
 * Out      store, container and spec, given back together
 * Effects  opens and reads files; makes the directory when it isn't there; removes a container
 */
#ifndef KEDGE_OCI_STORED_H
#define KEDGE_OCI_STORED_H

#include "core/run/container.h"

struct stored {
	struct store store;
	struct container c;
	struct spec spec;
	struct buf config; /* the bytes of config.json, NUL-terminated */
};

#define STORED_EMPTY                                                            \
	{                                                                       \
		.store = { .root_fd = -1 }, .c = {.dir_fd = -1, .lock_fd = -1 } \
	}

/*
 * Open the container `id` below `root`. `s` must stay where it is (the container points to its
 * store). Errors: as store_open() and container_load().
 */
int stored_open(const char *root, const char *id, struct stored *s, struct err *err);

/* Parse the config that is kept with the opened container. Errors: ERR_NOT_FOUND, ERR_INVALID. */
int stored_read_spec(struct stored *s, struct err *err);

/*
 * Remove the opened container: control_delete(), with the poststop hooks of its config where that can
 * be read (a half-made container may have none). With `force`, a CRIU that has its tasks is ended
 * first: dump_lock_break(). Errors: control_delete()'s.
 */
int stored_remove(struct stored *s, bool force, struct err *err);

/* Give everything back; the container itself stays as it is. */
void stored_done(struct stored *s);

#endif
