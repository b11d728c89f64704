/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"

static struct {
	int fd;
	enum log_format format;
	bool debug;
} sink = { .fd = -1 };

void log_setup(int fd, enum log_format format, bool debug)
{
	sink.fd = fd;
	sink.format = format;
	sink.debug = debug;
}

int log_fd(void)
{
	return sink.fd < 0 ? STDERR_FILENO : sink.fd;
}

bool log_is_debug(void)
{
	return sink.debug;
}

static void format_line(struct buf *b, enum log_level level, const char *text)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	char when[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	if (sink.format == LOG_JSON)
		buf_addf(b, "{\"level\":\"%s\",\"msg\":\"", names[level]);
	else
		buf_addf(b, "time=\"%s\" level=%s msg=\"", when, names[level]);
	buf_json(b, text);
	if (sink.format == LOG_JSON)
		buf_addf(b, "\",\"time\":\"%s\"}\n", when);
	else
		buf_str(b, "\"\n");
}

void log_line(enum log_level level, const char *fmt, ...)
{
	AUTO(buf_done) struct buf b = { 0 };
	auto_free char *text = NULL;
	int saved = errno;
	va_list ap;

	if (level == LOG_DEBUG && !sink.debug)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	format_line(&b, level, text ? text : "(out of memory)");
	/* a pipe that is full loses a line, and stays the log */
	if (write(log_fd(), b.p, b.n) < 0 && errno != EAGAIN)
		sink.fd = -1;
	errno = saved;
}
