/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/run/hooks.h"

#define OUTPUT_MAX  1024
#define DRAIN_READS 128 /* times a chunk: what a pipe holds */

struct hook_run {
	const struct spec_hook *hook;
	const char *state;
	const char *cwd;
	int in[2];  /* state to the hook */
	int out[2]; /* its stdout and stderr to us */
	pid_t parent;
};

static void hook_child(const struct hook_run *run)
{
	char *const self[] = { run->hook->path, NULL };
	char *const none[] = { NULL };
	int why;

	/* what it is to prepare or take down for us is not wanted any more when we have been killed */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != run->parent)
		_exit(125);
	proc_reset_signals();
	if (dup2(run->in[0], 0) < 0 || dup2(run->out[1], 1) < 0 || dup2(run->out[1], 2) < 0)
		_exit(125);
	if (fd_cloexec_from(3, NULL) || (run->cwd && chdir(run->cwd)))
		_exit(125);
	execve(run->hook->path, run->hook->args.n ? run->hook->args.v : self,
	       run->hook->env.v ? run->hook->env.v : none);
	why = errno;
	dprintf(2, "%s", strerror(why));
	_exit(why == ENOENT ? 127 : 126);
}

/* Keep the last OUTPUT_MAX bytes of what the hook says. Gives false at the end of its output. */
static bool take_output(int fd, struct buf *output)
{
	char chunk[512];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	buf_add(output, chunk, (size_t)n);
	if (output->n > OUTPUT_MAX) {
		memmove(output->p, output->p + output->n - OUTPUT_MAX, OUTPUT_MAX);
		output->n = OUTPUT_MAX;
		output->p[OUTPUT_MAX] = '\0';
	}
	return true;
}

/* Give the hook its state, as much as the pipe takes at a time. */
static void give_state(int *fd, const char **state)
{
	ssize_t n = write(*fd, *state, strlen(*state));

	if (n > 0)
		*state += n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || !**state)
		fd_close(fd);
}

static int ms_left(const struct spec_hook *hook, unsigned long long began_us)
{
	long long left;

	if (!hook->timeout_s)
		return -1;
	left = (long long)hook->timeout_s * 1000 - (long long)((proc_now_us() - began_us) / 1000);
	return left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

/*
 * Read what is left when the hook has ended; what it left behind in the background may go on
 * writing, so there is an end to that.
 */
static void drain(int fd, struct buf *output)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int i = 0; fd >= 0 && i < DRAIN_READS; i++)
		if (poll(&p, 1, 0) <= 0 || !take_output(fd, output))
			return;
}

/* Talk to the hook until it has ended. 1: ended, 0: timed out, -1. */
static int talk(struct hook_run *run, int pidfd, struct buf *output, struct err *err)
{
	unsigned long long began_us = proc_now_us();
	const char *state = run->state;

	for (;;) {
		struct pollfd p[3] = { { .fd = pidfd, .events = POLLIN },
				       { .fd = run->out[0], .events = POLLIN },
				       { .fd = run->in[1], .events = POLLOUT } };
		int n = poll(p, 3, ms_left(run->hook, began_us));

		if (n < 0 && errno != EINTR)
			return err_sys(err, "poll");
		/* a hook that never stops talking gives poll() no reason to time out */
		if (!p[0].revents && !ms_left(run->hook, began_us))
			return 0;
		if (p[2].revents)
			give_state(&run->in[1], &state);
		if (p[1].revents && !take_output(run->out[0], output))
			fd_close(&run->out[0]);
		if (p[0].revents) {
			drain(run->out[0], output);
			return 1;
		}
	}
}

static int finish(const struct hook_run *run, const char *kind, pid_t pid, const char *output,
		  struct err *err)
{
	int status = 0;

	if (proc_wait(pid, &status, err))
		return -1;
	if (!status)
		return 0;
	return err_set(err, ERR_SYS, "%s hook %s ended with status %d%s%s", kind, run->hook->path,
		       status, *output ? ": " : "", output);
}

static int run_child(struct hook_run *run, const char *kind, struct err *err)
{
	AUTO(buf_done) struct buf output = { 0 };
	auto_fd int pidfd = -1;
	auto_pid pid_t pid = fork();
	pid_t ended;
	int talked;

	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0)
		hook_child(run);
	fd_close(&run->in[0]);
	fd_close(&run->out[1]);
	pidfd = proc_open(pid, 0, err);
	if (pidfd < 0)
		return -1;
	talked = talk(run, pidfd, &output, err);
	if (talked < 0)
		return -1;
	if (talked == 0)
		return err_set(err, ERR_TIMEOUT, "%s hook %s did not end within %d s", kind,
			       run->hook->path, run->hook->timeout_s);
	while (output.n && output.p[output.n - 1] == '\n')
		output.p[--output.n] = '\0';
	ended = pid;
	pid = -1;
	return finish(run, kind, ended, output.p ? output.p : "", err);
}

static int run_one(struct hook_run *run, const char *kind, struct err *err)
{
	int ret = -1;

	if (pipe2(run->in, O_CLOEXEC) || pipe2(run->out, O_CLOEXEC) ||
	    fcntl(run->in[1], F_SETFL, O_NONBLOCK))
		err_sys(err, "%s hook %s: make pipes", kind, run->hook->path);
	else
		ret = run_child(run, kind, err);
	for (int i = 0; i < 2; i++) {
		fd_close(&run->in[i]);
		fd_close(&run->out[i]);
	}
	return ret;
}

int hooks_run(const struct spec_hooks *hooks, const char *kind, const char *state, const char *cwd,
	      struct err *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int ret = 0;

	if (!hooks->n)
		return 0;
	sigaction(SIGPIPE, &ignore, &old);
	for (size_t i = 0; !ret && i < hooks->n; i++) {
		struct hook_run run = { .hook = &hooks->v[i],
					.state = state,
					.cwd = cwd,
					.in = { -1, -1 },
					.out = { -1, -1 },
					.parent = getpid() };

		log_debug("%s hook %s", kind, run.hook->path);
		ret = run_one(&run, kind, err);
	}
	sigaction(SIGPIPE, &old, NULL);
	return ret;
}

void hooks_run_all(const struct spec_hooks *hooks, const char *kind, const char *state,
		   const char *cwd)
{
	for (size_t i = 0; i < hooks->n; i++) {
		struct spec_hooks one = { .v = &hooks->v[i], .n = 1 };
		struct err err = { 0 };

		if (hooks_run(&one, kind, state, cwd, &err))
			log_warn("%s", err.msg);
	}
}
