/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_opts.h - the option words of a mount and what they mean
 *
 * In       struct spec_mount: its options, as words
 * Out      struct mount_opts: flags of mount(2), attributes of mount_setattr(2), propagation, and
 *          the words that only the file system understands
 * Effects  none
 * Source   runtime-spec config.md#linux-mount-options; the words of runc and crun;
 *          mount(2), mount_setattr(2)
 *
 * Of words that contradict each other the last one wins. A word that isn't in the table belongs to
 * the file system.
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_OPTS_H
#define KEDGE_CORE_PLAN_MOUNT_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/spec.h"

struct mount_opts {
	unsigned long flags;   /* MS_… asked for, without bind, remount, recursion, propagation */
	unsigned long cleared; /* MS_… asked off ("rw", "exec", …) */
	uint64_t attr_set;     /* the same as MOUNT_ATTR_…, fit for mount_setattr() */
	uint64_t attr_clr;
	uint64_t rec_set; /* for the mount and its submounts ("rro", …) */
	uint64_t rec_clr;
	const unsigned long *propagation; /* MS_SHARED … with MS_REC, in the order given */
	size_t n_propagation;
	bool is_bind;
	bool is_rec_bind;
	bool is_idmapped;
	bool is_rec_idmapped;
	bool is_copied_up; /* tmpcopyup: a tmpfs begins with the content it hides */
	bool is_remount;
	const char *data; /* the other words, joined with commas; "" when there are none */
};

/*
 * Read the options of one mount; lists and text are in `arena`. A mount of type "bind" is a bind,
 * also without the word. Errors: ERR_LIMIT when `data` doesn't fit into a page.
 */
int mount_opts_parse(const struct spec_mount *mount, struct arena *arena, struct mount_opts *opts,
		     struct err *err);

/*
 * The value of `key=…` among the words of the file system, up to a comma or the end; of several the
 * last. NULL if there is none.
 */
const char *mount_opts_value(const char *data, const char *key);

/* All words of the table in alphabetical order, NULL-terminated; static. */
const char *const *mount_opts_words(void);

#endif
