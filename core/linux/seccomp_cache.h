/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_cache.h - compiled system call filters, kept by content
 *
 * In       struct spec_seccomp; the version of the library that compiles it
 * Out      DIR/<SHA-256 of all that the compiled filter depends on>: header and instructions
 * Effects  files in one private directory (0700, ours), at most SECCOMP_CACHE_FILES of them
 * Source   design.md §4.13: libseccomp takes 9 ms for Docker's profile
 *
 * Profiles come from whoever wrote the config.json, so the name is a hash that nobody can make
 * collide, and a file counts only if the directory and the file are ours alone and the file repeats
 * its key. Whatever is odd is a miss. Readers and writers may race: files appear by rename.
 */
#ifndef KEDGE_CORE_LINUX_SECCOMP_CACHE_H
#define KEDGE_CORE_LINUX_SECCOMP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/sha256.h"
#include "core/linux/seccomp_filter.h"
#include "core/spec.h"

/* Beyond this many files the oldest go. */
#define SECCOMP_CACHE_FILES 64

struct seccomp_cache_key {
	uint8_t v[SHA256_BYTES];
};

/*
 * The key of a profile: over every field that decides the filter, the library's version, the
 * kernel's release and machine, and the format of the file.
 */
struct seccomp_cache_key seccomp_cache_key(const struct spec_seccomp *sec, const char *library);

/*
 * Look a filter up in `dir`. True: `out` (empty before) is filled and owned by the caller. False:
 * it isn't there, or something about it is odd.
 */
bool seccomp_cache_get(const char *dir, const struct seccomp_cache_key *key,
		       struct seccomp_filter *out);

/*
 * Keep a filter in `dir`, which is made (0700, with its parents) if it isn't there, and drop the
 * oldest files beyond SECCOMP_CACHE_FILES. Errors: ERR_DENIED when the directory isn't private,
 * ERR_SYS; the caller can go on without.
 */
int seccomp_cache_put(const char *dir, const struct seccomp_cache_key *key,
		      const struct seccomp_filter *f, struct err *err);

#endif
