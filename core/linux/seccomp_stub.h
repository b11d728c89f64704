/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_stub.h - ENOSYS for the system calls that are newer than the profile
 *
 * In       per architecture, the highest system call number that the profile names
 * Out      classic BPF to put in front of the profile's own filter
 * Effects  none
 * Source   seccomp(2); linux/seccomp.h, struct seccomp_data; linux/audit.h
 *
 * A profile can't name calls that came after it. If they fail with EPERM, as the default action has
 * it, programs take that for an answer; with ENOSYS they fall back to the older call (glibc's
 * clone3 and faccessat2 broke containers that way). So a number above all that the profile names
 * returns ENOSYS, and everything else goes on to the filter. runc does the same since 1.0.0-rc93.
 */
#ifndef KEDGE_CORE_LINUX_SECCOMP_STUB_H
#define KEDGE_CORE_LINUX_SECCOMP_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bit that marks x32 calls on x86_64. */
#define SECCOMP_STUB_X32_BIT 0x40000000U

/* No limit: all numbers go on to the filter. */
#define SECCOMP_STUB_NO_LIMIT UINT32_MAX

/* The most instructions that seccomp_stub_build() makes for `n` architectures. */
#define SECCOMP_STUB_MAX(n) (1 + 7 * (n))

struct sock_filter;

struct seccomp_stub_arch {
	uint32_t audit_arch;  /* AUDIT_ARCH_… as in seccomp_data.arch */
	uint32_t last;	      /* the highest number that the profile names, or NO_LIMIT */
	bool has_x32;	      /* x86_64: numbers with the x32 bit have a limit of their own */
	uint32_t last_x32;    /* with the bit, or NO_LIMIT; only if has_x32 */
	bool zero_is_unknown; /* s390: calls that the kernel doesn't know arrive as number 0 */
};

/*
 * Write the program for `n` different architectures to `out`, which has room for
 * SECCOMP_STUB_MAX(n). Gives the number of instructions; the last of them falls through to what
 * follows. An architecture that isn't listed goes on to the filter.
 */
size_t seccomp_stub_build(const struct seccomp_stub_arch *archs, size_t n, struct sock_filter *out);

#endif
