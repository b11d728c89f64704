/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_dump_internal.h - what the files of the dump's plan share
 *
 * In       struct external_dump_input
 * Effects  none
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_DUMP_INTERNAL_H
#define KEDGE_CORE_PLAN_EXTERNAL_DUMP_INTERNAL_H

#include "core/plan/external_dump.h"
#include "core/plan/findings.h"
#include "core/plan/live_mounts.h"
#include "core/plan/mount_index.h"
#include "core/plan/mount_tree.h"

/* What has been decided about a row of the container's mountinfo. */
struct external_choice {
	enum { EXTERNAL_OPEN, EXTERNAL_INTERNAL, EXTERNAL_TAKEN } state;
	bool is_made;		/* INTERNAL: CRIU mounts it anew, so others can be bound from it */
	const char *moved_from; /* it isn't where create put it, but here; or NULL */
	size_t entry;		/* of config.json's mounts that has made it, or SIZE_MAX */
	enum checkpoint_source source_state;
	struct external_mount as; /* TAKEN, or refused */
	size_t in_plan;		  /* its row of the plan, or SIZE_MAX */
};

struct external_dump {
	const struct external_dump_input *in;
	struct external_plan plan;
	struct findings findings;
	const struct mount_row *root;
	struct mount_index index;	      /* of in->container */
	struct external_choice *choices;      /* one per row */
	const char **places;		      /* per spec mount: where create put it, or NULL */
	bool *is_unmounted;		      /* per spec mount: it was there and is no more */
	struct mount_tree host;		      /* of in->host; built when it is first asked for */
	const struct mount_node **host_nodes; /* by row of in->host */
	struct live_mounts entries;	      /* at those places, for the sidecar */
	bool needs_key;			      /* a finding goes away when the mount gets a key */
};

/* The decision about `row`. */
struct external_choice *external_dump_choice(struct external_dump *d, const struct mount_row *row);

/* Whether the host has a mount of the same file system. */
bool external_dump_is_on_host(const struct external_dump *d, const struct mount_row *row);

/* A tmpfs that only the container still sees is the container's: CRIU takes its content along. */
bool external_dump_is_private(const struct external_dump *d, const struct mount_row *row);

/* Refuse a mount: the reason goes into the message, and into the plan's row. */
void external_dump_refuse(struct external_dump *d, const struct mount_row *row, const char *fmt,
			  ...) __attribute__((format(printf, 3, 4)));

/*
 * external_dump_entries.c: fill d->places, find each entry's mount (choice->entry, is_moved,
 * source_state) and the entries that have none any more (d->is_unmounted).
 */
void external_dump_match_entries(struct external_dump *d);

/*
 * external_dump_entries.c: the entry whose mount `row` came along with, and where it lay below that
 * ("sub"), by its id; wherever both are now. False when that isn't known.
 */
bool external_dump_find_base(const struct external_dump *d, const struct mount_row *row,
			     size_t *entry, const char **below);

/* external_dump_check.c: refuse what CRIU can't dump although it was decided what it is. */
void external_dump_check(struct external_dump *d);

/*
 * external_dump_check.c: how CRIU is told of the external mounts where several mounts lie on one
 * path. Sets plan.is_auto and its kin, clears criu_path of rows that get no key.
 */
void external_dump_settle_stacks(struct external_dump *d);

/* external_dump_result.c: the decisions as rows of d->plan. */
void external_dump_fill_plan(struct external_dump *d);

/* external_dump_result.c: all mounts for the sidecar; d->plan is filled. */
void external_dump_fill_info(struct external_dump *d, struct checkpoint_info *info);

#endif
