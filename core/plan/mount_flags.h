/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_flags.h - the flags of a mount as words
 *
 * Effects  none
 * Source   mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS"; the order is that of mountinfo
 */
#ifndef KEDGE_CORE_PLAN_MOUNT_FLAGS_H
#define KEDGE_CORE_PLAN_MOUNT_FLAGS_H

#include <stdbool.h>

#include "core/base/str.h"

/*
 * Append MS_… as mount options, "ro,nosuid,relatime"; what isn't set is not said, but for "rw". Bits
 * that are no flag of a mount are left out.
 */
void mount_flags_text(unsigned long flags, bool is_idmapped, struct buf *out);

#endif
