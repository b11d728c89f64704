/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.h - the straight path of a container's first process
 *
 * In       struct init_args, in the memory that the clone shares by copy with its parent
 * Effects  everything that makes the container, from inside: root file system, hostname, terminal,
 *          limits, ids, and in the end the user's program
 * Source   runtime-spec, runtime.md#lifecycle; the order of runc's linuxStandardInit
 */
#ifndef KEDGE_CORE_RUN_INIT_H
#define KEDGE_CORE_RUN_INIT_H

#include "core/linux/seccomp.h"
#include "core/plan/mount_plan.h"
#include "core/run/create.h"
#include "core/run/spawn.h"

struct init_args {
	const struct create_request *req;
	struct container *c;
	const struct spawn *spawn;
	const struct mount_plan *plan;
	const struct seccomp_filter *filter; /* NULL: none */
	int socks[2];			     /* [0] the parent's end, [1] ours */
	int start_fd;			     /* listening socket of start.sock */
	int *source_fds;		     /* from rootfs_open_sources(), or NULL */
};

/*
 * Whether the child must wait for its parent before its first step: to be attached to cgroups, or
 * for its id maps. Each such meeting costs two context switches.
 */
bool init_waits_for_go(const struct init_args *args);

/* Whether the parent has something to do once the mounts are made: hooks, or limits. */
bool init_waits_when_mounted(const struct init_args *args);

/*
 * Run the child's side; fits struct spawn. Talks with create.c by sync messages, waits on start_fd
 * and executes the program. Gives 1 after it has reported an error.
 */
int init_run(void *args);

#endif
