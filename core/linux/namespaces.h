/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces.h - the namespaces of a container: which are new, which are joined, and their id maps
 *
 * In       spec.ns[], spec.uid_maps, spec.gid_maps, spec.monotonic and boottime
 * Out      flags for clone3(2); fds of namespaces; the caller inside them
 * Effects  setns(2); writes /proc/PID/uid_map, gid_map and timens_offsets of the host's /proc
 * Source   namespaces(7), user_namespaces(7), time_namespaces(7), setns(2), ioctl_ns(2); OCI
 *          runtime-spec config-linux.md#namespaces
 */
#ifndef KEDGE_CORE_LINUX_NAMESPACES_H
#define KEDGE_CORE_LINUX_NAMESPACES_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/spec.h"

/*
 * CLONE_NEW… of the namespaces that are to be made, but for the cgroup namespace: its root is the
 * cgroup of whoever makes it, so the child unshares it once it has been put into its own.
 */
uint64_t namespaces_clone_flags(const struct spec *spec);

/* CLONE_NEW… of all namespaces that the container has apart, made or joined. */
int namespaces_all_flags(const struct spec *spec);

/*
 * Open the namespaces that are given by path, the others are -1. The fds are the caller's, by
 * namespaces_close(); all are -1 on failure. Errors: ERR_INVALID (a path of another kind, or of no
 * namespace), ERR_NOT_FOUND, ERR_SYS; the path is named.
 */
int namespaces_open(const struct spec *spec, int fds[SPEC_NS_KINDS], struct err *err);

/* Close what is open, all are -1 afterwards. */
void namespaces_close(int fds[SPEC_NS_KINDS]);

/*
 * Enter the namespaces whose fd isn't -1. Those that belong to us are entered before the user
 * namespace, those that belong to it behind it. A pid or time namespace holds for children only.
 * The caller has one thread. Errors: ERR_DENIED, ERR_SYS, naming the kind.
 */
int namespaces_join(const int fds[SPEC_NS_KINDS], struct err *err);

/*
 * Enter the namespaces of the process behind `pidfd` that `flags` (CLONE_NEW…) name: all or none.
 * A user namespace that is ours already is left out, as nobody can enter that. Linux 5.8; before,
 * one by one through /proc/PID/ns. Errors: ERR_NOT_FOUND (it has ended), ERR_DENIED, ERR_SYS.
 */
int namespaces_join_pid(int pidfd, int flags, struct err *err);

/*
 * Write the id maps of `pid`, which is alone in a new user namespace. Needs CAP_SETUID and
 * CAP_SETGID, so setgroups(2) stays allowed. Errors: ERR_INVALID (the kernel doesn't take the map),
 * ERR_DENIED, ERR_SYS.
 */
int namespaces_write_id_maps(pid_t pid, const struct spec_id_maps *uid_maps,
			     const struct spec_id_maps *gid_maps, struct err *err);

/*
 * Set the clocks of the time namespace that the caller has unshared and nobody has entered yet.
 * Errors: ERR_INVALID (out of range), ERR_SYS.
 */
int namespaces_write_time_offsets(const struct spec *spec, struct err *err);

#endif
