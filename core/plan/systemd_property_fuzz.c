/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "core/plan/systemd_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken can be sent. The first byte says of what. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(dbus_writer_done) struct dbus_writer w = { 0 };
	AUTO(buf_done) struct buf text = { 0 };
	struct dbus_reader r;
	struct err err;

	if (!size)
		return 0;
	buf_add(&text, data + 1, size - 1);
	if (dbus_property_of_text(&w, data[0] & 1 ? "FooSec" : "Foo", text.p, &err)) {
		if (w.bytes.n)
			__builtin_trap();
		return 0;
	}
	r = (struct dbus_reader){ .p = (const uint8_t *)w.bytes.p, .bytes = w.bytes.n };
	if (w.bad || dbus_skip(&r, "(sv)") || r.at != r.bytes)
		__builtin_trap();
	return 0;
}
