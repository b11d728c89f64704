/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/cr/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(images_mounts_done) struct image_mounts mounts = { 0 };
	struct err err = { 0 };

	images_parse_mounts("fuzz.img", data, size, &mounts, &err);
	return 0;
}
