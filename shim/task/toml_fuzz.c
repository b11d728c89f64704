/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "shim/task/toml.h"

static int ignore(void *ctx, const struct toml_value *value, struct err *err)
{
	(void)ctx;
	(void)err;
	return value->table && value->key && value->text ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };

	toml_read((const char *)data, size, ignore, NULL, &err);
	return 0;
}
