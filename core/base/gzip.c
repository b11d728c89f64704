/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "core/base/gzip.h"

#define BLOCK_BYTES   65535
#define LAST	      1
#define TRAILER_BYTES 8
#define POLYNOMIAL    0xedb88320U

/* Magic, deflate, no flags, no time, neither fast nor best, system unknown. */
static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };

/* A few kilobytes: no table. */
static uint32_t crc32_of(const uint8_t *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
	}
	return ~crc;
}

static void put_u32(struct buf *out, uint32_t v)
{
	uint32_t le = htole32(v);

	buf_add(out, &le, sizeof(le));
}

void gzip_store(const void *p, size_t bytes, struct buf *out)
{
	size_t at = 0;

	buf_add(out, head, sizeof(head));
	do {
		size_t n = bytes - at < BLOCK_BYTES ? bytes - at : BLOCK_BYTES;
		uint16_t length = htole16((uint16_t)n), inverse = htole16((uint16_t)~n);
		uint8_t kind = at + n == bytes ? LAST : 0;

		buf_add(out, &kind, sizeof(kind));
		buf_add(out, &length, sizeof(length));
		buf_add(out, &inverse, sizeof(inverse));
		buf_add(out, (const char *)p + at, n);
		at += n;
	} while (at < bytes);
	put_u32(out, crc32_of(p, bytes));
	put_u32(out, (uint32_t)bytes);
}

/* Append the blocks' content; gives how many bytes they took, or 0. */
static size_t read_blocks(const uint8_t *p, size_t bytes, struct buf *out)
{
	size_t at = 0;
	uint16_t length, inverse;
	bool is_last = false;

	while (!is_last) {
		if (bytes - at < 5 || p[at] > LAST)
			return 0;
		is_last = p[at];
		memcpy(&length, p + at + 1, sizeof(length));
		memcpy(&inverse, p + at + 3, sizeof(inverse));
		length = le16toh(length);
		at += 5;
		if ((length ^ le16toh(inverse)) != UINT16_MAX || bytes - at < length)
			return 0;
		buf_add(out, p + at, length);
		at += length;
	}
	return at;
}

bool gzip_unstore(const void *p, size_t bytes, struct buf *out)
{
	AUTO(buf_done) struct buf content = { 0 };
	const uint8_t *blocks = (const uint8_t *)p + sizeof(head);
	uint32_t trailer[2];
	size_t n;

	if (bytes < sizeof(head) + TRAILER_BYTES || memcmp(p, head, sizeof(head)) != 0)
		return false;
	n = read_blocks(blocks, bytes - sizeof(head) - TRAILER_BYTES, &content);
	if (!n || n + sizeof(head) + TRAILER_BYTES != bytes)
		return false;
	memcpy(trailer, blocks + n, sizeof(trailer));
	if (le32toh(trailer[0]) != crc32_of((const uint8_t *)content.p, content.n) ||
	    le32toh(trailer[1]) != (uint32_t)content.n)
		return false;
	buf_add(out, content.p, content.n);
	return true;
}
