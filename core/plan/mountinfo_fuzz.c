/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/plan/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mount_table_done) struct mount_table t = { 0 };
	struct err err = { 0 };

	if (mount_table_parse((const char *)data, size, &t, &err))
		return 0;
	mount_table_root(&t);
	for (size_t i = 0; i < t.n; i++)
		mount_table_topmost(&t, t.v[i].mountpoint);
	return 0;
}
