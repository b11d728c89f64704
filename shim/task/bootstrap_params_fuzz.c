/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "shim/task/bootstrap_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };
	struct err err = { 0 };

	bootstrap_params_parse(data, size, "c1", &params, &err);
	return 0;
}
