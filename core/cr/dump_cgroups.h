/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_cgroups.h - what a dump notes of cgroups, so that runc and crun can restore the images, too
 *
 * In       the container's cgroups as recorded, our own mountinfo, the mode that the user asked for
 * Out      cgroup_mode, cgroup_roots and cgroup_dump_controllers of the request
 * Effects  none
 * Source   criu's cgroup.c: collect_cgroups, dump_cgroups, rewrite_cgroup_roots, prepare_task_cgroup;
 *          proc_parse.c, parse_cgroup_file (4.1.1)
 *
 * CRIU writes down in which cgroups the tasks are, also in mode ignore, but then without the
 * directories by which a restore translates the paths. kedge's restore doesn't care; those of runc and
 * crun move the tasks to the paths of the dump, which are gone or another container's by then. What
 * is in the images must be all that they need or nothing:
 *
 * - With the directories both get the tasks into the new container's cgroup, and CRIU makes the cgroup
 *   namespace anew, without which the container's cgroup mounts would show the host's trees.
 * - With nothing the tasks stay where CRIU is. crun puts it into the new cgroup only where there is
 *   just v2; and there runc doesn't translate at all, so that nothing is better than the directories,
 *   if there is no cgroup namespace to make.
 *
 * A hierarchy is in the images only if the container has a cgroup of its own there, and CRIU walks
 * no other directory: it would copy the host's whole tree, and add the copy to it on restore.
 */
#ifndef KEDGE_CORE_CR_DUMP_CGROUPS_H
#define KEDGE_CORE_CR_DUMP_CGROUPS_H

#include "core/linux/cgroup.h"
#include "core/plan/criu_request.h"
#include "core/plan/mountinfo.h"

struct dump_cgroups {
	const struct cgroup *cgroup;
	const struct mount_table *host; /* of the mount namespace that kedge runs in */
	bool has_namespace;		/* the container has a cgroup namespace of its own */
	bool is_asked;			/* the mode in the request is the user's */
};

/*
 * Fill the request's fields about cgroups; its cgroup_mode is set already. The strings are the
 * cgroup's and the arena's.
 */
void dump_cgroups_plan(const struct dump_cgroups *in, struct arena *arena,
		       struct criu_request *req);

#endif
