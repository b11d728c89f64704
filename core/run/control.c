/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/run/control.h"
#include "core/run/hooks.h"
#include "core/run/store.h"
#include "core/run/sync.h"

/* Connect to ROOT/ID/start.sock by way of the directory's fd: a path in sun_path is short. */
static int connect_start(const struct container *c, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return err_sys(err, "make a socket");
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" CONTAINER_START, c->dir_fd);
	if (connect(sock, (struct sockaddr *)&sa, sizeof(sa))) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			return err_set(err, ERR_STATE,
				       "container %s: its first process no longer waits for start",
				       c->id);
		return err_sys(err, "container %s: ask it to start", c->id);
	}
	return take_fd(&sock);
}

static int refuse_start(const struct container *c, enum container_status status, struct err *err)
{
	err_set(err, ERR_STATE, "cannot start container %s: it is %s, not created", c->id,
		container_status_name(status));
	if (status == CONTAINER_STOPPED)
		err_hint(err, "`kedge delete %s`, then create or run it again", c->id);
	return -1;
}

/* The first process closes the connection by executing its program, or sends why it can't. */
static int release(const struct container *c, struct err *err)
{
	auto_fd int sock = connect_start(c, err);
	int got;

	if (sock < 0) {
		enum container_status status = container_status(c);

		return status == CONTAINER_CREATED ? -1 : refuse_start(c, status, err);
	}
	if (sync_send(sock, SYNC_GO, err))
		return err_wrap(err, "container %s", c->id);
	got = sync_recv(sock, NULL, err);
	if (got > 0)
		return err_set(err, ERR_INVALID, "container %s: unknown answer to start", c->id);
	return got;
}

int control_start(struct container *c, const struct spec *spec, struct err *err)
{
	auto_free char *state = NULL;
	bool frozen = false;

	if (c->lock_fd < 0 && container_lock(c, err))
		return -1;
	/* a frozen process takes the connection and never answers */
	if (!cgroup_is_frozen(&c->cgroup, &frozen, NULL) && frozen)
		return refuse_start(c, CONTAINER_PAUSED, err);
	if (c->is_half_made)
		return refuse_start(c, container_status(c), err);
	if (release(c, err))
		return -1;
	unlinkat(c->dir_fd, CONTAINER_START, 0);
	if (spec->hooks[SPEC_HOOK_POSTSTART].n) {
		state = container_state_json(c, CONTAINER_RUNNING);
		hooks_run_all(&spec->hooks[SPEC_HOOK_POSTSTART], "poststart", state, c->bundle);
	}
	fd_close(&c->lock_fd);
	return 0;
}

int control_kill(const struct container *c, int sig, bool all, struct err *err)
{
	enum container_status status = container_status(c);
	auto_fd int pidfd = -1;

	if (all && !c->is_half_made)
		return cgroup_signal_all(&c->cgroup, sig, err);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return err_set(err, ERR_STATE, "container not running");
	pidfd = proc_open(c->pid, c->start_time, err);
	if (pidfd < 0 || proc_signal(pidfd, sig, err))
		return err->kind == ERR_NOT_FOUND ? err_set(err, ERR_STATE, "container not running")
						  : err_wrap(err, "container %s", c->id);
	/* what is frozen in a v1 freezer can't die before it thaws */
	if (sig == SIGKILL && status == CONTAINER_PAUSED)
		return cgroup_set_frozen(&c->cgroup, false, err);
	return 0;
}

int control_abandon(struct container *c, const struct spec *spec, struct err *err)
{
	if (container_abandon(c, err))
		return -1;
	if (spec && spec->hooks[SPEC_HOOK_POSTSTOP].n) {
		auto_free char *state = container_state_json(c, CONTAINER_STOPPED);

		hooks_run_all(&spec->hooks[SPEC_HOOK_POSTSTOP], "poststop", state, c->bundle);
	}
	return 0;
}

/*
 * The processes that outlive a first process without a pid namespace of its own, and the rest of
 * a container that was half made, go with it.
 */
int control_delete(struct container *c, const struct spec *spec, bool force, struct err *err)
{
	enum container_status status;

	if (c->lock_fd < 0 && container_lock(c, err))
		return -1;
	status = container_status(c);
	if (!force && status != CONTAINER_STOPPED && status != CONTAINER_CREATING) {
		err_set(err, ERR_STATE, "cannot delete container %s that is not stopped: %s", c->id,
			container_status_name(status));
		return err_hint(err, "`kedge kill %s KILL` first, or `kedge delete --force %s`",
				c->id, c->id);
	}
	return control_abandon(c, spec, err);
}

int control_pause(const struct container *c, struct err *err)
{
	enum container_status status = container_status(c);

	if (status != CONTAINER_RUNNING && status != CONTAINER_CREATED)
		return err_set(err, ERR_STATE, "cannot pause container %s: it is %s, not running",
			       c->id, container_status_name(status));
	return cgroup_set_frozen(&c->cgroup, true, err);
}

int control_resume(const struct container *c, struct err *err)
{
	enum container_status status = container_status(c);

	if (status != CONTAINER_PAUSED)
		return err_set(err, ERR_STATE, "cannot resume container %s: it is %s, not paused",
			       c->id, container_status_name(status));
	return cgroup_set_frozen(&c->cgroup, false, err);
}
