/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/cr/criu.h"

#define FAKE "core/cr/testdata/fake-criu"

struct conversation {
	struct criu_config config;
	struct criu criu;
	struct criu_request req;
	struct criu_result result;
	struct err err;
	int calls;
	char last_script[64];
};

static int note(void *ctx, const char *script, pid_t pid, int fd, struct err *err)
{
	struct conversation *v = ctx;

	(void)pid;
	(void)err;
	assert_int_equal(fd, -1);
	v->calls++;
	snprintf(v->last_script, sizeof(v->last_script), "%s", script);
	return 0;
}

static int say_no(void *ctx, const char *script, pid_t pid, int fd, struct err *err)
{
	note(ctx, script, pid, fd, err);
	return err_set(err, ERR_STATE, "not at %s", script);
}

static void setup(struct conversation *v, const char *behaviour)
{
	*v = (struct conversation){ .config = { .binary = FAKE, .timeout_s = 20, .notify = note } };
	v->config.notify_ctx = v;
	criu_request_init(&v->req, CRIU_DUMP);
	v->req.notify = true;
	setenv("FAKE_CRIU", behaviour, 1);
}

static void conversation_done(struct conversation *v)
{
	criu_done(&v->criu);
	criu_request_done(&v->req);
	/* nothing of it is left, neither running nor as a zombie */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static int talk(struct conversation *v)
{
	if (criu_start(&v->config, &v->criu, &v->err))
		return -1;
	return criu_run(&v->criu, &v->req, &v->result, &v->err);
}

static void a_dump_is_told_step_by_step(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "works");
	if (talk(&v))
		fail_msg("%s", v.err.msg);
	assert_int_equal(v.criu.version, 40101);
	assert_int_equal(v.calls, 1);
	assert_string_equal(v.last_script, "pre-dump");
	assert_int_equal(v.criu.process.pid, 0);
}

static void a_callback_that_says_no_is_the_error(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "obeys");
	v.config.notify = say_no;
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_STATE);
	assert_string_equal(v.err.msg, "not at pre-dump");
}

static void an_old_criu_is_refused(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "old");
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(v.err.msg, "is version 3.16, kedge needs 3.17 or newer"));
	assert_null(v.criu.process.binary);
}

static void a_criu_that_ends_at_once_is_quoted(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "mute");
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_non_null(strstr(v.err.msg, "fake-criu: criu ended without an answer, exit status 3: "
					  "it complains"));
}

static void a_criu_that_dies_half_way_is_told_with_its_signal(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "dies");
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_string_equal(v.err.msg, "criu was killed by signal 11 (Segmentation fault)");
	conversation_done(&v);
	setup(&v, "exits");
	assert_int_equal(talk(&v), -1);
	assert_string_equal(v.err.msg, "criu ended without an answer, exit status 7");
}

static void garbage_is_no_answer(void **state)
{
	AUTO(conversation_done) struct conversation v;
	unsigned long long begin = proc_now_us();

	(void)state;
	setup(&v, "garbage");
	assert_int_equal(talk(&v), -1);
	assert_non_null(strstr(v.err.msg, "criu answered 7 bytes that are no message"));
	conversation_done(&v);
	setup(&v, "babbles");
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_string_equal(v.err.msg, "criu answered 3 bytes that are no message of its protocol");
	assert_true(proc_now_us() - begin < 4000000);
}

static void a_criu_that_hangs_is_ended_with_its_children(void **state)
{
	AUTO(conversation_done) struct conversation v;
	char path[] = "/tmp/kedge-child-XXXXXX", text[32] = "";
	auto_fd int fd = mkstemp(path);
	struct proc_stat st;
	int tries = 100;

	(void)state;
	setenv("FAKE_CHILD", path, 1);
	setup(&v, "hangs-with-child");
	v.config.timeout_s = 1;
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_TIMEOUT);
	assert_string_equal(v.err.msg, "criu took longer than 1 s and was ended");
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	unlink(path);
	/* it was killed; who reaps it isn't us */
	while (--tries && proc_stat_read(atoi(text), &st, NULL) == 0 && st.state != 'Z')
		usleep(10000);
	assert_true(tries > 0);
}

