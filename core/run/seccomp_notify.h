/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_notify.h - hand a seccomp listener to the agent at listenerPath
 *
 * In       the profile, the container, the listener's fd
 * Effects  one connection to a unix socket of the host
 * Source   runtime-spec, config-linux.md#containerprocessstate
 */
#ifndef KEDGE_CORE_RUN_SECCOMP_NOTIFY_H
#define KEDGE_CORE_RUN_SECCOMP_NOTIFY_H

#include "core/run/container.h"

/*
 * Send the container process state with the listener to profile->listener_path. `listener` stays
 * the caller's. Errors: ERR_SYS and kin, the path named.
 */
int seccomp_notify_send(const struct spec_seccomp *profile, const struct container *c, pid_t pid,
			int listener, struct err *err);

#endif
