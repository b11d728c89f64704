/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/console.h"
#include "core/linux/creds.h"
#include "core/linux/limits.h"
#include "core/linux/namespaces.h"
#include "core/run/create.h"
#include "core/run/exec.h"
#include "core/run/process.h"
#include "core/run/seccomp_notify.h"
#include "core/run/spawn.h"
#include "core/run/store.h"
#include "core/run/sync.h"

struct execution {
	const struct exec_request *req;
	struct spec_process process; /* the request's, completed */
	struct container *c;
	const struct seccomp_filter *filter;
	int socks[2]; /* [0] kedge's end, [1] the new process's */
	int pidfd;    /* of the container's first process */
	pid_t pid;
	int master;
	bool needs_attach; /* the kernel can't clone into a cgroup */
};

/* In the container's namespaces, as a child of kedge: become the program. */
static int run_inside(const struct execution *x, struct err *err)
{
	AUTO(process_setup_done)
	struct process_setup setup = {
		.spec = x->req->spec,
		.process = &x->process,
		.filter = x->filter,
		.sock = x->socks[1],
		.start_fd = -1,
		.keep_fds = x->req->preserve_fds,
	};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(err, "prctl");
	if (sync_expect(x->socks[1], SYNC_GO, "kedge", err))
		return -1;
	if (setsid() < 0)
		return err_sys(err, "make a session");
	if (process_reopen_null(err) ||
	    process_take_console(&x->process, x->socks[1], false, err) ||
	    process_confine(&setup, err))
		return -1;
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(err, "prctl");
	return process_execute(&setup, err);
}

static void inside(const struct execution *x)
{
	struct err err = { 0 };

	if (run_inside(x, &err))
		sync_send_error(x->socks[1], &err);
	_exit(255);
}

/*
 * The stage enters the namespaces and clones the program as kedge's own child. It is in the
 * container's cgroup already, so no process of the container ever runs outside it. It can be seen
 * from in there, and so can what it has open: nothing of the host's (CVE-2016-9962).
 */
static int stage(const struct execution *x, struct err *err)
{
	const int keep[] = { x->socks[1], x->pidfd, log_fd() };
	int flags = namespaces_all_flags(x->req->spec);
	pid_t pid;

	if (prctl(PR_SET_DUMPABLE, 0))
		return err_sys(err, "prctl");
	if (fd_close_others(x->req->preserve_fds, keep, ARRAY_LEN(keep), err))
		return -1;
	if (!x->needs_attach && cgroup_enter(&x->c->cgroup, x->req->cgroup, err))
		return -1;
	if (sync_expect(x->socks[1], SYNC_GO, "kedge", err))
		return -1;
	if (namespaces_join_pid(x->pidfd, flags, err))
		return -1;
	if (x->req->spec->ns[SPEC_NS_USER].present && creds_become_ns_root(err))
		return -1;
	proc_reset_signals();
	pid = spawn_clone(CLONE_PARENT, -1);
	if (pid < 0)
		return err_sys(err, "clone");
	if (pid == 0)
		inside(x);
	return sync_send_pid(x->socks[1], pid, err);
}

static int on_message(struct execution *x, int got, pid_t pid, struct err *err)
{
	auto_fd int fd = -1;

	if (got == SYNC_PID) {
		x->pid = pid;
		return sync_send(x->socks[0], SYNC_GO, err);
	}
	if (got != SYNC_CONSOLE && got != SYNC_SECCOMP)
		return err_set(err, ERR_INVALID, "unexpected message %d", got);
	fd = fd_recv(x->socks[0], err);
	if (fd < 0)
		return -1;
	if (got == SYNC_SECCOMP)
		return seccomp_notify_send(x->req->spec->seccomp, x->c, x->pid, fd, err) ||
				       sync_send(x->socks[0], SYNC_GO_ON, err)
			       ? -1
			       : 0;
	if (x->req->console_socket)
		return console_send(x->req->console_socket, fd, err);
	if (x->req->wants_master)
		x->master = take_fd(&fd);
	return 0;
}

/* Until the program has been executed, which closes the socket. */
static int serve(struct execution *x, struct err *err)
{
	for (;;) {
		pid_t pid = -1;
		int got = sync_recv(x->socks[0], &pid, err);

		if (got < 0)
			return -1;
		if (got == 0 && x->pid < 0)
			return err_set(err, ERR_SYS,
				       "the process that joins the container ended "
				       "unexpectedly");
		if (got == 0)
			return 0;
		if (on_message(x, got, pid, err))
			return -1;
	}
}

