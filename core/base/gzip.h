/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip.h - gzip without compression: what any gzip reads, made and read without zlib
 *
 * Effects  none; safe on hostile input
 * Source   RFC 1952; RFC 1951, section 3.2.4 (stored blocks)
 */
#ifndef KEDGE_CORE_BASE_GZIP_H
#define KEDGE_CORE_BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/* Append `bytes` bytes as a gzip file. */
void gzip_store(const void *p, size_t bytes, struct buf *out);

/*
 * Append the content of a gzip file made by gzip_store(). false for any other, also if it is only
 * damaged: a real gzip may know more. `out` is untouched then.
 */
bool gzip_unstore(const void *p, size_t bytes, struct buf *out);

#endif
