/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what a command begins with: the store, a container and its spec, a bundle
 *
 * In       the global options, the command's first argument, ROOT/ID or a bundle's directory
 * Out      values that the command owns and gives back with stored_done()
 * Effects  opens and reads files; makes the state directory when it isn't there
 */
#ifndef KEDGE_SHIM_CLI_LOAD_H
#define KEDGE_SHIM_CLI_LOAD_H

#include "oci/stored.h"
#include "shim/cli/cli.h"

/* Open the store that --root names. Errors: as store_open(). */
int load_store(const struct cli *cli, struct stored *l, struct err *err);

/* Open the store and in it the container that the first argument names: stored_open(). */
int load_container(const struct cli *cli, struct stored *l, struct err *err);

/* The same, and parse the config that was kept with the container's state. */
int load_container_spec(const struct cli *cli, struct stored *l, struct err *err);

/*
 * Read and parse DIR/config.json of a container that is to be made, and take what our own flags say
 * of it; `dir` NULL means the working directory. Errors: as below.
 */
int load_config(const struct cli *cli, const char *dir, struct stored *l, struct err *err);

/*
 * For a container that is to be made: open the store, read and parse DIR/config.json; `dir` NULL
 * means the working directory. spec.bundle is the resolved, absolute path.
 * Errors: ERR_NOT_FOUND; ERR_INVALID when config.json is no regular file or not a valid config.
 */
int load_bundle(const struct cli *cli, const char *dir, struct stored *l, struct err *err);

#endif
