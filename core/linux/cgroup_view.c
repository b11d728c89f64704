/* SPDX-License-Identifier: Apache-2.0 */
/* The v1 hierarchies as a container's mount of type "cgroup" shows them. */
#include <string.h>

#include "core/linux/cgroup_internal.h"

/* "cpu,cpuacct" under that name gets links from "cpu" and "cpuacct", as on the host. */
static void add_links(const char *controllers, const char *name, struct strv *links)
{
	while (*controllers) {
		size_t n = strcspn(controllers, ",");

		if (n != strlen(name) || strncmp(controllers, name, n))
			strv_addf(links, "%.*s", (int)n, controllers);
		controllers += n + (controllers[n] == ',');
	}
}

static void view(const struct cgroup_dir *d, struct cgroup_mount_view *row)
{
	bool is_named = str_starts(d->controllers, "name=");

	row->name = xstrdup(str_last_part(d->root));
	row->options = xasprintf("%s%s", is_named ? "none," : "", d->controllers);
	row->dir = xstrdup(d->dir);
	if (strchr(d->controllers, ','))
		add_links(d->controllers, row->name, &row->links);
}

int cgroup_mount_views(const struct cgroup *cg, struct cgroup_mount_view **rows, size_t *n,
		       struct err *err)
{
	struct cgroup_mount_view *v = xcalloc(cg->n, sizeof(*v));
	size_t count = 0;

	(void)err;
	for (size_t i = 0; i < cg->n; i++)
		if (cg->v[i].controllers[0])
			view(&cg->v[i], &v[count++]);
	*rows = v;
	*n = count;
	return 0;
}

void cgroup_mount_views_done(struct cgroup_mount_view *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rows[i].name);
		free(rows[i].options);
		free(rows[i].dir);
		strv_done(&rows[i].links);
	}
	free(rows);
}
