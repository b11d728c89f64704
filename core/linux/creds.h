/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds.h - ids and capabilities of the container's process
 *
 * In       struct spec_process: user, additional gids, the five capability sets as masks
 * Out      the calling process' credentials
 * Effects  prctl(2), setgroups(2), setresgid(2), setresuid(2), capset(2)
 * Source   capabilities(7), credentials(7), user_namespaces(7); OCI runtime-spec config.md#user and
 *          #linux-process. The order is runc's (finalizeNamespace)
 *
 * Three steps, in this order: drop the bounding set (needs CAP_SETPCAP), become the user (the
 * permitted set stays), set the capabilities. What needs privilege, such as a seccomp filter
 * without no_new_privs, goes before the first.
 */
#ifndef KEDGE_CORE_LINUX_CREDS_H
#define KEDGE_CORE_LINUX_CREDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/spec.h"

/* The name of capability `cap`, "CAP_CHOWN" for 0, or NULL past the last that kedge knows. */
const char *creds_cap_name(size_t cap);

/* All names, "CAP_CHOWN" first, NULL at the end; static. */
const char *const *creds_cap_names(void);

/*
 * The number of the capability called `name`, in any case and with or without "CAP_" in front (as
 * exec --cap takes it), or -1.
 */
int creds_cap_from_name(const char *name);

/* The highest capability of the running kernel. */
int creds_last_cap(void);

/* Drop every capability that isn't in `keep` from the bounding set. Errors: ERR_DENIED, ERR_SYS. */
int creds_drop_bounding(uint64_t keep, struct err *err);

/*
 * Take the process' groups, gid and uid; the permitted capabilities stay for creds_set_caps().
 * Groups that a user namespace forbids to set are an error if the process asks for any, else those
 * that are there stay. Errors: ERR_DENIED, ERR_INVALID (an id that the user namespace doesn't map),
 * ERR_SYS.
 */
int creds_become(const struct spec_process *process, struct err *err);

/*
 * Set the effective, permitted, inheritable and ambient set; exec of a program without file
 * capabilities then gives what capabilities(7) derives of them. Capabilities that the kernel
 * doesn't know are warned of and left out, and so (as in runc) is an ambient one that isn't
 * permitted and inheritable. Errors: ERR_DENIED (the message names those that kedge itself lacks),
 * ERR_SYS.
 */
int creds_set_caps(const uint64_t caps[SPEC_CAP_SETS], struct err *err);

/*
 * Become user and group 0 of the user namespace that the caller has just been put into, without
 * additional groups where they can be dropped. Errors: ERR_INVALID (0 isn't mapped), ERR_SYS.
 */
int creds_become_ns_root(struct err *err);

#endif
