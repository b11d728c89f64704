/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "shim/task/cr_words.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz-"

void cr_words_for_clients(enum cr_way way, struct err *err)
{
	AUTO(buf_done) struct buf out = { 0 };
	const char *at = err->hint;

	for (const char *next; (next = strstr(at, "--")); at = next) {
		size_t n = strspn(next + 2, LOWER);
		auto_free char *name = cr_settings_annotation(way, next + 2, n);

		buf_addf(&out, "%.*s", (int)(next - at), at);
		if (name)
			buf_addf(&out, "annotation %s", name);
		else
			buf_addf(&out, "%.*s", (int)n + 2, next);
		next += n + 2;
	}
	buf_addf(&out, "%s", at);
	err_hint(err, "%s", out.p);
}
