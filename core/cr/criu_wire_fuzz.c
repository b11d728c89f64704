/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/cr/criu_log.h"
#include "core/cr/criu_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct criu_answer answer;
	struct err err = { 0 };

	if (!criu_wire_answer(data, size, &answer, &err))
		criu_log_cause(answer.text);
	return 0;
}
