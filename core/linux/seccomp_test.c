/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A spec owns its strings and has them as char *; these ones are literals that nobody writes to. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#include "core/base/str.h"
#include "core/linux/seccomp.h"

/* Profiles are tried on the kernel: a child loads the filter, makes a call and exits with errno. */

#define STRINGS(...)                                                                              \
	{                                                                                         \
		.v = (char *[]){ __VA_ARGS__, NULL }, .n = ARRAY_LEN(((char *[]){ __VA_ARGS__ })) \
	}
#define ARGS(...)                                           \
	.args = (struct spec_seccomp_arg[]){ __VA_ARGS__ }, \
	.n_args = ARRAY_LEN(((struct spec_seccomp_arg[]){ __VA_ARGS__ }))
#define RULES(...)                                            \
	.rules = (struct spec_seccomp_rule[]){ __VA_ARGS__ }, \
	.n_rules = ARRAY_LEN(((struct spec_seccomp_rule[]){ __VA_ARGS__ }))

/* Everything but a few rare calls, so that the child can still report. */
#define ALLOW_ALL .default_action = "SCMP_ACT_ALLOW"

/* What a child needs to tell how its call went. */
#define LEAVE                                                              \
	{                                                                  \
		.names = STRINGS("exit_group"), .action = "SCMP_ACT_ALLOW" \
	}

#define KILLED 1000 /* + signal */

struct call {
	long nr;
	long args[3];
};

/* ASan puts calls of its own in front of _exit(), which a filter would forbid. */
static void leave(int status)
{
	syscall(SYS_exit_group, status);
}

static int try_call(const struct seccomp_filter *f, const struct call *c)
{
	int status, fd;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSYS, SIG_DFL); /* cmocka catches it */
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || seccomp_filter_load(f, &fd, NULL))
			leave(255);
		if (syscall(c->nr, c->args[0], c->args[1], c->args[2]) >= 0)
			leave(0);
		leave(errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Compile and make the call: 0, its errno, or KILLED + signal. */
static int outcome(const struct spec_seccomp *sec, struct call c)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	struct err err = { 0 };

	if (seccomp_compile(sec, NULL, &f, &err))
		fail_msg("%s", err.msg);
	return try_call(&f, &c);
}

static void expect_refusal(const struct spec_seccomp *sec, const char *message)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	struct err err = { 0 };

	assert_int_equal(seccomp_compile(sec, NULL, &f, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, message);
	assert_null(f.bpf);
}

static void an_errno_rule_gives_its_errno_and_eperm_by_default(void **state)
{
	const struct spec_seccomp sec = {
		ALLOW_ALL, RULES({ .names = STRINGS("getpgid"), .action = "SCMP_ACT_ERRNO" },
				 { .names = STRINGS("getsid", "getpriority"),
				   .action = "SCMP_ACT_ERRNO",
				   .has_errno = true,
				   .errno_ret = ENOTTY })
	};

	(void)state;
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getpgid }), EPERM);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getsid }), ENOTTY);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getpriority }), ENOTTY);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getppid }), 0);
}

static void kill_and_trap_end_the_process_with_sigsys(void **state)
{
	const struct spec_seccomp sec = {
		ALLOW_ALL, RULES({ .names = STRINGS("getpgid"), .action = "SCMP_ACT_KILL" },
				 { .names = STRINGS("getsid"), .action = "SCMP_ACT_KILL_PROCESS" },
				 { .names = STRINGS("getpriority"), .action = "SCMP_ACT_TRAP" },
				 { .names = STRINGS("getppid"), .action = "SCMP_ACT_LOG" })
	};

	(void)state;
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getpgid }), KILLED + SIGSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getsid }), KILLED + SIGSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getpriority }), KILLED + SIGSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getppid }), 0);
}

static void conditions_on_different_arguments_must_all_hold(void **state)
{
	const struct spec_seccomp sec = {
		ALLOW_ALL, RULES({ .names = STRINGS("getpriority"),
				   .action = "SCMP_ACT_ERRNO",
				   ARGS({ .index = 0, .value = 0, .op = "SCMP_CMP_EQ" },
					{ .index = 1,
					  .value = 0x10,
					  .value_two = 0x10,
					  .op = "SCMP_CMP_MASKED_EQ" }) })
	};

	(void)state;
	assert_int_equal(outcome(&sec, (struct call){ SYS_getpriority, { 0, 0x7fffff10 } }), EPERM);
	assert_int_equal(outcome(&sec, (struct call){ SYS_getpriority, { 0, 0 } }), 0);
	assert_int_equal(outcome(&sec, (struct call){ SYS_getpriority, { 9, 0x10 } }), EINVAL);
}

