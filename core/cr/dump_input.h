/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_input.h - look at a running container for the plan of its checkpoint
 *
 * In       the container, its spec, the user's options
 * Out      struct dump_input: all that external_dump.h wants, and the memory it lies in
 * Effects  reads /proc, the record of create, stats mounts and their sources; changes nothing
 * Source   statx(2): STATX_MNT_ID (Linux 5.8) tells whether a path leads to the mount that is meant
 */
#ifndef KEDGE_CORE_CR_DUMP_INPUT_H
#define KEDGE_CORE_CR_DUMP_INPUT_H

#include "core/cr/cr.h"
#include "core/plan/external_dump.h"
#include "core/run/container.h"

struct dump_input {
	struct arena arena;
	struct external_args args;
	struct mount_table container;
	struct mount_table host;
	struct mount_record record;
	struct buf mountinfo; /* the container's, as it was read */
	struct external_dump_input in;
};

/*
 * Fill `look`, which is zeroed on entry; dump_input_done() is due also after a failure. `c`, `spec`
 * and `opts` must outlive it. Errors: ERR_INVALID for --external, ERR_NOT_FOUND, ERR_SYS.
 */
int dump_input_read(const struct container *c, const struct spec *spec,
		    const struct cr_options *opts, struct dump_input *look, struct err *err);

/*
 * Whether the container's mounts still are those that were planned with. Errors: ERR_STATE when
 * they aren't.
 */
int dump_input_check(const struct container *c, const struct dump_input *look, struct err *err);

/* Give back the memory; the value is empty afterwards. */
void dump_input_done(struct dump_input *look);

#endif
