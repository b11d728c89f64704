/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what a command begins with: the store, a container and its spec, a bundle
 *
 * In       the global options, the command's first argument, ROOT/ID or a bundle's directory
 * Out      values that the command owns and gives back with their _done
 * Effects  opens and reads files; makes the state directory when it isn't there
 */
#ifndef KEDGE_SHIM_CLI_LOAD_H
#define KEDGE_SHIM_CLI_LOAD_H

#include "core/run/container.h"
#include "shim/cli/cli.h"

/* A container of the store and its config, or the config that one is to be made from. */
struct loaded {
	struct store store;
	struct container c;
	struct spec spec;
	struct buf config; /* the bytes of config.json, NUL-terminated */
};

#define LOADED_EMPTY                                                            \
	{                                                                       \
		.store = { .root_fd = -1 }, .c = {.dir_fd = -1, .lock_fd = -1 } \
	}

/* Open the store that --root names. Errors: as store_open(). */
int load_store(const struct cli *cli, struct loaded *l, struct err *err);

/*
 * Open the store and in it the container that the first argument names. `l` must stay where it is
 * (the container points to its store). Errors: as container_load().
 */
int load_container(const struct cli *cli, struct loaded *l, struct err *err);

/* The same, and parse the config that was kept with the container's state. */
int load_container_spec(const struct cli *cli, struct loaded *l, struct err *err);

/* Parse the config that was kept with the state of the loaded container. */
int load_spec(struct loaded *l, struct err *err);

/*
 * For a container that is to be made: open the store, read and parse DIR/config.json; `dir` NULL
 * means the working directory. spec.bundle is the resolved, absolute path.
 * Errors: ERR_NOT_FOUND; ERR_INVALID when config.json is no regular file or not a valid config.
 */
int load_bundle(const struct cli *cli, const char *dir, struct loaded *l, struct err *err);

/* Give everything back; the container itself stays as it is. */
void loaded_done(struct loaded *l);

#endif
