/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/wait.h>

#include "core/base/str.h"
#include "shim/task/children.h"

static void remember(struct children *children, pid_t pid, int wstatus)
{
	if (!children->holds)
		return;
	children->unowned =
		xrealloc(children->unowned, children->n_unowned + 1, sizeof(*children->unowned));
	children->unowned[children->n_unowned++] =
		(struct child_exit){ .pid = pid, .wstatus = wstatus };
}

/* Whether it is there, alive or not yet reaped. */
static bool is_child(pid_t pid)
{
	siginfo_t info;

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
}

/*
 * A pid may be used again while a worker runs: of two exits the later one is meant, and none if there
 * is a process of that number now.
 */
void children_watch(struct children *children, struct child *child)
{
	for (size_t i = children->n_unowned; i-- > 0;) {
		if (children->unowned[i].pid != child->pid)
			continue;
		if (is_child(child->pid))
			break;
		children->unowned[i].pid = 0;
		child->ended(child, children->unowned[i].wstatus);
		return;
	}
	child->next = children->list;
	child->is_watched = true;
	children->list = child;
}

void children_unwatch(struct children *children, struct child *child)
{
	if (!child->is_watched)
		return;
	for (struct child **p = &children->list; *p; p = &(*p)->next) {
		if (*p != child)
			continue;
		*p = child->next;
		break;
	}
	child->is_watched = false;
}

void children_ended(struct children *children, pid_t pid, int wstatus)
{
	for (struct child *child = children->list; child; child = child->next) {
		if (child->pid != pid)
			continue;
		children_unwatch(children, child);
		child->ended(child, wstatus);
		return;
	}
	remember(children, pid, wstatus);
}

void children_reap(struct children *children)
{
	for (;;) {
		int wstatus;
		pid_t pid = waitpid(-1, &wstatus, WNOHANG);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return;
		children_ended(children, pid, wstatus);
	}
}

void children_hold(struct children *children)
{
	children->holds++;
}

void children_release(struct children *children)
{
	if (--children->holds)
		return;
	free(take_ptr(&children->unowned));
	children->n_unowned = 0;
}
