/* SPDX-License-Identifier: Apache-2.0 */
/* The freezer: a v1 controller, a part of every v2 cgroup since Linux 5.2. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/linux/cgroup_internal.h"

#define TIMEOUT_US	 10000000ULL
#define FIRST_SLEEP_US	 20
#define LONGEST_SLEEP_US 2000
#define TRIES_PER_THAW	 50
#define UNSTABLE_TRIES	 100 /* of 1 ms, until a v1 cgroup that is FREEZING counts as frozen */

static const struct cgroup_dir *freezer(const struct cgroup *cg)
{
	const struct cgroup_dir *d = cgroup_v1(cg, "freezer");

	return d ? d : cgroup_v2(cg);
}

int cgroup_freezer_path(const struct cgroup *cg, char **path)
{
	const struct cgroup_dir *d = freezer(cg);

	*path = d ? xstrdup(d->dir) : NULL;
	return 0;
}

static int open_control(const char *dir, const char *file, int flags, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_UNSUPPORTED, "there is no %s to freeze with", path);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	return fd;
}

static int too_slow(const char *dir, const char *file, const char *thaw, struct err *err)
{
	cgroup_try(dir, file, thaw);
	err_set(err, ERR_TIMEOUT, "cgroup %s did not freeze within %llu s", dir,
		TIMEOUT_US / 1000000);
	return err_hint(err, "a process in uninterruptible sleep (state D) can't be frozen");
}

static unsigned long next_sleep(unsigned long us)
{
	return us * 2 < LONGEST_SLEEP_US ? us * 2 : LONGEST_SLEEP_US;
}

/*
 * Processes that appear meanwhile can leave a v1 cgroup FREEZING for good; writing again catches
 * them, and a thaw in between lets it settle.
 */
static int freeze_v1(const char *dir, struct err *err)
{
	static const char file[] = "freezer.state";
	unsigned long long end = proc_now_us() + TIMEOUT_US;
	auto_fd int fd = open_control(dir, file, O_RDWR, err);
	unsigned long sleep_us = FIRST_SLEEP_US;
	char state[16];

	if (fd < 0)
		return -1;
	for (unsigned int i = 1;; i++) {
		ssize_t n;

		if (pwrite(fd, "FROZEN", strlen("FROZEN"), 0) < 0)
			return err_sys(err, "write FROZEN to %s/%s", dir, file);
		n = pread(fd, state, sizeof(state) - 1, 0);
		if (n < 0)
			return err_sys(err, "read %s/%s", dir, file);
		state[n] = '\0';
		if (str_starts(state, "FROZEN"))
			return 0;
		if (proc_now_us() > end)
			return too_slow(dir, file, "THAWED", err);
		if (i % TRIES_PER_THAW == 0)
			cgroup_try(dir, file, "THAWED");
		cgroup_sleep_us(sleep_us);
		sleep_us = next_sleep(sleep_us);
	}
}

/* cgroup.events would wake poll(), but at most every 10 ms: too slow for a thaw and a freeze. */
static int freeze_v2(const char *dir, struct err *err)
{
	unsigned long long end = proc_now_us() + TIMEOUT_US;
	auto_fd int fd = open_control(dir, "cgroup.events", O_RDONLY, err);
	unsigned long sleep_us = FIRST_SLEEP_US;
	char events[256];

	if (fd < 0 || cgroup_put(dir, "cgroup.freeze", "1", err))
		return -1;
	for (;;) {
		ssize_t n = pread(fd, events, sizeof(events) - 1, 0);

		if (n < 0)
			return err_sys(err, "read %s/cgroup.events", dir);
		events[n] = '\0';
		if (strstr(events, "frozen 1"))
			return 0;
		if (proc_now_us() > end)
			return too_slow(dir, "cgroup.freeze", "0", err);
		cgroup_sleep_us(sleep_us);
		sleep_us = next_sleep(sleep_us);
	}
}

/* What is gone or never could be frozen needs no thawing. */
static int thaw(const char *dir, const char *file, const char *text, struct err *err)
{
	int errnum = cgroup_try(dir, file, text);

	if (!errnum || errnum == ENOENT || errnum == ENODEV)
		return 0;
	return cgroup_failed(errnum, dir, file, text, err);
}

int cgroup_set_frozen(const struct cgroup *cg, bool frozen, struct err *err)
{
	const struct cgroup_dir *d = freezer(cg);
	bool is_v1 = d && d->controllers[0];

	if (!d && !frozen)
		return 0;
	if (!d)
		return err_set(err, ERR_UNSUPPORTED,
			       "no freezer: neither the v1 controller nor cgroup v2 is mounted");
	if (!frozen)
		return is_v1 ? thaw(d->dir, "freezer.state", "THAWED", err)
			     : thaw(d->dir, "cgroup.freeze", "0", err);
	return is_v1 ? freeze_v1(d->dir, err) : freeze_v2(d->dir, err);
}

/* freezer.self_freezing tells our own state from an ancestor's (Linux 3.7). */
static int is_frozen_v1(const char *dir, bool *frozen, struct err *err)
{
	char state[16] = "", self[16] = "1";
	int errnum = cgroup_get(dir, "freezer.state", state, sizeof(state));

	for (int i = 0; !errnum && !strcmp(state, "FREEZING") && i < UNSTABLE_TRIES; i++) {
		cgroup_sleep_us(1000);
		errnum = cgroup_get(dir, "freezer.state", state, sizeof(state));
	}
	if (errnum && errnum != ENOENT && errnum != ENODEV) {
		errno = errnum;
		return err_sys(err, "read %s/freezer.state", dir);
	}
	*frozen = false;
	if (!errnum && strcmp(state, "THAWED")) {
		cgroup_get(dir, "freezer.self_freezing", self, sizeof(self));
		*frozen = !strcmp(self, "1");
	}
	return 0;
}

static int is_frozen_v2(const char *dir, bool *frozen, struct err *err)
{
	char state[16] = "";
	int errnum = cgroup_get(dir, "cgroup.freeze", state, sizeof(state));

	if (errnum && errnum != ENOENT && errnum != ENODEV) {
		errno = errnum;
		return err_sys(err, "read %s/cgroup.freeze", dir);
	}
	*frozen = !strcmp(state, "1");
	return 0;
}

int cgroup_is_frozen(const struct cgroup *cg, bool *frozen, struct err *err)
{
	const struct cgroup_dir *d = freezer(cg);

	if (d)
		return d->controllers[0] ? is_frozen_v1(d->dir, frozen, err)
					 : is_frozen_v2(d->dir, frozen, err);
	*frozen = false;
	return 0;
}
