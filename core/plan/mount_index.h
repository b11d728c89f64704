/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_index.h - rows of a mount table by id and by mountpoint, without looking at all of them
 *
 * In       struct mount_table, which must outlive the index and stay as it is
 * Out      struct mount_index
 * Effects  none
 *
 * A container may have thousands of mounts; what compares each with each takes longer than CRIU.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_INDEX_H
#define KEDGE_CORE_PLAN_MOUNT_INDEX_H

#include <stddef.h>

#include "core/plan/mountinfo.h"

/* A zeroed struct is the index of an empty table. */
struct mount_index {
	struct arena arena;
	const struct mount_table *table;
	const struct mount_row **by_path; /* of equal ones the table's order is kept */
};

/* Build the index. `index` is empty on entry. */
void mount_index_build(const struct mount_table *table, struct mount_index *index);

/* Give back the memory; the index is empty afterwards. */
void mount_index_done(struct mount_index *index);

/* The row with mount id `id`, or NULL. */
const struct mount_row *mount_index_id(const struct mount_index *index, unsigned int id);

/* The rows mounted at exactly `path`, in the table's order: the first of `*n`, or NULL. */
const struct mount_row *const *mount_index_at(const struct mount_index *index, const char *path,
					      size_t *n);

/* As mount_table_topmost(): the mount that one sees at `path`, or NULL. */
const struct mount_row *mount_index_topmost(const struct mount_index *index, const char *path);

#endif