static void two_conditions_on_one_argument_are_alternatives(void **state)
{
	const struct spec_seccomp sec = {
		ALLOW_ALL, RULES({ .names = STRINGS("getpriority"),
				   .action = "SCMP_ACT_ERRNO",
				   ARGS({ .index = 0, .value = 7, .op = "SCMP_CMP_EQ" },
					{ .index = 0, .value = 9, .op = "SCMP_CMP_EQ" }) })
	};

	(void)state;
	assert_int_equal(outcome(&sec, (struct call){ SYS_getpriority, { 7 } }), EPERM);
	assert_int_equal(outcome(&sec, (struct call){ SYS_getpriority, { 9 } }), EPERM);
	assert_int_equal(outcome(&sec, (struct call){ SYS_getpriority, { 8 } }), EINVAL);
}

static void unknown_calls_and_rules_like_the_default_are_skipped(void **state)
{
	const struct spec_seccomp sec = {
		ALLOW_ALL,
		RULES({ .names = STRINGS("not_a_call", "getsid"), .action = "SCMP_ACT_ERRNO" },
		      { .names = STRINGS("getpgid"), .action = "SCMP_ACT_ALLOW" })
	};

	(void)state;
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getsid }), EPERM);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getpgid }), 0);
}

static void calls_newer_than_the_profile_are_unknown_and_not_forbidden(void **state)
{
	const struct spec_seccomp sec = { .default_action = "SCMP_ACT_ERRNO",
					  RULES(LEAVE, { .names = STRINGS("openat2"),
							 .action = "SCMP_ACT_ERRNO" }) };

	(void)state;
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_openat2 }), EPERM);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_openat2 + 1 }), ENOSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getsid }), EPERM);
}

static void a_killing_default_gets_the_same_grace_for_new_calls(void **state)
{
	const struct spec_seccomp sec = {
		.default_action = "SCMP_ACT_KILL_PROCESS",
		.architectures = STRINGS("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
		RULES(LEAVE)
	};

	(void)state;
#ifdef __x86_64__
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getsid }), KILLED + SIGSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = 9999 }), ENOSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = 0x40000000 | 9999 }), ENOSYS);
	assert_int_equal(outcome(&sec, (struct call){ .nr = 0x40000000 }), KILLED + SIGSYS);
#else
	(void)sec;
	skip();
#endif
}

static void a_default_that_allows_leaves_new_calls_to_the_kernel(void **state)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	const struct spec_seccomp sec = { ALLOW_ALL, RULES({ .names = STRINGS("getsid"),
							     .action = "SCMP_ACT_ERRNO" }) };

	(void)state;
	assert_int_equal(seccomp_compile(&sec, NULL, &f, NULL), 0);
	for (size_t i = 0; i < f.n; i++)
		assert_int_not_equal(f.bpf[i].k, SECCOMP_RET_ERRNO | ENOSYS);
}

static void flags_become_bits_and_tsync_none(void **state)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	const struct spec_seccomp sec = { ALLOW_ALL,
					  .flags = STRINGS("SECCOMP_FILTER_FLAG_LOG",
							   "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
							   "SECCOMP_FILTER_FLAG_TSYNC") };

	(void)state;
	assert_int_equal(seccomp_compile(&sec, NULL, &f, NULL), 0);
	assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_false(f.notify);
}

