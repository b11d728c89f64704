/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - a line on the terminal for what takes longer than a second
 *
 * Effects  a child process that writes to stderr, only if that is a terminal; the line is erased at
 *          the end
 */
#ifndef KEDGE_SHIM_CLI_PROGRESS_H
#define KEDGE_SHIM_CLI_PROGRESS_H

#include <sys/types.h>

/* A zeroed struct shows nothing. */
struct progress {
	pid_t child;
	unsigned long long began_us;
};

/*
 * Show "<what>: 3 s", and the size of the files in `images` as it grows unless that is NULL. The
 * child ends with us.
 */
void progress_begin(struct progress *p, const char *what, const char *images);

/* End it; it shows nothing then. A line that was shown is gone afterwards. */
void progress_end(struct progress *p);

#endif
