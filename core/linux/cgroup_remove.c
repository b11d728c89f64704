/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a cgroup with all that the container made below it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/proc.h"
#include "core/linux/cgroup_internal.h"

#define TIMEOUT_US	 2000000ULL
#define FIRST_SLEEP_US	 100
#define LONGEST_SLEEP_US 50000

/* A recorded path must be a cgroup below its root; the root itself is the host's. */
static bool is_removable(const struct cgroup_dir *d)
{
	size_t root = strlen(d->root);

	return str_starts(d->dir, d->root) && d->dir[root] == '/' && d->dir[root + 1] &&
	       !strstr(d->dir, "/../");
}

/* Children first. Returns 0 or the errno of the first directory that stays. */
static int remove_subtree(const char *dir)
{
	AUTO(strv_done) struct strv dirs = { 0 };
	struct err e;

	if (cgroup_subtree(dir, &dirs, &e))
		return e.sys ? e.sys : ENAMETOOLONG;
	for (size_t i = dirs.n; i-- > 0;)
		if (rmdir(dirs.v[i]) && errno != ENOENT)
			return errno;
	return 0;
}

static int left_over(const char *dir, int errnum, struct err *err)
{
	size_t n = 0;

	if (errnum == EBUSY && !cgroup_count(dir, &n, NULL) && n) {
		err_set(err, ERR_STATE, "cgroup %s still has %zu process(es)", dir, n);
		return err_hint(err, "end them, then delete the container again");
	}
	errno = errnum;
	return err_sys(err, "remove cgroup %s", dir);
}

static int remove_dir(const struct cgroup *cg, const char *dir, unsigned long long end,
		      struct err *err)
{
	unsigned long sleep_us = FIRST_SLEEP_US;
	int errnum;

	if (!rmdir(dir) || errno == ENOENT)
		return 0;
	/* what was killed while it was frozen dies now */
	cgroup_set_frozen(cg, false, NULL);
	for (;;) {
		errnum = remove_subtree(dir);
		if (!errnum)
			return 0;
		if (errnum != EBUSY || proc_now_us() > end)
			return left_over(dir, errnum, err);
		cgroup_sleep_us(sleep_us);
		if (sleep_us < LONGEST_SLEEP_US)
			sleep_us *= 2;
	}
}

int cgroup_remove(const struct cgroup *cg, struct err *err)
{
	unsigned long long end = proc_now_us() + TIMEOUT_US;
	struct err e, *to = err;
	int ret = 0;

	if (cg->unit)
		cgroup_stop_unit(cg);
	for (size_t i = 0; i < cg->n; i++)
		if (is_removable(&cg->v[i]) && remove_dir(cg, cg->v[i].dir, end, to)) {
			ret = -1;
			to = &e; /* the first error is the one to tell */
		}
	return ret;
}
