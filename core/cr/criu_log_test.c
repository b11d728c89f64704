/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>
#include <string.h>

#include "core/cr/criu_log.h"

#define LOGS "core/cr/testdata/logs"

static struct criu_causes read_log(const char *name)
{
	struct criu_causes causes = { 0 };
	int fd = open(LOGS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	criu_log_read(fd, name, &causes);
	close(fd);
	return causes;
}

static void time_pid_and_place_are_cut_off(void **state)
{
	(void)state;
	assert_string_equal(criu_log_cause("(00.130981) Error (criu/mount.c:1088): mnt: Mount 158"),
			    "mnt: Mount 158");
	assert_string_equal(criu_log_cause("(00.054908)      1: Error (criu/mount-v2.c:891): x: y"),
			    "x: y");
	assert_string_equal(criu_log_cause("Error (criu/a.c:1): without time"), "without time");
}

static void what_is_no_error_is_no_cause(void **state)
{
	(void)state;
	assert_null(criu_log_cause("(00.000131) Running on vm Linux"));
	assert_null(criu_log_cause("(00.001878) Warn  (criu/cr-restore.c:1043): Set CLONE_PARENT"));
	assert_null(criu_log_cause("Error: ipv4: Address already assigned."));
	assert_null(criu_log_cause("Error (cut"));
	assert_null(criu_log_cause(""));
}

static void what_criu_says_every_time_is_no_cause(void **state)
{
	(void)state;
	assert_null(criu_log_cause("(00.0) Error (criu/util.c:1533): rlimit: Can't setup "
				   "RLIMIT_NOFILE for self: Operation not permitted"));
	assert_null(criu_log_cause("(00.1) Error (criu/cr-dump.c:2111): Dumping FAILED."));
}

static void the_first_causes_of_a_failing_dump_are_found(void **state)
{
	AUTO(criu_log_done) struct criu_causes causes = read_log("sharing.log");

	(void)state;
	assert_int_equal(causes.n, 2);
	assert_string_equal(causes.text.p,
			    "mnt-v2: Failed to copy sharing from -1:/srv/sub/x to 59: Invalid "
			    "argument; mnt-v2: Failed to copy sharing from source /srv/sub/x to "
			    "155");
	assert_false(causes.is_kernel_incompatible);
}

static void a_criu_that_gives_up_on_the_kernel_is_told_apart(void **state)
{
	AUTO(criu_log_done) struct criu_causes causes = read_log("kernel.log");

	(void)state;
	assert_true(causes.is_kernel_incompatible);
	assert_string_equal(causes.text.p, "vdso: Unexpected rt vDSO area bounds; vdso: Failed to "
					   "fill self vdso symtable; kerndat_vdso_fill_symtable "
					   "failed when initializing kerndat.");
}

static void no_more_than_three_causes_are_kept(void **state)
{
	AUTO(criu_log_done) struct criu_causes causes = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		criu_log_add(&causes, "(00.1) Error (criu/a.c:1): cause\n");
	assert_string_equal(causes.text.p, "cause; cause; cause");
}

static void a_log_that_is_not_there_has_no_causes(void **state)
{
	AUTO(criu_log_done) struct criu_causes causes = read_log("nothing.log");

	(void)state;
	assert_int_equal(causes.n, 0);
}

static void known_causes_come_with_advice(void **state)
{
	AUTO(criu_log_done) struct criu_causes stdio = { 0 };
	AUTO(criu_log_done) struct criu_causes odd = { 0 };
	const struct criu_causes none = { 0 };

	(void)state;
	criu_log_add(&stdio, "(00.1) Error (criu/files-reg.c:1): Can't lookup mount=100 for fd=2 "
			     "path=/tmp/err\n");
	criu_log_add(&odd, "(00.1) Error (criu/a.c:1): something new\n");
	assert_non_null(strstr(criu_log_advice(&stdio), "/dev/null"));
	assert_null(criu_log_advice(&odd));
	criu_log_add(&odd,
		     "(00.1) Error (criu/cr-dump.c:1): Dump files (pid: 142) failed with -1\n");
	assert_int_equal(odd.n, 1);
	criu_log_add(&odd,
		     "(00.1) Error (criu/mount.c:1): mnt: No mapping for 12:(null) mountpoint\n");
	assert_non_null(strstr(criu_log_advice(&odd), "kedge plan restore"));
	assert_null(criu_log_advice(&none));
}

static void an_open_device_is_told_by_its_numbers(void **state)
{
	AUTO(criu_log_done) struct criu_causes causes = { 0 };

	(void)state;
	criu_log_add(&causes,
		     "(00.01) Error (criu/files.c:1): Can't dump file 5 of that type [20666] "
		     "(chr 10:229)\n");
	assert_non_null(strstr(causes.text.p, "10:229"));
	assert_non_null(strstr(criu_log_advice(&causes), "ls -l /dev"));
}

static void a_descriptor_that_could_not_be_passed_is_worth_another_try(void **state)
{
	AUTO(criu_log_done) struct criu_causes causes = { 0 };

	(void)state;
	criu_log_add(&causes, "(00.024914) Error (criu/parasite-syscall.c:300): Can't retrieve FD "
			      "from socket\n");
	criu_log_add(&causes, "(00.024918) Error (compel/src/lib/infect-rpc.c:44): Message reply "
			      "from daemon is trimmed (12/0)\n");
	assert_true(criu_log_is_passing(causes.text.p));
	assert_non_null(strstr(criu_log_advice(&causes), "RLIMIT_NOFILE"));
	assert_false(criu_log_is_passing("mnt: No mapping for 12:(null) mountpoint"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_pid_and_place_are_cut_off),
		cmocka_unit_test(what_is_no_error_is_no_cause),
		cmocka_unit_test(what_criu_says_every_time_is_no_cause),
		cmocka_unit_test(the_first_causes_of_a_failing_dump_are_found),
		cmocka_unit_test(a_criu_that_gives_up_on_the_kernel_is_told_apart),
		cmocka_unit_test(no_more_than_three_causes_are_kept),
		cmocka_unit_test(a_log_that_is_not_there_has_no_causes),
		cmocka_unit_test(known_causes_come_with_advice),
		cmocka_unit_test(an_open_device_is_told_by_its_numbers),
		cmocka_unit_test(a_descriptor_that_could_not_be_passed_is_worth_another_try),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
