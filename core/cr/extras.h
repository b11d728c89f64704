/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extras.h - sources that config.json doesn't name: the views of the container's own cgroup
 *
 * In       the spec, the id
 * Out      a list for external_restore.h
 * Effects  reads /proc; nothing is made
 * Source   runtime-spec config-linux.md#control-groups: a mount of type "cgroup" shows the
 *          container's cgroups; without a cgroup namespace these are binds, one per v1 hierarchy
 */
#ifndef KEDGE_CORE_CR_EXTRAS_H
#define KEDGE_CORE_CR_EXTRAS_H

#include "core/plan/external_restore.h"
#include "core/spec.h"

struct extras {
	struct external_source *v;
	size_t n;
};

/*
 * List the views that a container `id` of this spec will have; strings and list are in `arena`.
 * `extras` is zeroed on entry. Errors: as cgroup_locate().
 */
int extras_list(const struct spec *spec, const char *id, struct arena *arena, struct extras *extras,
		struct err *err);

#endif
