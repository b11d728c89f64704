/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.h - a task's container as core/run records it, for a worker or for one question
 *
 * In       the directory of all containers of a containerd namespace, and an id
 * Out      store, container and spec, given back together
 * Effects  opens and reads files
 *
 * Containers are recorded in ROOT/NAMESPACE, where ROOT is /run/containerd/kedge or what the task's
 * options say; `kedge --root /run/containerd/kedge/NAMESPACE list` shows them.
 */
#ifndef KEDGE_SHIM_TASK_STORED_H
#define KEDGE_SHIM_TASK_STORED_H

#include "core/run/container.h"

struct stored {
	struct store store;
	struct container c;
	struct spec spec;
	struct buf config; /* bytes of config.json */
};

#define STORED_EMPTY                                                            \
	{                                                                       \
		.store = { .root_fd = -1 }, .c = {.dir_fd = -1, .lock_fd = -1 } \
	}

/* The directory for the containers of a namespace; `root` is the options' or NULL. The caller frees. */
char *stored_root(const char *root, const char *namespace);

/*
 * Note in the bundle which directory that is, if it isn't the default: `delete` is told nothing of
 * the options. Errors: ERR_SYS.
 */
int stored_note_root(const char *bundle, const char *root, const char *namespace, struct err *err);

/* The directory as it was noted in the bundle, else the default. The caller frees. */
char *stored_noted_root(const char *bundle, const char *namespace);

/* Open the container `id` below `root`. Errors: as container_load(). `s` must stay where it is. */
int stored_open(const char *root, const char *id, struct stored *s, struct err *err);

/* Parse the config that is kept with the opened container. */
int stored_read_spec(struct stored *s, struct err *err);

/* Give everything back; the container itself stays as it is. */
void stored_done(struct stored *s);

#endif
