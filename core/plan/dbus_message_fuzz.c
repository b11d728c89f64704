/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "core/plan/dbus_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_message(const uint8_t *data, size_t size)
{
	struct dbus_header h;
	struct dbus_reader r;
	struct err err;
	const char *text;
	size_t bytes = 0;

	if (size < DBUS_START_BYTES || dbus_message_bytes(data, &bytes, &err) ||
	    dbus_message_parse(data, size, &h, &err))
		return;
	if (bytes != size)
		__builtin_trap();
	r = dbus_body(&h);
	dbus_skip(&r, h.signature);
	if (r.at > r.bytes)
		__builtin_trap();
	r.at = 0;
	while (!dbus_get_string(&r, &text))
		if (!str_is_utf8(text, strlen(text)))
			__builtin_trap();
}

/* A message; or a signature and values. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_reader r = { .p = data, .bytes = size };
	const char *signature;

	read_message(data, size);
	if (!dbus_get_signature(&r, &signature))
		dbus_skip(&r, signature);
	return 0;
}
