/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/run/sync.h"
#include "shim/task/worker.h"

struct worker {
	struct children *children;
	struct worker_job job;
	struct child child;
	int sock;
};

/* --- in the child ------------------------------------------------------------------------------*/

/* The log is the server's fd 2; the child's is what the container writes its errors to. */
static int move_log(struct err *err)
{
	int fd = fcntl(log_fd(), F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_sys(err, "keep the log");
	log_setup(fd, LOG_TEXT, log_is_debug());
	return 0;
}

static int take_stdio(const int stdio[3], struct err *err)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return err_sys(err, "open /dev/null");
	for (int i = 0; i < 3; i++) {
		int from = stdio[i] < 0 ? null : stdio[i];

		/* the server fills 0 to 2, so what it hands over lies above */
		if (dup2(from, i) < 0)
			return err_sys(err, "take fd %d as fd %d", from, i);
	}
	return 0;
}

static int prepare(const struct worker *w, int sock, pid_t parent, struct err *err)
{
	int keep[2] = { sock };

	/* a shim that is killed takes along what it was at, so that `delete` needn't race with it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(err, "prctl");
	if (getppid() != parent)
		_exit(1);
	proc_reset_signals();
	if (move_log(err) || take_stdio(w->job.stdio, err))
		return -1;
	keep[1] = log_fd();
	return fd_close_others(0, keep, 2, err);
}

static void run_child(const struct worker *w, int sock, pid_t parent)
{
	struct worker_answer answer = { .fd = -1 };
	struct err *err = &answer.err;
	int ret = prepare(w, sock, parent, err) || w->job.run(w->job.arg, &answer, err);

	if (ret && !err->kind)
		err_set(err, ERR_SYS, "no reason given");
	if (!ret)
		err_clear(err);
	if (answer.fd >= 0)
		ret = fd_send_with(sock, answer.fd, &answer, sizeof(answer), NULL);
	else
		ret = send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) < 0;
	_exit(ret ? 1 : 0);
}

/* --- in the server -----------------------------------------------------------------------------*/

static void receive(int sock, struct worker_answer *answer, int wstatus)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = answer, .iov_len = sizeof(*answer) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	answer->fd = -1;
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&answer->fd, CMSG_DATA(c), sizeof(int));
	if (n == (ssize_t)sizeof(*answer))
		return;
	answer->is_lost = true;
	if (WIFSIGNALED(wstatus))
		err_set(&answer->err, ERR_SYS, "kedge's worker was killed by signal %d",
			WTERMSIG(wstatus));
	else
		err_set(&answer->err, ERR_SYS, "kedge's worker ended with status %d",
			WEXITSTATUS(wstatus));
}

/*
 * The answer has long been sent, but only when the child is gone are the processes that it made
 * ours, its locks free and its copies of the container's pipes closed.
 */
static void child_ended(struct child *child, int wstatus)
{
	struct worker *w = (void *)((char *)child - offsetof(struct worker, child));
	struct worker_answer answer = { .fd = -1 };

	receive(w->sock, &answer, wstatus);
	fd_close(&w->sock);
	w->job.done(w->job.arg, &answer);
	fd_close(&answer.fd);
	children_release(w->children);
	free(w);
}

pid_t worker_start(struct children *children, const struct worker_job *job, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	pid_t parent = getpid(), pid;
	int socks[2];

	w->children = children;
	w->job = *job;
	if (sync_pair(socks, err)) {
		free(w);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		run_child(w, socks[1], parent);
	fd_close(&socks[1]);
	if (pid < 0) {
		err_sys(err, "fork");
		fd_close(&socks[0]);
		free(w);
		return -1;
	}
	w->sock = socks[0];
	w->child = (struct child){ .pid = pid, .ended = child_ended };
	children_hold(children);
	children_watch(children, &w->child);
	return pid;
}
