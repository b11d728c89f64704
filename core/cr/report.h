/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what a checkpoint or a restore has done, in numbers
 *
 * Out      struct cr_report, filled by checkpoint.c and restore.c; the command line prints it
 * Effects  cr_report_measure() reads the image directory
 */
#ifndef KEDGE_CORE_CR_REPORT_H
#define KEDGE_CORE_CR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times in microseconds; 0 where it isn't known. */
struct cr_report {
	uint64_t total_us;  /* from the first look to the end */
	uint64_t frozen_us; /* checkpoint: how long CRIU held the tasks (stats-dump) */
	uint64_t criu_us;   /* from CRIU's start to its answer */
	uint64_t bytes;	    /* of the images */
	size_t n_mounts;    /* of the root task's mount namespace */
	size_t n_external;  /* of those, the external ones */
	size_t n_repairs;   /* restore: what was put right from inside */
	bool skipped_lock;  /* the network lock was left out: nothing could have come through */
	bool skipped_netns; /* the network namespace had nothing that a new one hasn't */
};

/*
 * Fill frozen_us and bytes from what lies in the image directory and, for CRIU's stats-dump, in the
 * work directory. What isn't there stays 0.
 */
void cr_report_measure(int images_fd, int work_fd, struct cr_report *report);

#endif
