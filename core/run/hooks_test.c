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
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/run/hooks.h"

/* Each test gets an empty directory, which is its hooks' working directory. */
struct place {
	char dir[32];
	int fd;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/kedge-hooks-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	*state = p;
	return 0;
}

/* No hook, alive or dead, may be left over. */
static int tear_down(void **state)
{
	struct place *p = *state;

	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	close(p->fd);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p);
	return 0;
}

/* A hook that runs `script`. */
static void by_shell(struct spec_hook *hook, char *argv[4], const char *script)
{
	argv[0] = xstrdup("sh");
	argv[1] = xstrdup("-c");
	argv[2] = xstrdup(script);
	argv[3] = NULL;
	*hook = (struct spec_hook){ .path = xstrdup("/bin/sh"), .args = { .v = argv, .n = 3 } };
}

static void forget(struct spec_hook *hook)
{
	for (size_t i = 0; i < hook->args.n; i++)
		free(hook->args.v[i]);
	free(hook->path);
}

/* Run one hook by the shell, with a timeout (0: none). */
static int run(const struct place *p, const char *script, int timeout_s, struct err *err)
{
	struct spec_hook hook;
	struct spec_hooks hooks = { .v = &hook, .n = 1 };
	char *argv[4];
	int ret;

	by_shell(&hook, argv, script);
	hook.timeout_s = timeout_s;
	ret = hooks_run(&hooks, "prestart", "{}", p->dir, err);
	forget(&hook);
	return ret;
}

/* Run a program with its arguments as they are; `argv` has at least one. */
static int run_program(const struct place *p, char **argv, char **env, const char *state)
{
	struct spec_hook hook = { .path = argv[0], .args = { .v = argv }, .env = { .v = env } };
	struct spec_hooks hooks = { .v = &hook, .n = 1 };
	struct err err = { 0 };
	int ret;

	while (argv[hook.args.n])
		hook.args.n++;
	while (env && env[hook.env.n])
		hook.env.n++;
	ret = hooks_run(&hooks, "poststop", state, p->dir, &err);
	if (ret)
		print_error("%s\n", err.msg);
	return ret;
}

static void take(const struct place *p, const char *name, struct buf *b)
{
	assert_int_equal(fd_read_file(p->fd, name, 16 << 20, b, NULL), 0);
}

static void expect(const struct place *p, const char *name, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	take(p, name, &b);
	assert_string_equal(b.p, text);
}

/* --- what a hook gets ---------------------------------------------------------------------------- */

static void a_hook_reads_the_state_on_stdin(void **state)
{
	char *argv[] = { (char[]){ "/bin/cp" }, (char[]){ "/dev/stdin" }, (char[]){ "out" }, NULL };
	const struct place *p = *state;

	assert_int_equal(run_program(p, argv, NULL, "{\"id\":\"a\"}"), 0);
	expect(p, "out", "{\"id\":\"a\"}");
}

static void a_state_larger_than_a_pipe_arrives_whole(void **state)
{
	char *argv[] = { (char[]){ "/bin/cp" }, (char[]){ "/dev/stdin" }, (char[]){ "out" }, NULL };
	const struct place *p = *state;
	AUTO(buf_done) struct buf big = { 0 }, got = { 0 };

	for (int i = 0; i < 200000; i++)
		buf_addf(&big, "%07d,", i);
	assert_int_equal(run_program(p, argv, NULL, big.p), 0);
	take(p, "out", &got);
	assert_int_equal(got.n, big.n);
	assert_memory_equal(got.p, big.p, big.n);
}

static void a_hook_need_not_read_its_state(void **state)
{
	char *argv[] = { (char[]){ "/bin/true" }, NULL };
	const struct place *p = *state;
	AUTO(buf_done) struct buf big = { 0 };

	for (int i = 0; i < 200000; i++)
		buf_str(&big, "xxxxxxxx");
	assert_int_equal(run_program(p, argv, NULL, big.p), 0);
	assert_int_equal(run(p, "exec <&-; sleep 0.1", 0, NULL), 0);
}

static void the_environment_is_exactly_the_hooks(void **state)
{
	char *argv[] = { (char[]){ "/bin/cp" }, (char[]){ "/proc/self/environ" }, (char[]){ "out" },
			 NULL };
	char *env[] = { (char[]){ "A=1" }, (char[]){ "B=" }, NULL };
	const struct place *p = *state;
	AUTO(buf_done) struct buf got = { 0 };

	assert_int_equal(setenv("KEDGE_SECRET", "x", 1), 0);
	assert_int_equal(run_program(p, argv, env, ""), 0);
	take(p, "out", &got);
	assert_int_equal(got.n, sizeof("A=1\0B="));
	assert_memory_equal(got.p, "A=1\0B=", got.n);
	assert_int_equal(run_program(p, argv, NULL, ""), 0);
	expect(p, "out", "");
}

