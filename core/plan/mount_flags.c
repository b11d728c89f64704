/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mount.h>

#include "core/plan/mount_flags.h"

static const struct {
	unsigned long flag;
	const char *word;
} words[] = {
	{ MS_NOSUID, "nosuid" },	   { MS_NODEV, "nodev" },
	{ MS_NOEXEC, "noexec" },	   { MS_NOATIME, "noatime" },
	{ MS_NODIRATIME, "nodiratime" },   { MS_RELATIME, "relatime" },
	{ MS_NOSYMFOLLOW, "nosymfollow" },
};

void mount_flags_text(unsigned long flags, bool is_idmapped, struct buf *out)
{
	buf_str(out, flags & MS_RDONLY ? "ro" : "rw");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (flags & words[i].flag)
			buf_addf(out, ",%s", words[i].word);
	if (is_idmapped)
		buf_str(out, ",idmapped");
}