/* The CPUs as execCPUAffinity wants them: `initial` while it joins, then `final`. */
static int place_stage(const struct execution *x, pid_t pid, struct err *err)
{
	const struct spec_process *p = &x->process;

	if (limits_pin(pid, p->exec_cpus_initial, err))
		return -1;
	if (x->needs_attach &&
	    cgroup_attach_exec(&x->c->cgroup, x->req->cgroup, pid, x->c->pid, err))
		return -1;
	if (limits_pin(pid, p->exec_cpus_final, err))
		return -1;
	return limits_apply(pid, p, err);
}

/* Born in the container's v2 cgroup where the kernel can do that; see spawn_enter_cgroup(). */
static pid_t fork_stage(struct execution *x, struct err *err)
{
	auto_fd int fd = -1;
	pid_t pid;

	/* a v1 cpuset that is entered later would undo `final` */
	x->needs_attach = x->process.exec_cpus_initial || x->process.exec_cpus_final;
	if (x->needs_attach)
		return (pid = spawn_clone(0, -1)) < 0 ? err_sys(err, "fork") : pid;
	if (cgroup_exec_fd(&x->c->cgroup, x->req->cgroup, x->c->pid, &fd, err))
		return -1;
	pid = spawn_clone(0, fd);
	if (pid < 0 && fd >= 0) {
		x->needs_attach = true;
		pid = spawn_clone(0, -1);
	}
	return pid < 0 ? err_sys(err, "fork") : pid;
}

static int run_stage(struct execution *x, struct err *err)
{
	pid_t pid = fork_stage(x, err);
	int ret, status;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		struct err e = { 0 };

		if (stage(x, &e))
			sync_send_error(x->socks[1], &e);
		_exit(0);
	}
	fd_close(&x->socks[1]);
	ret = place_stage(x, pid, err) || sync_send(x->socks[0], SYNC_GO, err) || serve(x, err);
	if (ret)
		kill(pid, SIGKILL);
	proc_wait(pid, &status, NULL);
	return ret ? -1 : 0;
}

static int check_status(const struct container *c, bool ignore_paused, struct err *err)
{
	enum container_status status = container_status(c);

	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return err_set(err, ERR_STATE, "cannot exec in container %s: it is %s", c->id,
			       container_status_name(status));
	if (status == CONTAINER_PAUSED && !ignore_paused) {
		err_set(err, ERR_STATE, "cannot exec in paused container %s", c->id);
		return err_hint(err, "`kedge resume %s` first, or use --ignore-paused", c->id);
	}
	return 0;
}

static int compile_filter(struct execution *x, struct seccomp_filter *filter, struct err *err)
{
	auto_free char *cache = xasprintf("%s/" STORE_CACHE, x->c->store->root);

	if (!x->req->spec->seccomp)
		return 0;
	x->filter = filter;
	return seccomp_compile(x->req->spec->seccomp, cache, filter, err);
}

int exec_process(struct container *c, const struct exec_request *req, pid_t *pid, int *master,
		 struct err *err)
{
	AUTO(seccomp_filter_done) struct seccomp_filter filter = { 0 };
	struct execution x = {
		.req = req,
		.process = *req->process,
		.c = c,
		.socks = { -1, -1 },
		.pidfd = -1,
		.pid = -1,
		.master = -1,
	};
	int ret;

	/* a process.json without capabilities gets the container's, as in runc */
	if (!x.process.has_capabilities)
		memcpy(x.process.capabilities, req->spec->process.capabilities,
		       sizeof(x.process.capabilities));
	if (check_status(c, req->ignore_paused, err) || compile_filter(&x, &filter, err))
		return -1;
	x.pidfd = proc_open(c->pid, c->start_time, err);
	if (x.pidfd < 0)
		return err_wrap(err, "container %s", c->id);
	ret = sync_pair(x.socks, err) || run_stage(&x, err) ||
	      create_write_pid_file(req->pid_file, x.pid, err);
	fd_close(&x.pidfd);
	fd_close(&x.socks[0]);
	fd_close(&x.socks[1]);
	if (ret) {
		proc_reap(&x.pid); /* a program that nobody was told of must not run on */
		fd_close(&x.master);
		return err_wrap(err, "exec in container %s", c->id);
	}
	*pid = x.pid;
	*master = x.master;
	return 0;
}
