/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "shim/task/frame.h"

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Move what hasn't been given out to the front; an idle connection keeps no buffer. */
static void compact(struct frame_reader *reader)
{
	if (reader->at == reader->in.n) {
		buf_done(&reader->in);
	} else if (reader->at) {
		reader->in.n -= reader->at;
		memmove(reader->in.p, reader->in.p + reader->at, reader->in.n);
	}
	reader->at = 0;
}

void frame_add(struct frame_reader *reader, const void *p, size_t bytes)
{
	size_t skipped = reader->to_skip < bytes ? (size_t)reader->to_skip : bytes;

	reader->to_skip -= skipped;
	compact(reader);
	if (bytes > skipped)
		buf_add(&reader->in, (const char *)p + skipped, bytes - skipped);
}

static void skip(struct frame_reader *reader, uint32_t bytes)
{
	size_t here = reader->in.n - reader->at;
	size_t skipped = bytes < here ? bytes : here;

	reader->at += skipped;
	reader->to_skip = bytes - skipped;
}

enum frame_found frame_next(struct frame_reader *reader, struct frame *frame)
{
	size_t left = reader->in.n - reader->at;
	const uint8_t *p;

	if (left < FRAME_HEADER_BYTES) {
		compact(reader);
		return FRAME_NONE;
	}
	p = (const uint8_t *)reader->in.p + reader->at;
	*frame = (struct frame){
		.bytes = get_u32(p),
		.stream = get_u32(p + 4),
		.type = p[8],
		.flags = p[9],
	};
	if (frame->bytes > FRAME_MAX_BYTES) {
		reader->at += FRAME_HEADER_BYTES;
		skip(reader, frame->bytes);
		return FRAME_TOO_LONG;
	}
	if (left - FRAME_HEADER_BYTES < frame->bytes)
		return FRAME_NONE;
	frame->data = p + FRAME_HEADER_BYTES;
	reader->at += FRAME_HEADER_BYTES + frame->bytes;
	return FRAME_WHOLE;
}

void frame_done(struct frame_reader *reader)
{
	buf_done(&reader->in);
	*reader = (struct frame_reader){ 0 };
}

void frame_write(const struct frame *frame, struct buf *out)
{
	uint8_t head[FRAME_HEADER_BYTES];

	put_u32(head, frame->bytes);
	put_u32(head + 4, frame->stream);
	head[8] = frame->type;
	head[9] = frame->flags;
	buf_add(out, head, sizeof(head));
	buf_add(out, frame->data, frame->bytes);
}
