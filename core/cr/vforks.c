/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cr/vforks.h"

#define WCHAN_MAX_BYTES 256
#define RUN_NS		1000000L
#define MAX_RUNS	100

/* The function of the kernel that waits; its name since 5.10, and before. */
static bool is_vfork(const char *wchan)
{
	static const char *const names[] = { "kernel_clone", "_do_fork", "do_fork",
					     "wait_for_vfork_done" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(wchan, names[i]))
			return true;
	return false;
}

static bool thread_waits(int task_fd, const char *tid)
{
	AUTO(buf_done) struct buf wchan = { 0 };
	char path[300];

	snprintf(path, sizeof(path), "%s/wchan", tid);
	return !fd_read_file(task_fd, path, WCHAN_MAX_BYTES, &wchan, NULL) && wchan.n &&
	       is_vfork(wchan.p);
}

bool vforks_has(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool has = false;

	if (!dir)
		return false;
	while (!has && (entry = readdir(dir)))
		has = *entry->d_name != '.' && thread_waits(dirfd(dir), entry->d_name);
	closedir(dir);
	return has;
}

static bool find(const struct container *c)
{
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	bool has = false;

	if (cgroup_pids(&c->cgroup, &pids, &n, NULL))
		return false;
	for (size_t i = 0; i < n && !has; i++)
		has = vforks_has(pids[i]);
	return has;
}

int vforks_settle(const struct container *c, struct err *err)
{
	static const struct timespec run = { .tv_nsec = RUN_NS };

	for (int i = 0; i < MAX_RUNS && find(c); i++) {
		log_debug("a process is in vfork(): thawed for a moment");
		if (cgroup_set_frozen(&c->cgroup, false, err))
			return -1;
		nanosleep(&run, NULL);
		if (cgroup_set_frozen(&c->cgroup, true, err))
			return -1;
	}
	return 0;
}
