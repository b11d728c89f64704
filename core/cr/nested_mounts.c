/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/nested_mounts.h"
#include "core/cr/strays.h"
#include "core/plan/left_out.h"
#include "core/plan/mountinfo.h"

#define MOUNTINFO_MAX_BYTES (64U << 20)

/* The namespaces that were looked at, by inode; the first is the container's own. */
struct seen {
	ino_t *v;
	size_t n;
};

/* Whether it is one that wasn't seen yet. */
static bool take_namespace(struct seen *seen, pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	if (stat(path, &st))
		return false;
	for (size_t i = 0; i < seen->n; i++)
		if (seen->v[i] == st.st_ino)
			return false;
	seen->v = xrealloc(seen->v, seen->n + 1, sizeof(*seen->v));
	seen->v[seen->n++] = st.st_ino;
	return true;
}

static const char *fstype_below(const struct mount_table *table, const struct mount_row *row)
{
	const struct mount_row *below = mount_table_find_id(table, row->parent);

	return below ? below->fstype : NULL;
}

/* Of other namespaces than the root's nothing is noted. */
static void check_lost(const struct mount_table *table, pid_t pid, struct findings *findings)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct mount_row *row = &table->v[i];

		if (left_out_is_lost(row->fstype, NULL) &&
		    left_out_is_lost(row->fstype, fstype_below(table, row)))
			findings_add(findings, ERR_UNSUPPORTED,
				     "%.256s, in the mount namespace of process %d: CRIU leaves a "
				     "%s out: unmount it there",
				     row->mountpoint, (int)pid, row->fstype);
	}
}

static void check_mounts(pid_t pid, struct findings *findings)
{
	AUTO(buf_done) struct buf text = { 0 };
	AUTO(mount_table_done) struct mount_table table = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	if (fd_read_file(AT_FDCWD, path, MOUNTINFO_MAX_BYTES, &text, NULL) ||
	    mount_table_parse(text.p, text.n, &table, NULL))
		return;
	for (size_t i = 0; i < table.n; i++)
		if (table.v[i].line_bytes >= MOUNT_TABLE_CRIU_LINE_BYTES)
			findings_add(findings, ERR_UNSUPPORTED,
				     "%.256s, in the mount namespace of process %d: its line in "
				     "mountinfo has %zu bytes, CRIU reads %d",
				     table.v[i].mountpoint, (int)pid, table.v[i].line_bytes,
				     MOUNT_TABLE_CRIU_LINE_BYTES - 1);
	check_lost(&table, pid, findings);
}

void nested_mounts_check(const struct container *c, struct findings *findings)
{
	auto_free struct stray_task *tasks = NULL;
	struct seen seen = { 0 };
	size_t n = 0;

	/* CRIU will look again */
	if (strays_list(c, &tasks, &n, NULL))
		return;
	take_namespace(&seen, c->pid);
	for (size_t i = 0; i < n; i++)
		if (strays_descends(tasks, n, tasks[i].pid, c->pid) &&
		    take_namespace(&seen, tasks[i].pid))
			check_mounts(tasks[i].pid, findings);
	free(seen.v);
}
