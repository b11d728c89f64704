/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/proc.h"

/* A child that waits to be killed; it doesn't outlive this test. */
static pid_t sleeper(const char *name)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (name)
		prctl(PR_SET_NAME, name);
	for (;;)
		pause();
}

static pid_t child_with_status(int status)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(status);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Until the child has ended and waits for us to reap it. */
static void wait_for_zombie(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

/* The 22nd word of stat, for a process whose name has no space. */
static unsigned long long word_22(pid_t pid)
{
	AUTO(buf_done) struct buf b = { 0 };
	char path[64], *word, *save = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 4096, &b, NULL), 0);
	word = strtok_r(b.p, " ", &save);
	for (int i = 1; i < 22; i++)
		word = strtok_r(NULL, " ", &save);
	return strtoull(word, NULL, 10);
}

static void stat_tells_state_parent_and_start_time(void **state)
{
	pid_t pid = sleeper("plain");
	struct proc_stat st = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(proc_stat_read(getpid(), &st, &err), 0);
	assert_int_equal(st.state, 'R');
	assert_int_equal(proc_stat_read(pid, &st, &err), 0);
	assert_int_equal(st.parent, getpid());
	assert_true(st.start_time == word_22(pid));
	assert_true(st.start_time > 0);
	end(pid);
}

static void a_name_full_of_brackets_does_not_deceive(void **state)
{
	pid_t plain = sleeper("plain"), odd = sleeper(") Z 1 (a) b");
	struct proc_stat st = { 0 };
	int tries = 0;

	(void)state;
	/* it takes a moment until it has its name, and sleeps */
	do {
		usleep(1000);
		assert_int_equal(proc_stat_read(odd, &st, NULL), 0);
	} while (st.state != 'S' && tries++ < 1000);
	assert_int_equal(st.state, 'S');
	assert_true(st.start_time >= word_22(plain));
	assert_true(st.start_time <= word_22(plain) + 1000);
	end(plain);
	end(odd);
}

