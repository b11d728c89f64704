/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/creds.h"
#include "core/linux/keyring.h"
#include "core/linux/limits.h"
#include "core/linux/net.h"
#include "core/linux/rootfs.h"
#include "core/linux/sysctl.h"
#include "core/run/hooks.h"
#include "core/run/init.h"
#include "core/run/process.h"
#include "core/run/sync.h"

static bool is_new(const struct spec *spec, enum spec_ns kind)
{
	return spec->ns[kind].present && !spec->ns[kind].path;
}

/* What kedge has open on the host has no business here: CVE-2016-9962, CVE-2024-21626. */
static int drop_fds(struct init_args *a, struct err *err)
{
	size_t n_sources = a->source_fds ? a->plan->n : 0;
	auto_free int *keep = xcalloc(n_sources + 3, sizeof(*keep));

	keep[0] = a->socks[1];
	keep[1] = a->start_fd;
	keep[2] = log_fd();
	if (n_sources)
		memcpy(keep + 3, a->source_fds, n_sources * sizeof(*keep));
	a->socks[0] = a->c->dir_fd = a->c->lock_fd = -1;
	return fd_close_others(a->req->preserve_fds + a->req->listen_fds, keep, n_sources + 3, err);
}

/* The session, the namespaces that only the child can make, and its names. */
static int enter(struct init_args *a, struct err *err)
{
	const struct spec *spec = a->req->seed.spec;

	if (is_new(spec, SPEC_NS_CGROUP) && unshare(CLONE_NEWCGROUP))
		return err_sys(err, "make a cgroup namespace");
	if (spec->ns[SPEC_NS_USER].present && creds_become_ns_root(err))
		return -1;
	if (setsid() < 0)
		return err_sys(err, "make a session");
	if (!a->req->no_new_keyring && keyring_join_session(a->c->id, err))
		return -1;
	if (is_new(spec, SPEC_NS_NET) && net_loopback_up(err))
		return -1;
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)))
		return err_sys(err, "set hostname %s", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)))
		return err_sys(err, "set domainname %s", spec->domainname);
	return 0;
}

bool init_waits_for_go(const struct init_args *a)
{
	return a->spawn->needs_attach || a->req->seed.spec->ns[SPEC_NS_USER].present;
}

bool init_waits_when_mounted(const struct init_args *a)
{
	const struct spec *spec = a->req->seed.spec;

	return spec->ns[SPEC_NS_USER].present || spec->hooks[SPEC_HOOK_PRESTART].n ||
	       spec->hooks[SPEC_HOOK_CREATE_RUNTIME].n;
}

/* Root of a user namespace can't raise its own limits; root of the host's can, and needs no parent. */
static int meet_when_mounted(struct init_args *a, struct err *err)
{
	if (!init_waits_when_mounted(a))
		return limits_apply(0, &a->req->seed.spec->process, err);
	if (sync_send(a->socks[1], SYNC_MOUNTED, err))
		return -1;
	return sync_expect(a->socks[1], SYNC_GO_ON, "kedge", err);
}

/* The hooks of the runtime's namespace run in the parent, those of the container's here. */
static int run_create_hooks(struct init_args *a, struct err *err)
{
	const struct spec_hooks *hooks = &a->req->seed.spec->hooks[SPEC_HOOK_CREATE_CONTAINER];
	auto_free char *state = NULL;

	if (meet_when_mounted(a, err))
		return -1;
	if (!hooks->n)
		return 0;
	state = container_state_json(a->c, CONTAINER_CREATING);
	return hooks_run(hooks, "createContainer", state, NULL, err);
}

static int build_root(struct init_args *a, struct err *err)
{
	const struct spec *spec = a->req->seed.spec;
	AUTO(rootfs_done)
	struct rootfs root = {
		.spec = spec,
		.plan = a->plan,
		.cgroup = &a->c->cgroup,
		.path = a->c->rootfs,
		.root_fd = -1,
		.source_fds = a->source_fds,
		.has_cgroup_ns = spec->ns[SPEC_NS_CGROUP].present,
		.no_pivot = a->req->no_pivot,
	};

	if (rootfs_prepare(&root, err) || rootfs_mount_all(&root, err) ||
	    rootfs_devices(&root, err))
		return -1;
	if (run_create_hooks(a, err))
		return -1;
	if (rootfs_pivot(&root, err) || process_make_cwd(&spec->process, err) ||
	    process_reopen_null(err) ||
	    process_take_console(&spec->process, a->socks[1], true, err))
		return -1;
	if (sysctl_apply(&spec->sysctl, err))
		return -1;
	return rootfs_finish(&root, err);
}

/* Block until `kedge start` connects. Gives the connection; it ends with execve. */
static int wait_for_start(int start_fd, struct err *err)
{
	int conn, got;

	for (;;) {
		conn = accept4(start_fd, NULL, NULL, SOCK_CLOEXEC);
		if (conn < 0 && errno != EINTR && errno != ECONNABORTED)
			return err_sys(err, "wait for start");
		if (conn < 0)
			continue;
		got = sync_recv(conn, NULL, err);
		if (got == SYNC_GO)
			return conn;
		close(conn); /* whoever it was has gone: go on waiting */
	}
}

static int set_up(struct init_args *a, struct process_setup *setup, struct err *err)
{
	/* a kedge that is killed while it makes the container takes us with it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0))
		return err_sys(err, "prctl");
	if (drop_fds(a, err) || spawn_enter_cgroup(a->spawn, err))
		return -1;
	if (init_waits_for_go(a) && sync_expect(a->socks[1], SYNC_GO, "kedge", err))
		return -1;
	if (enter(a, err) || build_root(a, err) || process_confine(setup, err))
		return -1;
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(err, "prctl");
	return sync_send(a->socks[1], SYNC_READY, err);
}

static int start(struct init_args *a, struct process_setup *setup, struct err *err)
{
	const struct spec_hooks *hooks = &a->req->seed.spec->hooks[SPEC_HOOK_START_CONTAINER];

	if (hooks->n) {
		auto_free char *state = container_state_json(a->c, CONTAINER_CREATED);

		if (hooks_run(hooks, "startContainer", state, NULL, err))
			return -1;
	}
	return process_execute(setup, err);
}

int init_run(void *args)
{
	struct init_args *a = args;
	AUTO(process_setup_done)
	struct process_setup setup = {
		.spec = a->req->seed.spec,
		.process = &a->req->seed.spec->process,
		.filter = a->filter,
		.sock = a->socks[1],
		.start_fd = a->start_fd,
		.keep_fds = a->req->preserve_fds + a->req->listen_fds,
		.listen_fds = a->req->listen_fds,
	};
	struct err err = { 0 };
	auto_fd int conn = -1;

	/* hooks are told our pid as they see it; what the parent knows came after our copy of `c` */
	a->c->pid = getpid();
	if (set_up(a, &setup, &err)) {
		sync_send_error(a->socks[1], &err);
		return 1;
	}
	fd_close(&a->socks[1]);
	conn = wait_for_start(a->start_fd, &err);
	if (conn >= 0 && start(a, &setup, &err))
		sync_send_error(conn, &err);
	return 1;
}
