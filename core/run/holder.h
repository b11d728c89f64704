/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holder.h - a small process in place of a container that will be restored later
 *
 * In       what create.h takes
 * Out      a container with the status "creating": its id, its cgroups and its network namespace are
 *          there, its runtime hooks have run, and its pid is that of the holder
 * Effects  a process in the container's cgroups, ROOT/ID; all undone on failure
 * Source   Docker 28 wires a container's network between Create and Start, by /proc/PID/ns/net
 *
 * containerd restores in Start, and until then everybody needs a pid. The holder is in the host's
 * pid and mount namespaces, so nobody may enter it: that is why the status is not "created". It has
 * the caller's fds 0, 1, 2 open for whoever restores. With a user namespace the network namespace
 * that CRIU makes belongs to that, and one made before can't take its place.
 */
#ifndef KEDGE_CORE_RUN_HOLDER_H
#define KEDGE_CORE_RUN_HOLDER_H

#include "core/run/container.h"

/*
 * Make the holder. On success `c` (zeroed on entry) is loaded and still locked, and the holder is a
 * child of the caller. Errors: as create_container(); the id is free again and nothing is left.
 */
int holder_create(const struct container_seed *seed, struct container *c, struct err *err);

/* Whether its network namespace is for the container: then the hooks have run, too. */
bool holder_has_net(const struct spec *spec);

/*
 * Take the holder's fds 0, 1, 2 in the place of ours. Errors: ERR_NOT_FOUND when it has ended,
 * ERR_SYS.
 */
int holder_take_stdio(const struct container *c, struct err *err);

/*
 * End the holder `pid`, now that `c` has a process of its own, and take its mark away. Errors:
 * ERR_STATE when somebody has killed it before, and meant the container; ERR_TIMEOUT, ERR_SYS.
 */
int holder_end(const struct container *c, pid_t pid, unsigned long long start_time,
	       struct err *err);

#endif
