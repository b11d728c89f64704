/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images_net.h - write the images of a network namespace that has nothing but lo
 *
 * In       a directory of images that CRIU made without the network namespace (empty_ns)
 * Out      netns-N.img and netdev-N.img: its settings and lo, as CRIU would have written them
 * Effects  two files
 * Source   criu's net.c (4.1.1): dump_netns_conf, dump_one_netdev; at the restore a missing image
 *          counts as an empty one, so any CRIU, runc or crun restores them without an option
 */
#ifndef KEDGE_CORE_CR_IMAGES_NET_H
#define KEDGE_CORE_CR_IMAGES_NET_H

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/linux/net_look.h"

/* Write both files for the root task's network namespace. Errors: ERR_INVALID when it has none, ERR_SYS. */
int images_net_write(int dirfd, const struct net_look *look, struct err *err);

/*
 * Whether the root task's network namespace was given from outside, so that the images have nothing of
 * it but a name. Errors: ERR_INVALID.
 */
int images_net_is_external(int dirfd, bool *is_external, struct err *err);

/* Append the bytes of netns-N.img. */
void images_net_settings(const struct net_sysctls *sysctls, struct buf *out);

/* Append the bytes of netdev-N.img. */
void images_net_lo(const struct net_look *look, struct buf *out);

#endif
