/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_filter.h - a compiled system call filter, and loading it into the kernel
 *
 * In       struct seccomp_filter: classic BPF over struct seccomp_data, made by seccomp_compile()
 * Out      the filter is active for the calling thread and what it starts
 * Effects  seccomp(2)
 * Source   seccomp(2), linux/seccomp.h; OCI runtime-spec config-linux.md#seccomp (the flag names)
 *
 * No libseccomp here: a filter from the cache is loaded without touching the library.
 */
#ifndef KEDGE_CORE_LINUX_SECCOMP_FILTER_H
#define KEDGE_CORE_LINUX_SECCOMP_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/* The most instructions the kernel takes in one filter (BPF_MAXINSNS). */
#define SECCOMP_FILTER_MAX 4096

struct sock_filter;

struct seccomp_filter {
	struct sock_filter *bpf; /* owned */
	size_t n;		 /* instructions */
	unsigned int flags;	 /* SECCOMP_FILTER_FLAG_… as in the profile */
	bool notify;		 /* some rule notifies: loading gives a listener */
};

/* Free the program; the filter is empty afterwards. */
void seccomp_filter_done(struct seccomp_filter *f);

/*
 * Load the filter for the calling thread. `*notify_fd` becomes the listener (CLOEXEC, owned by the
 * caller) when the filter notifies, else -1. Needs no_new_privs or CAP_SYS_ADMIN. Errors:
 * ERR_DENIED (neither of the two), ERR_SYS.
 */
int seccomp_filter_load(const struct seccomp_filter *f, int *notify_fd, struct err *err);

/* The name of flag `i` as config.json spells it, or NULL past the last. */
const char *seccomp_filter_flag_name(size_t i);

/*
 * The bit of the flag called `name` in `*bit` (0 for flags that ask for what kedge always does).
 * Returns 0, or -1 when there is no such flag.
 */
int seccomp_filter_flag_find(const char *name, unsigned int *bit);

/* Whether this kernel takes the flag called `name`. */
bool seccomp_filter_flag_is_supported(const char *name);

#endif
