/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - ttrpc's frames in a stream of bytes
 *
 * In       bytes from a peer, in pieces of any size
 * Out      frames: a header of 10 bytes (u32 length, u32 stream, u8 type, u8 flags; big-endian) and
 *          the data behind it
 * Effects  none; safe on hostile input; fuzzed by frame_fuzz.c
 * Source   containerd/ttrpc, PROTOCOL.md and channel.go: at most 4 MiB of data in a frame
 */
#ifndef KEDGE_SHIM_TASK_FRAME_H
#define KEDGE_SHIM_TASK_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

#define FRAME_HEADER_BYTES 10
#define FRAME_MAX_BYTES	   (4U << 20)

enum frame_type { FRAME_REQUEST = 1, FRAME_RESPONSE = 2, FRAME_DATA = 3 };

/* frame_next()'s answers */
enum frame_found { FRAME_NONE, FRAME_WHOLE, FRAME_TOO_LONG };

struct frame {
	uint32_t bytes; /* of data */
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
	const uint8_t *data; /* in the reader's buffer; NULL for one that is too long */
};

/* Where a stream of frames has been read to. A zeroed struct is the beginning of one. */
struct frame_reader {
	struct buf in;
	size_t at;	  /* what of it has been given out */
	uint64_t to_skip; /* the rest of a frame that is too long */
};

/* Take what the peer has sent. Frames given out before become invalid. */
void frame_add(struct frame_reader *reader, const void *p, size_t bytes);

/*
 * The next frame. FRAME_NONE: there is no whole one; FRAME_TOO_LONG: all but its data, which will
 * be skipped. The data stays valid until the next frame_add() or frame_next().
 */
enum frame_found frame_next(struct frame_reader *reader, struct frame *frame);

/* Free the memory; the reader is at the beginning of a stream afterwards. */
void frame_done(struct frame_reader *reader);

/* Append a frame to `out`: header and `frame->bytes` bytes of `frame->data`. */
void frame_write(const struct frame *frame, struct buf *out);

#endif
