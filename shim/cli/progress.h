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

/*
 * Show "<what>: 3 s", and the size of the files in `images` as it grows unless that is NULL. Gives
 * the child for progress_end(), 0 if there is none. It ends with us.
 */
pid_t progress_begin(const char *what, const char *images);

/* End it. The line is gone afterwards. 0 is fine; it is 0 then. */
void progress_end(pid_t *child);

#endif