static void a_notifying_filter_gives_a_listener(void **state)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	const struct spec_seccomp sec = {
		ALLOW_ALL, .listener_path = "/run/agent.sock",
		.flags = STRINGS("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
		RULES({ .names = STRINGS("getsid"), .action = "SCMP_ACT_NOTIFY" })
	};
	int status;
	pid_t pid;

	(void)state;
	if (!seccomp_filter_flag_is_supported("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
		skip();
	assert_int_equal(seccomp_compile(&sec, NULL, &f, NULL), 0);
	assert_true(f.notify);
	pid = fork();
	if (!pid) {
		int fd = -1;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || seccomp_filter_load(&f, &fd, NULL))
			leave(1);
		leave(fd < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void notify_without_a_listener_or_on_write_is_refused(void **state)
{
	struct spec_seccomp_rule rule = { .names = STRINGS("getsid", "write"),
					  .action = "SCMP_ACT_NOTIFY" };
	struct spec_seccomp sec = { ALLOW_ALL, .rules = &rule, .n_rules = 1 };

	(void)state;
	expect_refusal(&sec, "linux.seccomp.syscalls[0]: SCMP_ACT_NOTIFY needs "
			     "linux.seccomp.listenerPath");
	sec.listener_path = "/run/agent.sock";
	expect_refusal(&sec, "linux.seccomp.syscalls[0]: SCMP_ACT_NOTIFY can't be used for write");
	sec.default_action = "SCMP_ACT_NOTIFY";
	expect_refusal(&sec, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would stop the "
			     "container's first process before anybody listens");
}

static void an_unknown_word_is_named_with_its_rule(void **state)
{
	struct spec_seccomp_arg arg = { .index = 6, .op = "SCMP_CMP_EQ" };
	struct spec_seccomp_rule rules[2] = {
		{ .names = STRINGS("getsid"), .action = "SCMP_ACT_ERRNO" },
		{ .names = STRINGS("getsid"), .action = "SCMP_ACT_HUG", .args = &arg, .n_args = 1 },
	};
	struct spec_seccomp sec = { ALLOW_ALL, .rules = rules, .n_rules = 2 };

	(void)state;
	expect_refusal(&sec, "linux.seccomp.syscalls[1]: unknown action \"SCMP_ACT_HUG\"");
	rules[1].action = "SCMP_ACT_ALLOW";
	expect_refusal(&sec, "linux.seccomp.syscalls[1]: args[0]: index 6 is above 5");
	arg = (struct spec_seccomp_arg){ .op = "==" };
	expect_refusal(&sec, "linux.seccomp.syscalls[1]: args[0]: unknown operator \"==\"");
	sec.architectures = (struct spec_strings)STRINGS("SCMP_ARCH_Z80");
	expect_refusal(&sec, "linux.seccomp.architectures[0]: unknown architecture "
			     "\"SCMP_ARCH_Z80\"");
	sec.architectures = (struct spec_strings){ 0 };
	sec.flags = (struct spec_strings)STRINGS("FAST");
	expect_refusal(&sec, "linux.seccomp.flags[0]: unknown flag \"FAST\"");
	sec.default_action = NULL;
	expect_refusal(&sec, "linux.seccomp.defaultAction: unknown action \"\"");
}

static void errno_ret_belongs_to_errno_and_trace_only(void **state)
{
	struct spec_seccomp_rule rule = { .names = STRINGS("getsid"),
					  .action = "SCMP_ACT_KILL",
					  .has_errno = true,
					  .errno_ret = 1 };
	struct spec_seccomp sec = { ALLOW_ALL, .rules = &rule, .n_rules = 1 };

	(void)state;
	expect_refusal(&sec,
		       "linux.seccomp.syscalls[0]: action \"SCMP_ACT_KILL\" takes no errnoRet");
	rule.action = "SCMP_ACT_ERRNO";
	rule.errno_ret = 65536;
	expect_refusal(&sec, "linux.seccomp.syscalls[0]: errnoRet 65536 is above 65535");
	rule.errno_ret = ENOTTY;
	assert_int_equal(outcome(&sec, (struct call){ .nr = SYS_getsid }), ENOTTY);
}

static void the_tables_end_and_name_what_features_shows(void **state)
{
	size_t n = 0;

	(void)state;
	while (seccomp_action_name(n))
		n++;
	assert_int_equal(n, 9);
	for (n = 0; seccomp_operator_name(n);)
		n++;
	assert_int_equal(n, 7);
	assert_null(seccomp_arch_name(1000));
	assert_string_equal(seccomp_filter_flag_name(0), "SECCOMP_FILTER_FLAG_TSYNC");
	assert_true(seccomp_filter_flag_is_supported("SECCOMP_FILTER_FLAG_LOG"));
	assert_false(seccomp_filter_flag_is_supported("SECCOMP_FILTER_FLAG_HUG"));
	assert_int_equal(*seccomp_library_version(), '2');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_errno_rule_gives_its_errno_and_eperm_by_default),
		cmocka_unit_test(kill_and_trap_end_the_process_with_sigsys),
		cmocka_unit_test(conditions_on_different_arguments_must_all_hold),
		cmocka_unit_test(two_conditions_on_one_argument_are_alternatives),
		cmocka_unit_test(unknown_calls_and_rules_like_the_default_are_skipped),
		cmocka_unit_test(calls_newer_than_the_profile_are_unknown_and_not_forbidden),
		cmocka_unit_test(a_killing_default_gets_the_same_grace_for_new_calls),
		cmocka_unit_test(a_default_that_allows_leaves_new_calls_to_the_kernel),
		cmocka_unit_test(flags_become_bits_and_tsync_none),
		cmocka_unit_test(a_notifying_filter_gives_a_listener),
		cmocka_unit_test(notify_without_a_listener_or_on_write_is_refused),
		cmocka_unit_test(an_unknown_word_is_named_with_its_rule),
		cmocka_unit_test(errno_ret_belongs_to_errno_and_trace_only),
		cmocka_unit_test(the_tables_end_and_name_what_features_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