static void a_process_that_is_gone_is_not_found(void **state)
{
	pid_t pid = child_with_status(0);
	struct proc_stat st = { .state = '?' };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_stat_read(pid, &st, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(st.state, '?');
	err_clear(&err);
	assert_int_equal(proc_open(pid, 0, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void alive_means_this_very_process_and_no_zombie(void **state)
{
	pid_t pid = sleeper(NULL);
	struct proc_stat st;

	(void)state;
	assert_int_equal(proc_stat_read(pid, &st, NULL), 0);
	assert_true(proc_is_alive(pid, st.start_time));
	assert_false(proc_is_alive(pid, st.start_time + 1));
	assert_false(proc_is_alive(0, 0));
	assert_false(proc_is_alive(-1, 0));
	kill(pid, SIGKILL);
	wait_for_zombie(pid);
	assert_false(proc_is_alive(pid, st.start_time));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(proc_is_alive(pid, st.start_time));
}

static void a_pid_that_is_used_again_is_not_opened(void **state)
{
	pid_t pid = sleeper(NULL);
	struct proc_stat st;
	struct err err = { 0 };
	int fd;

	(void)state;
	assert_int_equal(proc_stat_read(pid, &st, NULL), 0);
	assert_int_equal(proc_open(pid, st.start_time + 1, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	fd = proc_open(pid, st.start_time, &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	end(pid);
}

static void a_signal_reaches_its_process_and_its_end_is_seen(void **state)
{
	pid_t pid = sleeper(NULL);
	struct err err = { 0 };
	auto_fd int fd = proc_open(pid, 0, &err);
	int status = -1;

	(void)state;
	assert_int_equal(proc_poll(fd, 0, &err), 0);
	assert_int_equal(proc_poll(fd, 20, &err), 0);
	assert_int_equal(proc_signal(fd, SIGTERM, &err), 0);
	assert_int_equal(proc_poll(fd, -1, &err), 1);
	assert_int_equal(proc_wait(pid, &status, &err), 0);
	assert_int_equal(status, 128 + SIGTERM);
	assert_int_equal(proc_signal(fd, SIGTERM, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void a_signal_that_does_not_exist_is_refused(void **state)
{
	pid_t pid = sleeper(NULL);
	struct err err = { 0 };
	auto_fd int fd = proc_open(pid, 0, &err);

	(void)state;
	assert_int_equal(proc_signal(fd, 1000, &err), -1);
	assert_int_equal(err.sys, EINVAL);
	end(pid);
}

static void an_exit_status_is_what_a_shell_sees(void **state)
{
	int status = -1;

	(void)state;
	assert_int_equal(proc_wait(child_with_status(0), &status, NULL), 0);
	assert_int_equal(status, 0);
	assert_int_equal(proc_wait(child_with_status(77), &status, NULL), 0);
	assert_int_equal(status, 77);
}

static void somebody_elses_child_cannot_be_waited_for(void **state)
{
	struct err err = { 0 };
	int status = 42;

	(void)state;
	assert_int_equal(proc_wait(getpid(), &status, &err), -1);
	assert_int_equal(err.sys, ECHILD);
	assert_int_equal(status, 42);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Signals every 5 ms, for as long as the caller cares; `handler` is SIG_DFL to end it. */
static void tick(void (*handler)(int), suseconds_t us)
{
	struct itimerval timer = { .it_interval = { .tv_usec = us },
				   .it_value = { .tv_usec = us } };
	struct sigaction sa = { .sa_handler = handler };

	if (us)
		sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (!us)
		sigaction(SIGALRM, &sa, NULL);
}

static void waiting_goes_on_after_a_signal(void **state)
{
	pid_t pid = fork();
	struct err err = { 0 };
	int status = -1;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		usleep(50000);
		_exit(3);
	}
	tick(on_alarm, 5000);
	assert_int_equal(proc_wait(pid, &status, &err), 0);
	tick(SIG_DFL, 0);
	assert_int_equal(status, 3);
}

static void a_process_goes_with_its_scope(void **state)
{
	pid_t was;

	(void)state;
	{
		auto_pid pid_t pid = sleeper(NULL);
		auto_pid pid_t none = -1;

		was = pid;
		assert_int_equal(none, -1);
		errno = ENOTDIR;
	}
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(waitpid(was, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void what_the_caller_ignores_or_blocks_is_forgotten(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		sigset_t mask;

		sigfillset(&mask);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		signal(SIGPIPE, SIG_IGN);
		signal(SIGRTMIN + 1, SIG_IGN);
		proc_reset_signals();
		sigprocmask(SIG_SETMASK, NULL, &mask);
		_exit(sigismember(&mask, SIGUSR1) || signal(SIGRTMIN + 1, SIG_IGN) != SIG_DFL ||
		      signal(SIGPIPE, SIG_IGN) != SIG_DFL);
	}
	assert_int_equal(proc_wait(pid, &status, NULL), 0);
	assert_int_equal(status, 0);
}

static void the_clock_counts_microseconds(void **state)
{
	unsigned long long before = proc_now_us(), after;

	(void)state;
	usleep(20000);
	after = proc_now_us();
	assert_true(after - before >= 20000);
	assert_true(after - before < 20000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_tells_state_parent_and_start_time),
		cmocka_unit_test(a_name_full_of_brackets_does_not_deceive),
		cmocka_unit_test(a_process_that_is_gone_is_not_found),
		cmocka_unit_test(alive_means_this_very_process_and_no_zombie),
		cmocka_unit_test(a_pid_that_is_used_again_is_not_opened),
		cmocka_unit_test(a_signal_reaches_its_process_and_its_end_is_seen),
		cmocka_unit_test(a_signal_that_does_not_exist_is_refused),
		cmocka_unit_test(an_exit_status_is_what_a_shell_sees),
		cmocka_unit_test(somebody_elses_child_cannot_be_waited_for),
		cmocka_unit_test(waiting_goes_on_after_a_signal),
		cmocka_unit_test(a_process_goes_with_its_scope),
		cmocka_unit_test(what_the_caller_ignores_or_blocks_is_forgotten),
		cmocka_unit_test(the_clock_counts_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
