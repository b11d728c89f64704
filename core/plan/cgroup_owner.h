/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_owner.h - to whom a container's cgroup of v2 belongs
 *
 * In       the spec
 * Out      a user id of the host
 * Effects  none
 * Source   runtime-spec config-linux.md#cgroup-ownership
 */
#ifndef KEDGE_CORE_PLAN_CGROUP_OWNER_H
#define KEDGE_CORE_PLAN_CGROUP_OWNER_H

#include <stdbool.h>

#include "core/spec.h"

/*
 * Whether the cgroup is to be given away: the container has a new cgroup namespace, in which cgroups are
 * mounted writable, and its process's user isn't the host's root. `*uid` is that user then, as the
 * host sees it.
 */
bool cgroup_owner(const struct spec *spec, uint32_t *uid);

#endif
