/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/linux/tty_relay.h"
#include "core/run/attach.h"

struct foreground {
	struct attach *attach;
	pid_t pid;
	struct tty_relay *relay; /* NULL: no terminal, or it has ended */
	int wstatus;
	bool has_ended;
};

int attach_subreaper(struct err *err)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return err_sys(err, "become a subreaper");
	return 0;
}

/* Faults of our own and job control's stops stay with us; everything else is forwarded. */
static void wanted_signals(sigset_t *set)
{
	static const int own[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,  SIGABRT, SIGTRAP,
				   SIGSYS,  SIGPIPE, SIGURG, SIGTTIN, SIGTTOU };

	sigfillset(set);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		sigdelset(set, own[i]);
}

int attach_begin(struct attach *a, struct err *err)
{
	sigset_t set;

	wanted_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, &a->old_mask))
		return err_sys(err, "block signals");
	a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signal_fd >= 0)
		return 0;
	sigprocmask(SIG_SETMASK, &a->old_mask, NULL);
	return err_sys(err, "make a signalfd");
}

void attach_done(struct attach *a)
{
	if (a->signal_fd < 0)
		return;
	fd_close(&a->signal_fd);
	sigprocmask(SIG_SETMASK, &a->old_mask, NULL);
}

/* Reap all that has ended: as a subreaper we get the container's orphans too. */
static void reap(struct foreground *f)
{
	int wstatus;
	pid_t pid;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
		if (pid != f->pid)
			continue;
		f->wstatus = wstatus;
		f->has_ended = true;
	}
}

static void on_signal(struct foreground *f, int sig)
{
	if (sig == SIGCHLD)
		reap(f);
	else if (sig == SIGWINCH && f->relay)
		tty_relay_resize(f->relay);
	else if (!f->has_ended && kill(f->pid, sig)) /* once reaped, the pid may be another's */
		log_debug("forward signal %d: the process has ended", sig);
}

static int take_signals(struct foreground *f, struct err *err)
{
	struct signalfd_siginfo info;
	ssize_t n;

	while ((n = read(f->attach->signal_fd, &info, sizeof(info))) == (ssize_t)sizeof(info))
		on_signal(f, (int)info.ssi_signo);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_sys(err, "read the signalfd");
	return 0;
}

static int step(struct foreground *f, struct err *err)
{
	struct pollfd fds[1 + TTY_RELAY_FDS] = { { .fd = f->attach->signal_fd, .events = POLLIN } };
	nfds_t n = 1;

	if (f->relay) {
		tty_relay_poll(f->relay, fds + 1);
		n += TTY_RELAY_FDS;
	}
	if (poll(fds, n, -1) < 0 && errno != EINTR)
		return err_sys(err, "poll");
	if (f->relay) {
		int more = tty_relay_step(f->relay, fds + 1, err);

		if (more < 0)
			return -1;
		if (!more)
			f->relay = NULL;
	}
	return take_signals(f, err);
}

static int run_loop(struct foreground *f, struct err *err)
{
	reap(f); /* it may have ended before we looked */
	while (!f->has_ended)
		if (step(f, err))
			return -1;
	return f->relay ? tty_relay_drain(f->relay, err) : 0;
}

void attach_take_size(struct spec_process *p)
{
	struct winsize size;

	if (!p->terminal || !tty_relay_size(STDIN_FILENO, STDOUT_FILENO, &size))
		return;
	p->has_console_size = true;
	p->console_height = size.ws_row;
	p->console_width = size.ws_col;
}

int attach_wait(struct attach *a, pid_t pid, int master, int *exit_status, struct err *err)
{
	struct foreground f = { .attach = a, .pid = pid };
	struct tty_relay relay = { 0 };
	auto_fd int tty = master;
	int ret;

	if (tty >= 0) {
		if (tty_relay_start(&relay, STDIN_FILENO, STDOUT_FILENO, tty, err))
			return -1;
		f.relay = &relay;
	}
	ret = run_loop(&f, err);
	if (tty >= 0)
		tty_relay_stop(&relay);
	if (ret)
		return -1;
	*exit_status = proc_exit_status(f.wstatus);
	return 0;
}