static void a_failure_names_the_causes_and_where_the_log_is(void **state)
{
	AUTO(conversation_done) struct conversation v;
	auto_fd int dir = open("core/cr/testdata/logs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	setup(&v, "fails");
	v.req.work_fd = dir;
	v.req.log_file = "sharing.log";
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_true(str_starts(v.err.msg, "criu dump failed: mnt-v2: Failed to copy sharing from "
					  "-1:/srv/sub/x to 59"));
	assert_true(str_starts(v.err.hint, "it was a slave of a mount of the host"));
	assert_non_null(strstr(v.err.hint, "; the whole log is /"));
	assert_non_null(strstr(v.err.hint, "/core/cr/testdata/logs/sharing.log"));
}

static void a_criu_that_does_not_know_the_kernel_is_no_failing_dump(void **state)
{
	AUTO(conversation_done) struct conversation v;
	auto_fd int dir = open("core/cr/testdata/logs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	setup(&v, "fails");
	v.req.images_fd = dir;
	v.req.log_file = "kernel.log";
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_UNSUPPORTED);
	assert_non_null(strstr(v.err.msg, "can't work on this kernel ("));
	assert_non_null(strstr(v.err.msg, "): vdso: Unexpected rt vDSO area bounds"));
	assert_non_null(strstr(v.err.hint, "--criu"));
}

static void a_failure_without_log_has_what_criu_sent(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "fails-with-text");
	assert_int_equal(talk(&v), -1);
	assert_string_equal(v.err.msg, "criu dump failed: disk full");
	conversation_done(&v);
	setup(&v, "fails");
	assert_int_equal(talk(&v), -1);
	assert_string_equal(v.err.msg, "criu dump failed: its log names no error");
}

static void a_large_answer_is_read(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "large");
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_true(str_starts(v.err.msg, "criu dump failed: "));
}

static void a_large_request_is_sent(void **state)
{
	AUTO(conversation_done) struct conversation v;
	char path[200];

	(void)state;
	setup(&v, "works");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 400; i++)
		criu_pairs_add(&v.req.ext_mounts, path, path);
	if (talk(&v))
		fail_msg("%s", v.err.msg);
}

static void a_restore_without_a_process_is_an_error(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "restores-nothing");
	v.req.verb = CRIU_RESTORE;
	v.req.rst_sibling = true;
	assert_int_equal(talk(&v), -1);
	assert_string_equal(v.err.msg, "criu restored a process and didn't tell its pid");
}

static void a_restored_process_that_is_no_child_of_ours_is_an_error(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "restores-another");
	v.req.verb = CRIU_RESTORE;
	v.req.rst_sibling = true;
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_string_equal(v.err.msg,
			    "criu says that it restored process 1, which is no child of ours");
}

static void an_answer_to_another_question_is_an_error(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "restores-another");
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_CRIU);
	assert_string_equal(v.err.msg, "criu was asked for a dump and gave an answer of type 2");
}

static void criu_has_no_stdio_of_ours(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "stdio");
	if (talk(&v))
		fail_msg("%s", v.err.msg);
}

static void criu_gets_the_fds_that_it_shall_inherit_and_no_others(void **state)
{
	AUTO(conversation_done) struct conversation v;
	auto_fd int fd = memfd_create("kept", 0); /* not CLOEXEC, as if somebody had forgotten */
	char number[16];

	(void)state;
	snprintf(number, sizeof(number), "%d", fd);
	setenv("FAKE_FD", number, 1);
	setup(&v, "closed");
	if (talk(&v))
		fail_msg("%s", v.err.msg);
	conversation_done(&v);
	setup(&v, "keeps");
	v.config.keep_fds = &fd;
	v.config.n_keep_fds = 1;
	if (talk(&v))
		fail_msg("%s", v.err.msg);
}

