/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_record.h - what each mount of a container was when the container was made
 *
 * In       the text of ROOT/ID/mounts, which core/run/record.c wrote at create; or the parts of it
 * Out      struct mount_record
 * Effects  none; fuzzed by mount_record_fuzz.c
 * Source   proc_pid_mountinfo(5); statmount(2) for ids that are never used again (Linux 6.8)
 *
 * The record is what makes a mount recognisable later, wherever it was moved and whatever was
 * mounted over it: by its id. It is text, a line each, so that writing it costs a start nothing:
 *
 *   kedge-mounts 1
 *   destination INDEX PATH              where entry INDEX of `mounts` lies, links resolved
 *   source INDEX MAJOR:MINOR INODE PATH what its source was: path as in config.json, made
 *                                       absolute; device and inode of what lies there
 *   id MOUNT-ID UNIQUE-ID               for each mount, where the kernel has them
 *   mount INDEX MOUNT-ID                after a restore: the entry's mount, wherever it lies; 0: it
 *                                       was unmounted before
 *   submount INDEX MOUNT-ID PATH        after a restore: it came along with the entry's mount, lay at
 *                                       PATH there ("/sub"), and was moved away
 *   mountinfo                           the rest is /proc/PID/mountinfo as it was
 *   …
 *
 * PATH has space, tab, newline, backslash and '#' as mountinfo has them: \040 and so on.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_RECORD_H
#define KEDGE_CORE_PLAN_MOUNT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/plan/mountinfo.h"

#define MOUNT_RECORD_HEADER "kedge-mounts 1"

/* What an entry of `mounts` was at create. NULL and 0 where it isn't known. */
struct mount_record_entry {
	const char *destination; /* in the container, without symlinks */
	const char *source;	 /* bind: absolute path on the host, links not resolved */
	unsigned int major, minor;
	uint64_t inode;
	unsigned int id;    /* of the mount that the entry made; 0: it isn't there */
	uint64_t unique_id; /* of that mount; 0: the kernel has none */
	bool is_given;	    /* a restore has said which mount it is, its place doesn't count */
	bool is_unmounted;
};

/* A mount that was moved out of the one that it came along with. */
struct mount_record_submount {
	unsigned int id;
	size_t entry;
	const char *below; /* "sub" */
};

/* A zeroed struct is an empty record: nothing is known. */
struct mount_record {
	struct arena arena;
	struct mount_record_entry *v; /* by index in the spec's mounts */
	size_t n;
	struct mount_table table; /* the container's mountinfo at create */
	uint64_t *unique_ids;	  /* one per row of `table`; 0: not known */
	struct mount_record_submount *submounts;
	size_t n_submounts;
};

/*
 * Parse `bytes` bytes of `text`. `record` is empty on entry and stays empty on failure.
 * Errors: ERR_INVALID naming the line.
 */
int mount_record_parse(const char *text, size_t bytes, struct mount_record *record,
		       struct err *err);

/* Give back the memory; the record is empty afterwards. */
void mount_record_done(struct mount_record *record);

#endif
