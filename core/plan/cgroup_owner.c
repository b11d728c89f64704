/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mount.h>
#include <sys/mount.h>

#include "core/plan/cgroup_owner.h"
#include "core/plan/mount_opts.h"

/* Options that nobody understands are for who mounts to refuse. */
static bool is_writable(const struct spec_mount *mount)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_opts opts;

	return !mount_opts_parse(mount, &arena, &opts, NULL) && !(opts.flags & MS_RDONLY) &&
	       !(opts.rec_set & MOUNT_ATTR_RDONLY);
}

static bool has_writable_cgroups(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *m = &spec->mounts.v[i];

		if ((str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2")) && is_writable(m))
			return true;
	}
	return false;
}

/* A user namespace by path has maps that config.json doesn't know. */
static bool to_host(const struct spec *spec, uint32_t *uid)
{
	uint32_t inside = spec->process.user.uid;

	*uid = inside;
	if (!spec->ns[SPEC_NS_USER].present)
		return true;
	for (size_t i = 0; i < spec->uid_maps.n; i++) {
		const struct spec_id_map *m = &spec->uid_maps.v[i];

		if (inside < m->container_id || inside - m->container_id >= m->size)
			continue;
		*uid = m->host_id + (inside - m->container_id);
		return true;
	}
	return false;
}

bool cgroup_owner(const struct spec *spec, uint32_t *uid)
{
	const struct spec_namespace *ns = &spec->ns[SPEC_NS_CGROUP];

	return ns->present && !ns->path && has_writable_cgroups(spec) && to_host(spec, uid) && *uid;
}
