/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary.h - what a checkpoint or a restore says when it is done
 *
 * Effects  one line on stderr, or in the log if that is a file; the file of --stats
 *
 * Who reads kedge's output with a program gives --log (containerd, conmon): the line goes there
 * then, and stderr, which may be the container's, stays empty.
 */
#ifndef KEDGE_SHIM_CLI_SUMMARY_H
#define KEDGE_SHIM_CLI_SUMMARY_H

#include "oci/cr_json.h"

/* The line, without its end: "checkpoint of web: 84 ms, frozen 41 ms, 1.2 MiB, 9 external mounts". */
void summary_line(const struct oci_cr *about, const struct cr_report *report, struct buf *out);

/*
 * Print the line, and write the report to `stats` ("-": stdout; NULL: nowhere). A regular file is
 * replaced in one step. What can't be written is a warning: the work itself is done.
 */
void summary_print(const struct oci_cr *about, const struct cr_report *report, const char *stats);

#endif
