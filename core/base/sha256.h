/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.h - SHA-256, for names made from content
 *
 * In       bytes, in as many pieces as the caller likes
 * Out      32 bytes
 * Effects  none
 * Source   FIPS 180-4, sections 4.1.2, 5.1.1 and 6.2
 */
#ifndef KEDGE_CORE_BASE_SHA256_H
#define KEDGE_CORE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
	uint32_t state[8];
	uint64_t total_bytes;
	uint8_t block[64]; /* the last total_bytes % 64 bytes, not yet hashed */
};

/* Begin a new hash. */
void sha256_init(struct sha256 *h);

/* Take `bytes` bytes more. */
void sha256_add(struct sha256 *h, const void *p, size_t bytes);

/* End the hash and give the digest; `h` needs sha256_init() before it can be used again. */
void sha256_end(struct sha256 *h, uint8_t digest[SHA256_BYTES]);

/* Write a digest as 64 lower-case hex digits and a NUL. */
void sha256_hex(const uint8_t digest[SHA256_BYTES], char out[2 * SHA256_BYTES + 1]);

#endif