static int fail_setup(const void *ctx, struct err *err)
{
	return err_set(err, ERR_DENIED, "no %s", (const char *)ctx);
}

static void a_setup_that_fails_is_the_starts_error(void **state)
{
	AUTO(conversation_done) struct conversation v;

	(void)state;
	setup(&v, "works");
	v.config.setup = fail_setup;
	v.config.setup_ctx = "namespace";
	assert_int_equal(talk(&v), -1);
	assert_int_equal(v.err.kind, ERR_DENIED);
	assert_string_equal(v.err.msg, "no namespace");
}

static void a_file_that_cannot_be_executed_is_told(void **state)
{
	AUTO(conversation_done) struct conversation v;
	char path[] = "/tmp/kedge-exec-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	setup(&v, "works");
	v.config.binary = path;
	assert_int_equal(talk(&v), -1);
	unlink(path);
	assert_non_null(strstr(v.err.msg, "execute /tmp/kedge-exec-"));
}

static void the_binary_is_the_given_one_or_the_environments_or_in_path(void **state)
{
	auto_free char *given = NULL;
	auto_free char *from_env = NULL;
	auto_free char *from_path = NULL;
	struct err err = { 0 };

	(void)state;
	setenv("KEDGE_CRIU", FAKE, 1);
	assert_int_equal(criu_process_find(NULL, &from_env, &err), 0);
	assert_true(*from_env == '/' && strstr(from_env, "/core/cr/testdata/fake-criu"));
	assert_int_equal(criu_process_find("/bin/sh", &given, &err), 0);
	assert_null(strstr(given, "fake-criu"));
	setenv("KEDGE_CRIU", "sh", 1);
	assert_int_equal(criu_process_find(NULL, &from_path, &err), 0);
	assert_true(*from_path == '/');
	unsetenv("KEDGE_CRIU");
}

static void a_missing_binary_is_told_with_the_way_out(void **state)
{
	char *path = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(criu_process_find("/nowhere/criu", &path, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "criu: /nowhere/criu is not a program");
	assert_int_equal(criu_process_find("no-such-criu", &path, &err), -1);
	assert_string_equal(err.msg, "criu: no program \"no-such-criu\" in PATH");
	assert_non_null(strstr(err.hint, "apt-get install criu"));
	assert_null(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_is_told_step_by_step),
		cmocka_unit_test(a_callback_that_says_no_is_the_error),
		cmocka_unit_test(an_old_criu_is_refused),
		cmocka_unit_test(a_criu_that_ends_at_once_is_quoted),
		cmocka_unit_test(a_criu_that_dies_half_way_is_told_with_its_signal),
		cmocka_unit_test(garbage_is_no_answer),
		cmocka_unit_test(a_criu_that_hangs_is_ended_with_its_children),
		cmocka_unit_test(a_failure_names_the_causes_and_where_the_log_is),
		cmocka_unit_test(a_criu_that_does_not_know_the_kernel_is_no_failing_dump),
		cmocka_unit_test(a_failure_without_log_has_what_criu_sent),
		cmocka_unit_test(a_large_answer_is_read),
		cmocka_unit_test(a_large_request_is_sent),
		cmocka_unit_test(a_restore_without_a_process_is_an_error),
		cmocka_unit_test(a_restored_process_that_is_no_child_of_ours_is_an_error),
		cmocka_unit_test(an_answer_to_another_question_is_an_error),
		cmocka_unit_test(criu_has_no_stdio_of_ours),
		cmocka_unit_test(criu_gets_the_fds_that_it_shall_inherit_and_no_others),
		cmocka_unit_test(a_setup_that_fails_is_the_starts_error),
		cmocka_unit_test(a_file_that_cannot_be_executed_is_told),
		cmocka_unit_test(the_binary_is_the_given_one_or_the_environments_or_in_path),
		cmocka_unit_test(a_missing_binary_is_told_with_the_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
