/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/console.h"
#include "core/run/control.h"
#include "shim/cli/launch.h"

#define LISTEN_FDS_MAX 4096

static int check_terminal(const struct launch *launch, bool terminal, struct err *err)
{
	if (launch->detach && terminal && !launch->console_socket) {
		err_set(err, ERR_INVALID,
			"cannot allocate tty if kedge will detach without setting console socket");
		return err_hint(err, "give --console-socket, or do without the terminal");
	}
	if (launch->console_socket && !(launch->detach && terminal)) {
		err_set(err, ERR_INVALID,
			"cannot use console socket if kedge will not detach or allocate tty");
		return err_hint(err, "it needs a terminal and a process in the background");
	}
	return 0;
}

/* Our own fds are all CLOEXEC: one that isn't came from the caller. */
static int check_fds(const struct launch *launch, struct err *err)
{
	for (unsigned int i = 0; i < launch->preserve_fds; i++) {
		unsigned int fd = 3 + launch->listen_fds + i;
		int flags = fcntl((int)fd, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return err_set(err, ERR_INVALID,
				       "--preserve-fds %u: file descriptor %u is not open",
				       launch->preserve_fds, fd);
	}
	return 0;
}

int launch_check(const struct launch *launch, bool terminal, struct err *err)
{
	if (check_terminal(launch, terminal, err))
		return -1;
	return check_fds(launch, err);
}

unsigned int launch_listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	unsigned long long v, n;

	if (!pid || !fds || str_to_u64(pid, INT_MAX, &v) || v != (unsigned long long)getpid())
		return 0;
	return str_to_u64(fds, LISTEN_FDS_MAX, &n) ? 0 : (unsigned int)n;
}

int launch_send_pidfd(pid_t pid, const char *path, struct err *err)
{
	auto_fd int pidfd = -1;

	if (!path)
		return 0;
	pidfd = proc_open(pid, 0, err);
	if (pidfd < 0 || console_send(path, pidfd, err))
		return err_wrap(err, "--pidfd-socket %s", path);
	return 0;
}

int launch_begin(const struct launch *launch, struct attach *attach, struct err *err)
{
	if (launch->detach)
		return 0;
	if (!launch->no_subreaper && attach_subreaper(err))
		return -1;
	return attach_begin(attach, err);
}

int launch_wait(struct attach *attach, struct stored *l, int master, bool keep, struct err *err)
{
	struct err cleanup = { 0 };
	int status;

	if (attach_wait(attach, l->c.pid, master, &status, err))
		return launch_undo(l, err);
	/* the program's status counts more than what deleting says (runc logs it as well) */
	if (!keep && control_delete(&l->c, &l->spec, true, &cleanup))
		log_warn("%s", cleanup.msg);
	return status;
}

int launch_undo(struct stored *l, const struct err *err)
{
	struct err cleanup = { 0 };

	log_debug("undo container %s: %s", l->c.id, err->msg);
	if (control_delete(&l->c, &l->spec, true, &cleanup))
		log_warn("%s", cleanup.msg);
	return -1;
}
