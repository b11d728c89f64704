/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/proc.h"

/* Fields 3, 4 and 22; the name in field 2 may hold spaces and ')', so count from the last ')'. */
static int parse_stat(const char *text, struct proc_stat *out)
{
	const char *p = strrchr(text, ')');
	char state;
	int parent;
	unsigned long long start;

	if (!p || sscanf(p + 1,
			 " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			 "%*d %llu",
			 &state, &parent, &start) != 3)
		return -1;
	out->state = state;
	out->parent = parent;
	out->start_time = start;
	return 0;
}

int proc_stat_read(pid_t pid, struct proc_stat *out, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_file(AT_FDCWD, path, 65536, &b, err))
		return -1;
	if (parse_stat(b.p, out))
		return err_set(err, ERR_SYS, "%s: unknown format", path);
	return 0;
}

bool proc_is_alive(pid_t pid, unsigned long long start_time)
{
	struct proc_stat st;

	if (pid <= 0 || proc_stat_read(pid, &st, NULL))
		return false;
	return st.start_time == start_time && st.state != 'Z' && st.state != 'X';
}

int proc_open(pid_t pid, unsigned long long start_time, struct err *err)
{
	auto_fd int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct proc_stat st;

	if (fd < 0)
		return err_sys(err, "open process %d", (int)pid);
	if (fd_cloexec(fd, true))
		return err_sys(err, "pidfd of process %d", (int)pid);
	if (!start_time)
		return take_fd(&fd);
	if (proc_stat_read(pid, &st, err))
		return -1;
	if (st.start_time != start_time)
		return err_set(err, ERR_NOT_FOUND, "process %d has ended, its pid is used again",
			       (int)pid);
	return take_fd(&fd);
}

int proc_signal(int pidfd, int sig, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0))
		return err_sys(err, "send signal %d", sig);
	return 0;
}

int proc_exit_status(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

int proc_wait(pid_t pid, int *exit_status, struct err *err)
{
	int wstatus;
	pid_t got;

	do {
		got = waitpid(pid, &wstatus, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, "wait for process %d", (int)pid);
	*exit_status = proc_exit_status(wstatus);
	return 0;
}

int proc_poll(int pidfd, int timeout_ms, struct err *err)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "poll a process");
	return n > 0;
}

void proc_reap(const pid_t *pid)
{
	int saved = errno;
	int status;

	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	proc_wait(*pid, &status, NULL);
	errno = saved;
}

void proc_reset_signals(void)
{
	sigset_t none;

	/* fails for SIGKILL, SIGSTOP and those of the C library */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

unsigned long long proc_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000ULL + (unsigned long long)ts.tv_nsec / 1000;
}
