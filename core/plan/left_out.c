/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan/left_out.h"

bool left_out_is_lost(const char *fstype, const char *below)
{
	return str_eq(fstype, "tracefs") && !str_eq(below, "debugfs");
}

static void warn_of(const struct mount_row *lost, const struct restore_row *rows,
		    struct external_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct external_mount *m = &plan->v[i];
		const char *below;

		if (m->origin != EXTERNAL_CONFIG || !m->source || !rows[i].live ||
		    !rows[i].live->opts.is_rec_bind)
			continue;
		below = mount_path_below(lost->mountpoint, m->source);
		if (below && *below)
			strv_addf(&plan->warnings,
				  "%s/%s: CRIU leaves a %s out of its images, and without "
				  "kedge.json nobody knows that the container had one: it has none "
				  "now",
				  m->mountpoint, below, lost->fstype);
	}
}

void left_out_warn(const struct mount_table *host, const struct restore_row *rows,
		   struct external_plan *plan)
{
	for (size_t i = 0; i < host->n; i++) {
		const struct mount_row *below = mount_table_find_id(host, host->v[i].parent);

		if (left_out_is_lost(host->v[i].fstype, below ? below->fstype : NULL))
			warn_of(&host->v[i], rows, plan);
	}
}
