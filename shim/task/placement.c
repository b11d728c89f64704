/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/prctl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/linux/cgroup.h"
#include "shim/task/placement.h"

/* linux/prctl.h of Linux 5.14; the scope is an enum pid_type of the kernel. */
#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE	     62
#define PR_SCHED_CORE_CREATE 1
#endif
#define SCOPE_PROCESS_GROUP 2

int placement_join(const char *path, pid_t pid, struct err *err)
{
	AUTO(cgroup_done) struct cgroup all = { 0 };
	struct cgroup there = { 0 };
	int ret;

	if (*path != '/')
		return err_set(err, ERR_INVALID, "shim_cgroup \"%s\" doesn't begin with /", path);
	if (cgroup_locate(path, "", &all, err))
		return err_wrap(err, "shim_cgroup");
	there.v = xcalloc(all.n + 1, sizeof(*there.v));
	for (size_t i = 0; i < all.n; i++)
		if (!access(all.v[i].dir, F_OK))
			there.v[there.n++] = all.v[i];
	ret = there.n ? cgroup_attach(&there, pid, err)
		      : err_set(err, ERR_NOT_FOUND, "shim_cgroup %s: there is no such cgroup",
				path);
	free(there.v);
	return ret;
}

int placement_take_core(struct err *err)
{
	const char *asked = getenv("SCHED_CORE");

	if (!asked || !*asked ||
	    !prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, SCOPE_PROCESS_GROUP, 0))
		return 0;
	if (errno != ENODEV && errno != EINVAL)
		return err_sys(err, "SCHED_CORE: prctl PR_SCHED_CORE");
	err_set(err, ERR_UNSUPPORTED, "SCHED_CORE: this %s has no core scheduling",
		errno == ENODEV ? "machine's processor" : "kernel");
	return err_hint(err, "turn sched_core off in containerd's configuration");
}
