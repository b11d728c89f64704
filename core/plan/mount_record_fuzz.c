/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/plan/mount_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(mount_record_done) struct mount_record record = { 0 };
	struct err err = { 0 };

	if (mount_record_parse((const char *)data, size, &record, &err))
		return 0;
	for (size_t i = 0; i < record.n; i++)
		if (record.v[i].id && !mount_table_find_id(&record.table, record.v[i].id))
			__builtin_trap();
	return 0;
}
