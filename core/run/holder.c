/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/linux/net.h"
#include "core/linux/sysctl.h"
#include "core/run/control.h"
#include "core/run/holder.h"
#include "core/run/hooks.h"
#include "core/run/spawn.h"
#include "core/run/sync.h"

#define END_WAIT_MS 10000

struct holding {
	const struct spec *spec;
	struct spec net; /* only the network namespace is wanted of it */
	struct spawn spawn;
	int socks[2];
	bool ran_hooks; /* so poststop hooks have something to take down */
};

bool holder_has_net(const struct spec *spec)
{
	const struct spec_namespace *net = &spec->ns[SPEC_NS_NET];

	return net->present && !net->path && !spec->ns[SPEC_NS_USER].present;
}

/* --- the holder --------------------------------------------------------------------------------*/

/* What CRIU doesn't restore in a namespace that was there before. */
static int set_up_net(const struct spec *spec, struct err *err)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_pairs net = { 0 };

	net.v = arena_array(&arena, spec->sysctl.n, sizeof(*net.v));
	for (size_t i = 0; i < spec->sysctl.n; i++)
		if (str_starts(spec->sysctl.v[i].key, "net/"))
			net.v[net.n++] = spec->sysctl.v[i];
	return net_loopback_up(err) || sysctl_apply(&net, err) ? -1 : 0;
}

static int hold(void *arg)
{
	struct holding *h = arg;
	struct err err = { 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NAME, "kedge:holder"))
		err_sys(&err, "prctl");
	else if (!fd_close_others(0, &h->socks[1], 1, &err) && !spawn_enter_cgroup(&h->spawn, &err))
		if (h->spec->ns[SPEC_NS_NET].present && !h->spec->ns[SPEC_NS_NET].path)
			set_up_net(h->spec, &err);
	if (err.kind) {
		sync_send_error(h->socks[1], &err);
		return 1;
	}
	/* told to go on, it is recorded, and no longer has to go with its maker */
	if (sync_send(h->socks[1], SYNC_READY, NULL) ||
	    sync_expect(h->socks[1], SYNC_GO_ON, "kedge", NULL) || prctl(PR_SET_PDEATHSIG, 0) ||
	    sync_send(h->socks[1], SYNC_READY, NULL))
		return 1;
	close(h->socks[1]);
	for (;;)
		pause();
}

/* --- its maker ---------------------------------------------------------------------------------*/

static int run_hooks(struct holding *h, const struct container *c, struct err *err)
{
	const struct spec *spec = h->spec;
	auto_free char *state = container_state_json(c, CONTAINER_CREATING);

	h->ran_hooks = true;
	if (hooks_run(&spec->hooks[SPEC_HOOK_PRESTART], "prestart", state, spec->bundle, err))
		return -1;
	return hooks_run(&spec->hooks[SPEC_HOOK_CREATE_RUNTIME], "createRuntime", state,
			 spec->bundle, err);
}

static int mark(const struct container *c, struct err *err)
{
	int fd = openat(c->dir_fd, CONTAINER_HOLDER, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "mark container %s as one to be restored", c->id);
	close(fd);
	return 0;
}

static int make(struct holding *h, struct container *c, pid_t *pid, struct err *err)
{
	h->net.ns[SPEC_NS_NET] = h->spec->ns[SPEC_NS_NET];
	h->spawn = (struct spawn){ .spec = &h->net, .cgroup = &c->cgroup, .child = hold, .arg = h };
	if (mark(c, err))
		return -1;
	*pid = spawn_child(&h->spawn, err);
	fd_close(&h->socks[1]);
	if (*pid < 0)
		return -1;
	if (h->spawn.needs_attach && cgroup_attach(&c->cgroup, *pid, err))
		return -1;
	cgroup_let_go(&c->cgroup);
	if (sync_expect(h->socks[0], SYNC_READY, "the holder", err) ||
	    container_set_pid(c, *pid, err))
		return -1;
	if (holder_has_net(h->spec) && run_hooks(h, c, err))
		return -1;
	if (sync_send(h->socks[0], SYNC_GO_ON, err))
		return -1;
	return sync_expect(h->socks[0], SYNC_READY, "the holder", err);
}

int holder_create(const struct container_seed *seed, struct container *c, struct err *err)
{
	struct holding h = { .spec = seed->spec };
	pid_t pid = -1;
	int ret;

	if (sync_pair(h.socks, err))
		return -1;
	if (container_begin(seed, c, err)) {
		fd_close(&h.socks[0]);
		fd_close(&h.socks[1]);
		return -1;
	}
	ret = make(&h, c, &pid, err);
	fd_close(&h.socks[0]);
	fd_close(&h.socks[1]);
	if (!ret)
		return 0;
	if (pid > 0)
		proc_reap(&pid);
	control_abandon(c, h.ran_hooks ? seed->spec : NULL, NULL);
	container_done(c);
	return -1;
}

/* --- who restores ------------------------------------------------------------------------------*/

int holder_take_stdio(const struct container *c, struct err *err)
{
	auto_fd int pidfd = proc_open(c->pid, c->start_time, err);

	if (pidfd < 0)
		return -1;
	for (int i = 0; i < 3; i++) {
		/* not by /proc: to open a pipe anew may wait for its other end */
		auto_fd int fd = (int)syscall(SYS_pidfd_getfd, pidfd, i, 0);

		if (fd < 0 || dup2(fd, i) < 0)
			return err_sys(err, "container %s: take its fd %d from process %d", c->id,
				       i, (int)c->pid);
	}
	return 0;
}

int holder_end(const struct container *c, pid_t pid, unsigned long long start_time, struct err *err)
{
	auto_fd int pidfd = -1;
	int ended;

	if (!proc_is_alive(pid, start_time))
		return err_set(err, ERR_STATE, "it was killed while it was restored");
	pidfd = proc_open(pid, start_time, err);
	if (pidfd < 0 || proc_signal(pidfd, SIGKILL, err))
		return -1;
	ended = proc_poll(pidfd, END_WAIT_MS, err);
	if (ended == 0)
		return err_set(err, ERR_TIMEOUT, "process %d does not die", (int)pid);
	if (ended < 0)
		return -1;
	if (unlinkat(c->dir_fd, CONTAINER_HOLDER, 0) && errno != ENOENT)
		return err_sys(err, "container %s: remove the mark of its holder", c->id);
	return 0;
}
