/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"

static enum err_kind kind_of_errno(int e)
{
	switch (e) {
	case ENOENT:
	case ESRCH: return ERR_NOT_FOUND;
	case EEXIST: return ERR_EXISTS;
	case EACCES:
	case EPERM: return ERR_DENIED;
	case ENOSYS: return ERR_UNSUPPORTED;
	case ETIMEDOUT: return ERR_TIMEOUT;
	default: return ERR_SYS;
	}
}

/* Append "<sep><text>" to a fixed buffer; what doesn't fit is cut. */
static void append(char *buf, size_t size, const char *sep, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", sep, text);
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (!err)
		return -1;
	err->kind = kind_of_errno(saved);
	err->sys = saved;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	append(err->msg, sizeof(err->msg), ": ", strerror(saved));
	errno = saved;
	return -1;
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->kind = kind;
	err->sys = 0;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	struct err inner;
	va_list ap;

	if (!err)
		return -1;
	inner = *err;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	append(err->msg, sizeof(err->msg), ": ", inner.msg);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int err_add(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (err->kind == ERR_NONE)
		return err_set(err, kind, "%s", text);
	append(err->msg, sizeof(err->msg), "; ", text);
	return -1;
}

void err_clear(struct err *err)
{
	err->kind = ERR_NONE;
	err->sys = 0;
	err->msg[0] = '\0';
	err->hint[0] = '\0';
}
