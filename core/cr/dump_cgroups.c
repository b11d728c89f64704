/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cr/dump_cgroups.h"

/* Where the cgroup is in its hierarchy, as CRIU sees it; NULL if that is outside of what we see. */
static const char *path_of(const struct mount_table *host, const struct cgroup_dir *dir,
			   struct arena *arena)
{
	const struct mount_row *mount = mount_table_topmost(host, dir->root);
	const char *below = mount_path_below(dir->dir, dir->root);

	if (!mount || !below || !*below || str_starts(mount->root, "/.."))
		return NULL;
	return arena_printf(arena, "%s/%s", str_eq(mount->root, "/") ? "" : mount->root, below);
}

static bool is_v2_alone(const struct cgroup *cg)
{
	return cg->n == 1 && !*cg->v[0].controllers;
}

void dump_cgroups_plan(const struct dump_cgroups *in, struct arena *arena, struct criu_request *req)
{
	const struct cgroup *cg = in->cgroup;

	/* no hierarchy has this name, and an empty list would mean all of them */
	criu_strings_add(&req->cgroup_dump_controllers, "-");
	if (!in->is_asked && (in->has_namespace || !is_v2_alone(cg)))
		req->cgroup_mode = CRIU_CGROUP_SOFT;
	for (size_t i = 0; i < cg->n && req->cgroup_mode != CRIU_CGROUP_IGNORE; i++) {
		const char *path = path_of(in->host, &cg->v[i], arena);

		if (!path)
			continue;
		criu_strings_add(&req->cgroup_dump_controllers, cg->v[i].controllers);
		criu_pairs_add(&req->cgroup_roots, cg->v[i].controllers, path);
	}
}
