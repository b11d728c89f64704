/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay.h - an overlay with more layers than fit into the options of mount(2)
 *
 * In       the options of an overlay mount, as a snapshotter gives them
 * Out      the same with lower directories relative to the one that all of them are in
 * Effects  none
 * Source   containerd core/mount/mount_linux.go, compactLowerdirOption
 *
 * mount(2) takes a page, which the snapshotter's paths fill with some fifty layers. fsconfig(2) has
 * no such limit, but takes layers one by one only since Linux 6.8, and then shows them as another
 * option; a working directory does it everywhere, and shows what containerd's own mounts show.
 */
#ifndef KEDGE_SHIM_TASK_OVERLAY_H
#define KEDGE_SHIM_TASK_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

/* Options that are good for who has `dir` as working directory. A zeroed one is empty. */
struct overlay_short {
	char *dir;
	struct strv options;
};

/* Whether `options` take more than a page. */
bool overlay_is_long(char *const *options, size_t n);

/*
 * Shorten them into `out`, which is empty. False when there is nothing to gain: a single layer, none
 * but the root that holds them all, or a path with an escaped character in it.
 */
bool overlay_shorten(char *const *options, size_t n, struct overlay_short *out);

/* Free everything. */
void overlay_short_done(struct overlay_short *s);

#endif
