/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "shim/task/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how long the pieces are in which the rest arrives. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(frame_done) struct frame_reader reader = { 0 };
	struct frame frame;
	volatile uint8_t last;

	for (size_t at = 1; at < size; at += (size_t)data[0] + 1) {
		size_t left = size - at, piece = (size_t)data[0] + 1;

		frame_add(&reader, data + at, piece < left ? piece : left);
		for (;;) {
			enum frame_found found = frame_next(&reader, &frame);

			if (found == FRAME_NONE)
				break;
			if (found == FRAME_WHOLE && frame.bytes)
				last = frame.data[frame.bytes - 1];
		}
	}
	(void)last;
	return 0;
}
