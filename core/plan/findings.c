/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/plan/findings.h"

/* Kept free for what is said around the list. */
#define SPARE_BYTES 256

void findings_add(struct findings *f, enum err_kind kind, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!f->n++ && f->err)
		err_clear(f->err);
	if (!f->err)
		return;
	if (strlen(f->err->msg) + strlen(text) + SPARE_BYTES > sizeof(f->err->msg))
		f->n_left_out++;
	else
		err_add(f->err, kind, "%s", text);
}

int findings_end(struct findings *f)
{
	if (f->n_left_out)
		err_add(f->err, f->err->kind, "and %zu more", f->n_left_out);
	return f->n ? -1 : 0;
}
