/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/strays.h"

#define MAX_NAMED	  8
#define MAX_COMMAND	  60
#define CMDLINE_MAX_BYTES (4U << 20)

static int compare_pids(const void *a, const void *b)
{
	const struct stray_task *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

bool strays_descends(const struct stray_task *tasks, size_t n, pid_t pid, pid_t root)
{
	/* no more steps than processes, whatever changes while we read */
	for (size_t i = 0; i <= n; i++) {
		const struct stray_task wanted = { .pid = pid };
		const struct stray_task *found;

		if (pid == root)
			return true;
		found = bsearch(&wanted, tasks, n, sizeof(*tasks), compare_pids);
		if (!found)
			return false;
		pid = found->parent;
	}
	return false;
}

/* "sleep 1234"; what isn't printable is somebody's idea of a joke. */
static void add_command(struct buf *out, pid_t pid)
{
	AUTO(buf_done) struct buf cmdline = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (fd_read_file(AT_FDCWD, path, CMDLINE_MAX_BYTES, &cmdline, NULL) || cmdline.n < 2)
		return;
	cmdline.n--;
	for (size_t i = 0; i < cmdline.n; i++)
		if (!isprint((unsigned char)cmdline.p[i]))
			cmdline.p[i] = cmdline.p[i] ? '?' : ' ';
	buf_addf(out, " (%.*s)", cmdline.n < MAX_COMMAND ? (int)cmdline.n : MAX_COMMAND, cmdline.p);
}

static size_t read_tasks(const pid_t *pids, size_t n, struct stray_task *tasks)
{
	struct proc_stat st;
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (!proc_stat_read(pids[i], &st, NULL) && st.state != 'Z' && st.state != 'X')
			tasks[k++] = (struct stray_task){ .pid = pids[i], .parent = st.parent };
	return k;
}

int strays_list(const struct container *c, struct stray_task **tasks, size_t *n, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t n_pids = 0;

	if (cgroup_pids(&c->cgroup, &pids, &n_pids, err))
		return -1;
	*tasks = xcalloc(n_pids + 1, sizeof(**tasks));
	*n = read_tasks(pids, n_pids, *tasks);
	return 0;
}

bool strays_warn(const struct container *c)
{
	AUTO(buf_done) struct buf names = { 0 };
	auto_free struct stray_task *tasks = NULL;
	size_t n = 0, strays = 0;

	if (strays_list(c, &tasks, &n, NULL) || !n)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (strays_descends(tasks, n, tasks[i].pid, c->pid) || strays++ >= MAX_NAMED)
			continue;
		buf_addf(&names, "%s%d", strays > 1 ? ", " : "", (int)tasks[i].pid);
		add_command(&names, tasks[i].pid);
	}
	if (strays)
		log_warn("container %s: %zu processes that `exec` started are not in the images: "
			 "%s%s",
			 c->id, strays, names.p, strays > MAX_NAMED ? ", ..." : "");
	return strays > 0;
}
