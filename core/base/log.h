/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - the log: one line per event, in runc's two shapes
 *
 * Out      text: time="2026-11-23T23:05:37Z" level=error msg="…"
 *          json: {"level":"error","msg":"…","time":"2026-11-23T23:05:37Z"} (go-runc reads this)
 *
 * core/ logs at debug, and warns where it goes on although something could not be done (an rlimit
 * without CAP_SYS_RESOURCE). Errors travel up as struct err and are logged once, in shim/.
 */
#ifndef KEDGE_CORE_BASE_LOG_H
#define KEDGE_CORE_BASE_LOG_H

#include <stdbool.h>

#include "core/base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/*
 * Send the log to `fd` (borrowed; -1 is stderr) in `format`, with debug lines if `debug`.
 * Before the first call: text on stderr, without debug.
 */
void log_setup(int fd, enum log_format format, bool debug);

/* The fd of the log, for a child that must keep it; STDERR_FILENO by default. */
int log_fd(void);

/* Whether debug lines are wanted. */
bool log_is_debug(void);

/* Write one line. The text needs no newline. errno stays. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                    \
	do {                                              \
		if (log_is_debug())                       \
			log_line(LOG_DEBUG, __VA_ARGS__); \
	} while (0)

#endif
