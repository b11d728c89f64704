/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.h - put right from inside what CRIU leaves undone, before the restored tasks run on
 *
 * In       the pid of the restored root task, held by CRIU (notify "post-restore"); the plan
 * Out      a container whose mounts are as planned, or an error that names those that aren't
 * Effects  a child that enters the task's mount namespace, changes mounts there, and ends. It
 *          keeps the host's user and pid namespaces and can't be traced from the container
 * Source   setns(2), mount_setattr(2), move_mount(2) with MOVE_MOUNT_SET_GROUP (Linux 5.15). CRIU
 *          before 4.2 never applies the flags of the root mount, and it needs a writable root to
 *          pivot into it, so the root can't be read-only any earlier
 *
 * The names in there are the container's and so are the links: mountpoints are opened below the
 * namespace's root without following any, and changed only where STATX_MNT_ID says that it is the
 * mount which was compared.
 */
#ifndef KEDGE_CORE_CR_INSIDE_H
#define KEDGE_CORE_CR_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/plan/mount_check.h"

/*
 * Compare the mounts of `pid` with the plan, repair what can be, and compare again. Where nothing
 * is to be done that is one reading of /proc/PID/mountinfo. `*n_repairs` (may be NULL): how many.
 *
 * Known to fail, each by name: read-only when a restored process has a file of the mount open for
 * writing; anything on a mount that others lie over, as no path leads there.
 * Errors: ERR_CRIU for what differs in the end, ERR_STATE, ERR_SYS.
 */
int inside_settle(pid_t pid, const struct mount_expect *expect, size_t *n_repairs, struct err *err);

/* A mount that the live config.json has and the checkpoint hadn't. */
struct inside_addition {
	size_t index;		 /* in config.json's mounts, for messages */
	const char *destination; /* in the container, links and all */
	const char *source;	 /* for messages, or NULL */
	int tree_fd; /* detached, flags and id mapping set: mount_fd_clone(), mount_fd_detached() */
	bool is_dir;
	bool takes_mode;   /* that of the directory it covers, unless that has to be made */
	bool is_copied_up; /* it begins with what lies in that directory */
	/*
	 * MS_SHARED … with MS_REC, in their order. Without any, a clone of a shared mount is the
	 * host's peer; in a container that was created it would be a slave.
	 */
	const unsigned long *propagation;
	size_t n_propagation;
	const struct mount_expect_row *expect; /* what it is then (mount_added.h), or NULL */
};

/* The helper, which keeps what it needs to undo. */
struct inside_attached {
	pid_t pid;
	int sock;
};

/* Nothing attached. */
#define INSIDE_ATTACHED_NONE          \
	{                             \
		.pid = -1, .sock = -1 \
	}

/*
 * Attach the `n` mounts in their order: a later one may lie in an earlier one. Missing
 * destinations are made, a directory or a file, also where only the root mount is read-only. At the
 * end each is compared with what it is to be.
 * On success inside_attached_done() is due; after a failure nothing is left of it. When it comes
 * before inside_settle() these mounts belong into the plan, at the places that links lead to; when
 * it comes behind they don't, and nothing that they cover is out of reach for repairs.
 * Errors: ERR_INVALID for a destination that leads into /proc or is of another kind, ERR_CRIU for
 * what differs, ERR_SYS; all as "mount 3 (/data): …".
 */
int inside_attach(pid_t pid, const struct inside_addition *v, size_t n,
		  struct inside_attached *attached, struct err *err);

/*
 * End the helper. With `undo`, also after the container was killed, the mounts go and so do the
 * mountpoints that were made. It is empty afterwards.
 */
void inside_attached_done(struct inside_attached *attached, bool undo);

#endif
