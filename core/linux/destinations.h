/* SPDX-License-Identifier: Apache-2.0 */
/*
 * destinations.h - where config.json's mounts lie, after the symlinks of a root directory
 *
 * In       an fd of a root (the container's on a checkpoint, the rootfs on a restore), the spec
 * Out      one path per entry of `mounts`
 * Effects  opens below the root, never outside it
 */
#ifndef KEDGE_CORE_LINUX_DESTINATIONS_H
#define KEDGE_CORE_LINUX_DESTINATIONS_H

#include "core/spec.h"

/*
 * An array as external_dump.h and external_restore.h want it, in the arena: the resolved path of
 * each mount's destination, NULL where it doesn't exist (the text of the config decides then).
 */
const char *const *destinations_resolve(int root_fd, const struct spec *spec, struct arena *arena);

/* The same for one path: NULL where it doesn't exist. */
const char *destinations_resolve_one(int root_fd, const char *destination, struct arena *arena);

#endif
