/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - a seccomp profile of config.json compiled to a filter
 *
 * In       struct spec_seccomp, names as they stand in config.json
 * Out      struct seccomp_filter for seccomp_filter_load()
 * Effects  reads and writes the cache of compiled filters, if there is one
 * Source   OCI runtime-spec config-linux.md#seccomp; seccomp_rule_add(3); where the two say
 *          nothing, runc's behaviour (unknown calls are skipped, ENOSYS for calls newer than the
 *          profile)
 *
 * The only file that knows libseccomp.
 */
#ifndef KEDGE_CORE_LINUX_SECCOMP_H
#define KEDGE_CORE_LINUX_SECCOMP_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/linux/seccomp_filter.h"
#include "core/spec.h"

/*
 * Compile `sec`. `cache_dir` holds compiled filters (made when missing; NULL: no cache); a cache
 * that doesn't work costs time and nothing else. `out` is empty before and owned by the caller
 * afterwards. Errors: ERR_INVALID (an unknown action, operator, architecture or flag, or a rule
 * that libseccomp can't express; the message has the rule's number), ERR_UNSUPPORTED (the library
 * or the kernel doesn't know the action), ERR_LIMIT (more instructions than the kernel takes),
 * ERR_SYS.
 */
int seccomp_compile(const struct spec_seccomp *sec, const char *cache_dir,
		    struct seccomp_filter *out, struct err *err);

/* The library's version, "2.5.4"; static. */
const char *seccomp_library_version(void);

/* For `features`: action `i` as config.json spells it, or NULL past the last. */
const char *seccomp_action_name(size_t i);
/* Operator `i`, or NULL past the last. */
const char *seccomp_operator_name(size_t i);
/* Architecture `i` of those that this libseccomp knows, or NULL past the last. */
const char *seccomp_arch_name(size_t i);

#endif
