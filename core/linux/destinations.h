/* SPDX-License-Identifier: Apache-2.0 */
/*
 * destinations.h - where a mount of config.json lies, after the symlinks of a container's root
 *
 * In       an fd of that root, the destination
 * Out      a path
 * Effects  opens below the root, never outside it
 *
 * For a container that isn't there yet: foresee.h.
 */
#ifndef KEDGE_CORE_LINUX_DESTINATIONS_H
#define KEDGE_CORE_LINUX_DESTINATIONS_H

#include "core/base/str.h"

/* The path without symlinks, in the arena; NULL where it doesn't exist. */
const char *destinations_resolve_one(int root_fd, const char *destination, struct arena *arena);

#endif
