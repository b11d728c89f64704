/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_explain.h - CRIU's words about mounts in the user's terms
 *
 * In       an error with causes from CRIU's log: "mnt: 12:./x doesn't have a proper root mount", "No
 *          mapping for 12:(null) mountpoint", "/tmp/.criu.mntns.a1B2c3/mnt-0000000012"
 * Out      "mnt: /x (from /srv/a) doesn't have a proper root mount"
 * Effects  none
 * Source   criu's mount.c and mount-v2.c (4.1.1): mounts go by id, in a path of CRIU's own as
 *          mnt-<id with ten digits>, on a dump as ./<mountpoint>
 */
#ifndef KEDGE_CORE_CR_CRIU_EXPLAIN_H
#define KEDGE_CORE_CR_CRIU_EXPLAIN_H

#include <stddef.h>

#include "core/base/err.h"

/* What the user calls a mount. Strings are borrowed. */
struct mount_name {
	unsigned int id;	/* CRIU's: of the host that dumped */
	const char *mountpoint; /* in the container */
	const char *source;	/* on the host, or NULL */
	const char *alias;	/* the path that CRIU got in place of the source, or NULL */
};

/* A zeroed struct is an empty list. */
struct mount_names {
	struct mount_name *v;
	size_t n;
};

/* Add one, without alias; of several with one id the last one counts. `source` may be NULL. */
void mount_names_add(struct mount_names *names, unsigned int id, const char *mountpoint,
		     const char *source);

/* Free the list. */
void mount_names_done(struct mount_names *names);

/* Rewrite the message of an ERR_CRIU; all other errors stay as they are. */
void criu_explain(const struct mount_names *names, struct err *err);

#endif
