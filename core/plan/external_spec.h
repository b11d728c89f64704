/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_spec.h - what config.json says about a mount, as far as external mounts need it
 *
 * In       struct spec (config.md#mounts), and the destinations as the container resolves them
 * Out      paths and answers; strings live in the arena that is passed in, or in the spec
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_SPEC_H
#define KEDGE_CORE_PLAN_EXTERNAL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/spec.h"

/*
 * The normal form of an absolute path: one slash between components, none at the end, no ".".
 * NULL if there is a ".." in it, which text alone can't resolve.
 */
char *external_spec_normal_path(struct arena *arena, const char *path);

/* Whether the entry binds something of the host: type "bind", or "bind" or "rbind" as an option. */
bool external_spec_is_bind(const struct spec_mount *mount);

/* Whether the entry only changes the flags of what is mounted there: option "remount". */
bool external_spec_is_remount(const struct spec_mount *mount);

/* What a device node has to be. */
struct external_device {
	char type; /* as in struct spec_device */
	uint32_t major, minor;
};

/*
 * Whether `path` is a device of the spec, or one that runtimes make in /dev unasked; then `device`
 * says which. `device` may be NULL.
 */
bool external_spec_device(const struct spec *spec, const char *path,
			  struct external_device *device);

/*
 * Where mount `i` lies inside the container: `resolved[i]` if that is known, else the destination
 * in normal form, ".." taken off by text as create does it. `resolved` may be NULL.
 */
const char *external_spec_destination(struct arena *arena, const struct spec *spec, size_t i,
				      const char *const *resolved);

/*
 * The host path that bind mount `i` names, absolute (relative ones are the bundle's). NULL when
 * the entry is no bind or has no source.
 */
const char *external_spec_source(struct arena *arena, const struct spec *spec, size_t i);

#endif
