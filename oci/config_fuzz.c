/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "oci/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A config.json as it is; behind "p" a process.json and behind "r" resources. A finding must come
 * with a message.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(spec_done) struct spec spec = { 0 };
	const char *text = (const char *)data;
	struct err err = { 0 };
	int rc;

	if (size && *text == 'p')
		rc = oci_process_parse(text + 1, size - 1, &spec.arena, &spec.process, &err);
	else if (size && *text == 'r')
		rc = oci_resources_parse(text + 1, size - 1, &spec.arena, &spec.resources, &err);
	else
		rc = oci_config_parse(text, size, &spec, &err);
	if (rc && (!err.kind || !err.msg[0]))
		abort();
	return 0;
}
