/* SPDX-License-Identifier: Apache-2.0 */
/*
 * external_args.h - the words of --external and --ext-mount-map, with CRIU's meaning
 *
 * In       the words as the user gave them
 * Out      struct external_args
 * Effects  none; fuzzed by external_args_fuzz.c
 * Source   criu(8): --external mnt[KEY]:VAL, mnt[]:FLAGS, --ext-mount-map
 *
 * The grammar:
 *   checkpoint  mnt[MOUNTPOINT]:KEY   the mount at MOUNTPOINT inside the container gets KEY.
 *                                     MOUNTPOINT ends at the first "]:"; a mountpoint with "]:" in
 *                                     its name can't be written (it gets a key of its own by
 *                                     default). KEY is the rest; it has no "]:" and no control
 *                                     character, for the restore couldn't be written then.
 *   restore     mnt[KEY]:HOSTPATH     the mount with KEY comes from HOSTPATH, which is absolute.
 *                                     KEY ends at the first "]:/".
 *   both        mnt[]  mnt[]:s  mnt[]:m  mnt[]:sm  mnt[]:ms
 *                                     take what has no key from the same path of the host; "s"
 *                                     allows shared mounts, "m" slaves. CRIU reads the first letter
 *                                     only; here all of them count
 *               KIND[…]…              another kind of thing, handed to CRIU as it is
 *   old         --ext-mount-map A:B   = --external mnt[A]:B, A ending at the first ":" (checkpoint)
 *                                     or ":/" (restore); --ext-mount-map auto = --external mnt[]
 */
#ifndef KEDGE_CORE_PLAN_EXTERNAL_ARGS_H
#define KEDGE_CORE_PLAN_EXTERNAL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/str.h"

enum external_side { EXTERNAL_CHECKPOINT, EXTERNAL_RESTORE };

/* One mapping. On a checkpoint `from` is a mountpoint (normal form), on a restore a key. */
struct external_pair {
	const char *from;
	const char *to;
};

/* A zeroed struct says nothing. All memory belongs to `arena` and `passed_on`. */
struct external_args {
	struct arena arena;
	bool is_auto;	       /* mnt[] */
	bool allows_shared;    /* mnt[]:s */
	bool allows_slave;     /* mnt[]:m */
	bool has_old_spelling; /* --ext-mount-map was used: the caller tells the user the new one */
	struct external_pair *v;
	size_t n;
	struct strv passed_on; /* for criu_request.external */
};

/*
 * Parse the words of one command. `args` is empty on entry and stays empty on failure.
 * Errors: ERR_INVALID with every word that is wrong, as it was typed, and why.
 */
int external_args_parse(enum external_side side, const struct strv *external,
			const struct strv *ext_mount_map, struct external_args *args,
			struct err *err);

/* Give back the memory; the value is empty afterwards. */
void external_args_done(struct external_args *args);

/* The mapping of `from`, or NULL. */
const struct external_pair *external_args_find(const struct external_args *args, const char *from);

#endif
