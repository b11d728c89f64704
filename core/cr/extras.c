/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/path.h"
#include "core/cr/extras.h"
#include "core/linux/cgroup.h"

static void add(struct extras *extras, struct arena *arena, const char *mountpoint,
		const char *path)
{
	struct external_source *v = arena_array(arena, extras->n + 1, sizeof(*v));

	for (size_t i = 0; i < extras->n; i++)
		v[i] = extras->v[i];
	v[extras->n++] = (struct external_source){
		.mountpoint = mountpoint,
		.path = arena_strdup(arena, path),
		.origin = EXTERNAL_CGROUP,
	};
	extras->v = v;
}

/* One bind per v1 hierarchy; in a v2-only tree the mount itself is the view. */
static int add_views(const char *destination, const struct cgroup *cg, struct arena *arena,
		     struct extras *extras, struct err *err)
{
	auto_free char *at = path_normalize(destination);
	struct cgroup_mount_view *rows = NULL;
	size_t n = 0;

	if (cgroup_mount_views(cg, &rows, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		add(extras, arena, arena_printf(arena, "%s/%s", at, rows[i].name), rows[i].dir);
	if (!n && cg->n)
		add(extras, arena, arena_strdup(arena, at), cg->v[0].dir);
	cgroup_mount_views_done(rows, n);
	return 0;
}

int extras_list(const struct spec *spec, const char *id, struct arena *arena, struct extras *extras,
		struct err *err)
{
	AUTO(cgroup_done) struct cgroup cg = { 0 };

	if (spec->ns[SPEC_NS_CGROUP].present)
		return 0;
	if (cgroup_locate_spec(spec, id, &cg, err))
		return -1;
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *m = &spec->mounts.v[i];

		if (str_eq(m->type, "cgroup") && add_views(m->destination, &cg, arena, extras, err))
			return -1;
	}
	return 0;
}
