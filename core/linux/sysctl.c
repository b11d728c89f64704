/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/procfs.h"
#include "core/linux/sysctl.h"

int sysctl_apply(const struct spec_pairs *sysctl, struct err *err)
{
	auto_fd int procfd = -1;

	if (!sysctl->n)
		return 0;
	procfd = procfs_open(true, err);
	if (procfd < 0)
		return -1;
	for (size_t i = 0; i < sysctl->n; i++) {
		const struct spec_pair *pair = &sysctl->v[i];
		auto_free char *path = xasprintf("sys/%s", pair->key);

		if (procfs_write(procfd, path, pair->value, err))
			return err_wrap(err, "sysctl %s", pair->key);
	}
	return 0;
}
