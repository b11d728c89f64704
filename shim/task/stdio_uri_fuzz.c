/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "shim/task/stdio_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(stdio_uri_done) struct stdio_uri uri = { 0 };
	auto_free char *text = xmalloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (!stdio_uri_parse(text, &uri, NULL) && uri.path[0] != '/')
		__builtin_trap();
	return 0;
}
