/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_check.h - whether a restored container has the mounts that it is to have
 *
 * In       struct mount_expect: what the plan says; the mountinfo of the restored root task
 * Out      struct mount_repairs: what can be put right from inside; findings: what can't
 * Effects  none
 * Source   mount_setattr(2), move_mount(2) MOVE_MOUNT_SET_GROUP (Linux 5.15) for what is repairable
 *
 * Mounts are matched from the root down: by the mount they lie on and their mountpoint. Ids are new
 * after a restore and say nothing. Peer groups have ids of the whole host, so where the plan knows
 * the host's group, the container's mount is held to it; otherwise any group will do, and a mount
 * that has a host_fd is joined to that mount's group whatever it shows.
 *
 * Within the container it is compared who is whose peer and whose slave: by `peers` and `master`,
 * whose numbers say no more than which mounts belong together.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_CHECK_H
#define KEDGE_CORE_PLAN_MOUNT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"
#include "core/plan/external.h"
#include "core/plan/findings.h"
#include "core/plan/image_mount.h"
#include "core/plan/mountinfo.h"

/* One mount as it has to be. Strings are borrowed. */
struct mount_expect_row {
	unsigned int id;	/* in the images */
	unsigned int parent;	/* in the images; the root's is in no row */
	const char *mountpoint; /* its real bytes */
	const char *source;	/* external: the host's path, for messages; else NULL */
	bool is_external;
	bool has_identity; /* device and root are known, as mountinfo will show them */
	unsigned int major, minor;
	const char *root;
	const char *fstype;  /* NULL: not known */
	unsigned long flags; /* MS_…, exact, as struct mount_row has them */
	bool is_idmapped;
	bool is_unbindable;
	enum external_propagation propagation;
	unsigned int group; /* of the host, to be its peer or slave, as mountinfo shows it; 0: any */
	int host_fd;	    /* root of the host's mount to join, or of a clone of that; or -1 */
	const struct image_mount *image; /* its row there, for mount_parts.h; or NULL */
	unsigned int peers;		 /* alike for mounts that share in the container; 0: none */
	unsigned int master; /* OWN_GROUP: the `peers` of those that it is a slave of; 0: none */
};

struct mount_expect {
	struct mount_expect_row *v; /* in the images' order */
	size_t n;
};

/* One thing to do inside. Several may be due for one mount, in this order. */
struct mount_repair {
	const struct mount_expect_row *row;
	const struct mount_row *actual;
	const struct mount_row *peer; /* PEER: the one to join */
	enum mount_repair_kind {
		MOUNT_REPAIR_FLAGS, /* mount_setattr to row->flags */
		MOUNT_REPAIR_GROUP, /* make private, MOVE_MOUNT_SET_GROUP from row->host_fd, and for
				       a slave make it that */
		MOUNT_REPAIR_PRIVATE, /* unbindable, if the row is */
		MOUNT_REPAIR_SHARED,  /* a slave already, and shared besides */
		MOUNT_REPAIR_PEER,    /* make private, MOVE_MOUNT_SET_GROUP from `peer` */
	} kind;
	bool is_hidden; /* other mounts lie over it, or over `peer`: no path leads there */
};

struct mount_repairs {
	struct arena arena;
	struct mount_repair *v;
	size_t n;
};

/*
 * Compare. `repairs` is empty on entry. With `may_repair` false everything that differs is a
 * finding: it is the last look. Findings (ERR_CRIU) name mountpoint and source and both sides:
 * "/data: it is writable, but was to be read-only". A mount that the container has and the plan
 * hasn't is one, too.
 */
void mount_check(const struct mount_expect *expect, const struct mount_table *actual,
		 bool may_repair, struct mount_repairs *repairs, struct findings *findings);

/* Give back the memory; the list is empty afterwards. */
void mount_repairs_done(struct mount_repairs *repairs);

#endif