static void the_arguments_are_exactly_the_hooks(void **state)
{
	char *argv[] = { (char[]){ "first" }, (char[]){ "/proc/self/cmdline" }, (char[]){ "out" },
			 NULL };
	struct spec_hook hook = { .path = (char[]){ "/bin/cp" }, .args = { .v = argv, .n = 3 } };
	struct spec_hooks hooks = { .v = &hook, .n = 1 };
	const struct place *p = *state;
	AUTO(buf_done) struct buf got = { 0 };

	assert_int_equal(hooks_run(&hooks, "prestart", "", p->dir, NULL), 0);
	take(p, "out", &got);
	assert_int_equal(got.n, sizeof("first\0/proc/self/cmdline\0out"));
	assert_memory_equal(got.p, "first\0/proc/self/cmdline\0out", got.n);
}

static void a_hook_without_arguments_is_told_its_path(void **state)
{
	const struct place *p = *state;
	auto_free char *path = xasprintf("%s/hook", p->dir);
	struct spec_hook hook = { .path = path };
	struct spec_hooks hooks = { .v = &hook, .n = 1 };
	static const char script[] = "#!/bin/sh\necho \"$0 $#\" >out\n";
	auto_free char *want = xasprintf("%s 0\n", path);

	assert_int_equal(fd_replace_text(p->fd, "hook", script, 0755, NULL), 0);
	assert_int_equal(hooks_run(&hooks, "prestart", "", p->dir, NULL), 0);
	expect(p, "out", want);
}

static void a_hook_inherits_no_fd_of_ours(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	assert_int_equal(dup2(p->fd, 50), 50); /* without CLOEXEC */
	if (run(p, "test ! -e /proc/self/fd/50 && test ! -e /proc/self/fd/3", 0, &err))
		fail_msg("%s", err.msg);
	close(50);
}

/* By cp, as a shell would clear the mask. */
static void a_hook_starts_with_all_signals_open(void **state)
{
	char *argv[] = { (char[]){ "/bin/cp" }, (char[]){ "/proc/self/status" }, (char[]){ "out" },
			 NULL };
	const struct place *p = *state;
	AUTO(buf_done) struct buf got = { 0 };
	sigset_t all, old;
	const char *at;
	int ret;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	signal(SIGPIPE, SIG_IGN);
	ret = run_program(p, argv, NULL, "");
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(ret, 0);
	take(p, "out", &got);
	assert_non_null(strstr(got.p, "\nSigBlk:\t0000000000000000\n"));
	at = strstr(got.p, "\nSigIgn:\t");
	assert_non_null(at);
	/* 32 and 33 are the C library's own, and ignored where posix_spawn() started us */
	assert_int_equal(strtoull(at + 9, NULL, 16) & 0x7fffffff, 0);
}

static void our_own_sigpipe_stays_as_it_was(void **state)
{
	struct sigaction sa;

	assert_int_equal(run(*state, ":", 0, NULL), 0);
	sigaction(SIGPIPE, NULL, &sa);
	assert_true(sa.sa_handler == SIG_DFL);
}

/* --- in which order ------------------------------------------------------------------------------ */

static void hooks_run_in_order_until_one_fails(void **state)
{
	static const char *const scripts[] = { "sleep 0.05; echo a >>out", "echo b >>out",
					       "echo c >>out; exit 4", "echo d >>out" };
	struct spec_hook v[ARRAY_LEN(scripts)];
	char *argv[ARRAY_LEN(scripts)][4];
	struct spec_hooks hooks = { .v = v, .n = ARRAY_LEN(scripts) };
	const struct place *p = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < hooks.n; i++)
		by_shell(&v[i], argv[i], scripts[i]);
	assert_int_equal(hooks_run(&hooks, "createRuntime", "{}", p->dir, &err), -1);
	assert_string_equal(err.msg, "createRuntime hook /bin/sh ended with status 4");
	expect(p, "out", "a\nb\nc\n");
	for (size_t i = 0; i < hooks.n; i++)
		forget(&v[i]);
}

