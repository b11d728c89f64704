/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/cr/sidecar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken can be written, and reads as the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(checkpoint_info_done) struct checkpoint_info info = { 0 };
	AUTO(checkpoint_info_done) struct checkpoint_info again = { 0 };
	AUTO(buf_done) struct buf one = { 0 };
	AUTO(buf_done) struct buf two = { 0 };
	struct err err = { 0 };

	if (sidecar_parse_info((const char *)data, size, &info, &err))
		return 0;
	sidecar_format_info(&info, &one);
	if (sidecar_parse_info(one.p, one.n, &again, &err))
		__builtin_trap();
	sidecar_format_info(&again, &two);
	if (strcmp(one.p, two.p) != 0)
		__builtin_trap();
	return 0;
}
