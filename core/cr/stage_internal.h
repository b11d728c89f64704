/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_internal.h - what the stage_*.c files share
 *
 * In       struct stage
 * Effects  as stage.h says
 */
#ifndef KEDGE_CORE_CR_STAGE_INTERNAL_H
#define KEDGE_CORE_CR_STAGE_INTERNAL_H

#include "core/cr/stage.h"

/* The plan's row with that mount id, or SIZE_MAX. */
size_t stage_find(const struct stage *stage, const struct external_plan *plan, unsigned int id);

/* A detached clone of the mount at `fd`, without submounts. Errors: from errno. */
int stage_clone(int fd, struct err *err);

/*
 * Open the source of row `i`, look at it, settle the row and clone it. Findings name mountpoint and
 * source.
 */
void stage_open_source(struct stage *stage, struct external_plan *plan, size_t i,
		       struct findings *findings);

/* Settle row `i`, a view of a cgroup that is yet to be made. */
void stage_foresee_view(struct stage *stage, struct external_plan *plan, size_t i,
			struct findings *findings);

/* Read our own mountinfo. Errors: as mount_table_parse(). */
int stage_read_host(struct stage *stage, struct err *err);

/* The row of our mountinfo with that mount id, or NULL. */
const struct mount_row *stage_find_host(const struct stage *stage, uint64_t id);

/* Give the clone of row `i` its flags and its idmapping. Errors: mountpoint and source named. */
int stage_finish_clone(struct stage *stage, const struct external_plan *plan, size_t i,
		       int *userns_fd, struct err *err);

/* Make the file system of row `i`, which is added and no bind. Errors: the mountpoint named. */
int stage_make_added(struct stage *stage, size_t i, struct err *err);

/* Fill stage->seen[i] from an open file and the host's mount that it lies on. */
void stage_see(struct stage *stage, size_t i, int fd, const struct mount_row *host);

/* Look at each mountpoint: of the right kind, or to be made in what can be written to. */
void stage_check_mountpoints(struct stage *stage, struct external_plan *plan,
			     struct findings *findings);

/* Make those that are missing. Errors: the mountpoint named. */
int stage_make_mountpoints(struct stage *stage, const struct external_plan *plan, struct err *err);

#endif