static void hooks_that_may_fail_all_run_and_are_warned_of(void **state)
{
	static const char *const scripts[] = { "echo a >>out; exit 4", "echo b >>out" };
	struct spec_hook v[ARRAY_LEN(scripts)];
	char *argv[ARRAY_LEN(scripts)][4];
	struct spec_hooks hooks = { .v = v, .n = ARRAY_LEN(scripts) };
	const struct place *p = *state;
	AUTO(buf_done) struct buf said = { 0 };
	auto_fd int log = openat(p->fd, "log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	for (size_t i = 0; i < hooks.n; i++)
		by_shell(&v[i], argv[i], scripts[i]);
	log_setup(log, LOG_TEXT, false);
	hooks_run_all(&hooks, "poststop", "{}", p->dir);
	log_setup(-1, LOG_TEXT, false);
	expect(p, "out", "a\nb\n");
	take(p, "log", &said);
	assert_non_null(strstr(said.p, "level=warning"));
	assert_non_null(strstr(said.p, "poststop hook /bin/sh ended with status 4"));
	for (size_t i = 0; i < hooks.n; i++)
		forget(&v[i]);
}

static void no_hooks_are_no_failure(void **state)
{
	struct spec_hooks none = { 0 };

	(void)state;
	assert_int_equal(hooks_run(&none, "prestart", "{}", NULL, NULL), 0);
	hooks_run_all(&none, "poststop", "{}", NULL);
}

/* --- how it fails -------------------------------------------------------------------------------- */

static void a_failure_tells_status_and_output(void **state)
{
	struct err err = { 0 };

	assert_int_equal(run(*state, "echo to stdout; echo to stderr >&2; exit 3", 0, &err), -1);
	assert_int_equal(err.kind, ERR_SYS);
	assert_string_equal(err.msg,
			    "prestart hook /bin/sh ended with status 3: to stdout\nto stderr");
}

static void a_hook_that_is_killed_has_a_shells_status(void **state)
{
	struct err err = { 0 };

	assert_int_equal(run(*state, "kill -9 $$", 0, &err), -1);
	assert_string_equal(err.msg, "prestart hook /bin/sh ended with status 137");
}

static void of_much_output_the_end_is_kept(void **state)
{
	struct err err = { 0 };

	/* 700,000 bytes: more than a pipe holds, so it must be read as it comes */
	assert_int_equal(run(*state, "seq -w 100000; echo the end; exit 1", 0, &err), -1);
	assert_non_null(strstr(err.msg, "100000\nthe end"));
	assert_null(strstr(err.msg, "099000"));
	assert_true(strlen(err.msg) < 1100);
}

/* It has ended before we have read what it said. */
static void the_last_words_of_a_hook_are_heard(void **state)
{
	struct err err = { 0 };

	assert_int_equal(run(*state, "printf '%060000d the end' 1; exit 1", 0, &err), -1);
	assert_non_null(strstr(err.msg, "0001 the end"));
}

static void output_of_a_hook_that_succeeds_is_dropped(void **state)
{
	struct err err = { 0 };

	assert_int_equal(run(*state, "seq 100000; seq 100000 >&2", 0, &err), 0);
	assert_int_equal(err.kind, ERR_NONE);
}

static void a_program_that_is_not_there_is_named(void **state)
{
	struct spec_hook hook = { .path = (char[]){ "/nonexistent/hook" } };
	struct spec_hooks hooks = { .v = &hook, .n = 1 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(hooks_run(&hooks, "prestart", "{}", NULL, &err), -1);
	assert_string_equal(err.msg, "prestart hook /nonexistent/hook ended with status 127: "
				     "No such file or directory");
	hook.path = (char[]){ "/etc/passwd" };
	assert_int_equal(hooks_run(&hooks, "prestart", "{}", NULL, &err), -1);
	assert_string_equal(err.msg, "prestart hook /etc/passwd ended with status 126: "
				     "Permission denied");
}

static void a_hook_that_takes_too_long_is_killed(void **state)
{
	const struct place *p = *state;
	unsigned long long began_us = proc_now_us(), took_us;
	struct err err = { 0 };
	AUTO(buf_done) struct buf pid = { 0 };

	assert_int_equal(run(p, "echo $$ >pid; exec sleep 60", 1, &err), -1);
	took_us = proc_now_us() - began_us;
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_string_equal(err.msg, "prestart hook /bin/sh did not end within 1 s");
	assert_true(took_us >= 900000 && took_us < 30000000);
	take(p, "pid", &pid);
	assert_int_equal(kill((pid_t)atoi(pid.p), 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void a_hook_that_reads_no_state_times_out_all_the_same(void **state)
{
	struct spec_hook hook;
	struct spec_hooks hooks = { .v = &hook, .n = 1 };
	unsigned long long began_us = proc_now_us();
	AUTO(buf_done) struct buf big = { 0 };
	struct err err = { 0 };
	char *argv[4];

	(void)state;
	for (int i = 0; i < 200000; i++)
		buf_str(&big, "xxxxxxxx");
	by_shell(&hook, argv, "exec sleep 60");
	hook.timeout_s = 1;
	assert_int_equal(hooks_run(&hooks, "prestart", big.p, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(proc_now_us() - began_us < 30000000);
	forget(&hook);
}

static void a_chatty_hook_times_out_all_the_same(void **state)
{
	struct err err = { 0 };

	assert_int_equal(run(*state, "exec yes", 1, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
}

/* In milliseconds it is 2^32 and 704 more: as an int those 704. */
static void a_timeout_of_weeks_is_no_short_one(void **state)
{
	struct err err = { 0 };

	if (run(*state, "sleep 1", 4294968, &err))
		fail_msg("%s", err.msg);
}

static void a_hook_may_close_its_output_and_live_on(void **state)
{
	struct err err = { 0 };

	assert_int_equal(run(*state, "exec >&- 2>&-; sleep 0.1; exit 3", 0, &err), -1);
	assert_string_equal(err.msg, "prestart hook /bin/sh ended with status 3");
}

static void what_a_hook_leaves_in_the_background_does_not_hold_us_up(void **state)
{
	unsigned long long began_us = proc_now_us();
	const struct place *p = *state;
	AUTO(buf_done) struct buf pid = { 0 };
	struct err err = { 0 };

	assert_int_equal(run(p, "sleep 60 & echo $! >pid", 0, &err), 0);
	assert_true(proc_now_us() - began_us < 30000000);
	take(p, "pid", &pid);
	kill((pid_t)atoi(pid.p), SIGKILL);
	/* `yes` ends by SIGPIPE when nobody listens any more */
	assert_int_equal(run(p, "yes & exit 5", 0, &err), -1);
	assert_int_equal(err.kind, ERR_SYS);
	assert_true(proc_now_us() - began_us < 30000000);
}

static void a_hook_ends_with_who_runs_it(void **state)
{
	const struct place *p = *state;
	AUTO(buf_done) struct buf text = { 0 };
	pid_t runner, hook;

	/* so that the hook is ours to wait for then */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	runner = fork();
	if (runner == 0)
		_exit(run(p, "echo $$ >new && mv new pid && exec sleep 1000", 0, NULL));
	while (faccessat(p->fd, "pid", F_OK, 0))
		usleep(1000);
	take(p, "pid", &text);
	hook = atoi(text.p);
	assert_int_equal(kill(runner, SIGKILL), 0);
	assert_int_equal(waitpid(runner, NULL, 0), runner);
	assert_int_equal(waitpid(hook, NULL, 0), hook);
	/* who watched over it for the runner ends, too, a moment later */
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_hook_ends_with_who_runs_it),
		IN_PLACE(a_hook_reads_the_state_on_stdin),
		IN_PLACE(a_state_larger_than_a_pipe_arrives_whole),
		IN_PLACE(a_hook_need_not_read_its_state),
		IN_PLACE(the_environment_is_exactly_the_hooks),
		IN_PLACE(the_arguments_are_exactly_the_hooks),
		IN_PLACE(a_hook_without_arguments_is_told_its_path),
		IN_PLACE(a_hook_inherits_no_fd_of_ours),
		IN_PLACE(a_hook_starts_with_all_signals_open),
		IN_PLACE(our_own_sigpipe_stays_as_it_was),
		IN_PLACE(hooks_run_in_order_until_one_fails),
		IN_PLACE(hooks_that_may_fail_all_run_and_are_warned_of),
		IN_PLACE(no_hooks_are_no_failure),
		IN_PLACE(a_failure_tells_status_and_output),
		IN_PLACE(a_hook_that_is_killed_has_a_shells_status),
		IN_PLACE(of_much_output_the_end_is_kept),
		IN_PLACE(the_last_words_of_a_hook_are_heard),
		IN_PLACE(output_of_a_hook_that_succeeds_is_dropped),
		IN_PLACE(a_program_that_is_not_there_is_named),
		IN_PLACE(a_hook_that_takes_too_long_is_killed),
		IN_PLACE(a_hook_that_reads_no_state_times_out_all_the_same),
		IN_PLACE(a_chatty_hook_times_out_all_the_same),
		IN_PLACE(a_timeout_of_weeks_is_no_short_one),
		IN_PLACE(a_hook_may_close_its_output_and_live_on),
		IN_PLACE(what_a_hook_leaves_in_the_background_does_not_hold_us_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
