/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/namespaces.h"
#include "core/run/spawn.h"
#include "core/run/sync.h"

/* clone3 without CLONE_VM is fork() with flags; clone(2) where the kernel (< 5.3) lacks it. */
pid_t spawn_clone(uint64_t flags, int cgroup_fd)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	long pid;

	if (flags & CLONE_PARENT)
		args.exit_signal = 0; /* the parent's signal is inherited */
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && errno == ENOSYS && cgroup_fd < 0)
		pid = syscall(SYS_clone, (unsigned long)flags | SIGCHLD, NULL, NULL, NULL, NULL);
	return (pid_t)pid;
}

/* Clone a child that is, or will put itself, in the cgroups; else say that it must be attached. */
static pid_t clone_placed(struct spawn *spawn, uint64_t flags)
{
	auto_fd int fd = cgroup_v2_fd(spawn->cgroup);
	pid_t pid = spawn_clone(flags, fd);

	if (pid >= 0 || fd < 0)
		return pid;
	log_debug("clone into the cgroup: %s", strerror(errno));
	spawn->needs_attach = true;
	return spawn_clone(flags, -1);
}

int spawn_enter_cgroup(const struct spawn *spawn, struct err *err)
{
	if (spawn->is_staged || spawn->needs_attach)
		return 0;
	return cgroup_enter(spawn->cgroup, NULL, err);
}

static void run_child(const struct spawn *spawn)
{
	proc_reset_signals();
	_exit(spawn->child(spawn->arg));
}

static bool needs_stage(const struct spec *spec)
{
	for (int i = 0; i < SPEC_NS_KINDS; i++)
		if (spec->ns[i].present && spec->ns[i].path)
			return true;
	return spec->monotonic.set || spec->boottime.set;
}

/* Enter what is given, then clone the real child into it and into what is new. */
static int stage_run(const struct spawn *spawn, int fds[SPEC_NS_KINDS], int sock, struct err *err)
{
	uint64_t flags = namespaces_clone_flags(spawn->spec);
	pid_t pid;

	if (!spawn->needs_attach && cgroup_enter(spawn->cgroup, NULL, err))
		return -1;
	if (namespaces_join(fds, err))
		return -1;
	if (spawn->spec->monotonic.set || spawn->spec->boottime.set) {
		if (unshare(CLONE_NEWTIME))
			return err_sys(err, "make a time namespace");
		if (namespaces_write_time_offsets(spawn->spec, err))
			return -1;
		flags &= ~(uint64_t)CLONE_NEWTIME;
	}
	pid = spawn_clone(flags | CLONE_PARENT, -1);
	if (pid < 0)
		return err_sys(err, "clone the container's first process");
	if (pid == 0)
		run_child(spawn);
	return sync_send_pid(sock, pid, err);
}

static pid_t stage_fork(struct spawn *spawn, int fds[SPEC_NS_KINDS], const int socks[2],
			struct err *err)
{
	pid_t stage;

	spawn->is_staged = true;
	stage = clone_placed(spawn, 0);
	if (stage < 0)
		return err_sys(err, "fork");
	if (stage == 0) {
		struct err e = { 0 };

		/* not for those in the namespaces that we enter to trace us: CVE-2016-9962 */
		if (prctl(PR_SET_DUMPABLE, 0) || stage_run(spawn, fds, socks[1], &e))
			sync_send_error(socks[1], &e);
		_exit(0);
	}
	return stage;
}

static pid_t spawn_staged(struct spawn *spawn, struct err *err)
{
	int fds[SPEC_NS_KINDS], socks[2], got, status;
	pid_t stage, pid = -1;

	if (namespaces_open(spawn->spec, fds, err))
		return -1;
	if (sync_pair(socks, err)) {
		namespaces_close(fds);
		return -1;
	}
	stage = stage_fork(spawn, fds, socks, err);
	namespaces_close(fds);
	fd_close(&socks[1]);
	if (stage > 0) {
		got = sync_recv(socks[0], &pid, err);
		if (!got)
			err_set(err, ERR_SYS,
				"the process that joins namespaces ended unexpectedly");
		if (got != SYNC_PID)
			pid = -1;
		proc_wait(stage, &status, NULL);
	}
	fd_close(&socks[0]);
	return pid;
}

pid_t spawn_child(struct spawn *spawn, struct err *err)
{
	pid_t pid;

	if (needs_stage(spawn->spec))
		return spawn_staged(spawn, err);
	pid = clone_placed(spawn, namespaces_clone_flags(spawn->spec));
	if (pid < 0)
		return err_sys(err, "clone the container's first process");
	if (pid == 0)
		run_child(spawn);
	return pid;
}
