/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/limits.h"

/* What is set stays set, so each trial runs in a child; it gives 0 when all is as it should be. */
static int in_child(int (*trial)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		auto_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		log_setup(null, LOG_TEXT, false);
		_exit(trial());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool has_cpu(const struct limits_cpus *cpus, unsigned int cpu)
{
	const unsigned int word = 8 * sizeof(cpus->bits[0]);

	return cpus->bits[cpu / word] >> cpu % word & 1;
}

static void a_list_of_numbers_and_ranges_is_read(void **state)
{
	struct limits_cpus cpus;

	(void)state;
	assert_int_equal(limits_parse_cpus("0-2,5,63-65,8191", &cpus, NULL), 0);
	for (unsigned int cpu = 0; cpu < LIMITS_MAX_CPUS; cpu++)
		assert_int_equal(has_cpu(&cpus, cpu),
				 cpu <= 2 || cpu == 5 || (cpu >= 63 && cpu <= 65) || cpu == 8191);
	assert_int_equal(limits_parse_cpus("7", &cpus, NULL), 0);
	assert_true(has_cpu(&cpus, 7));
	assert_false(has_cpu(&cpus, 5));
}

static void what_is_no_list_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"",    ",",  "1,",   "1,,2", "-1", "1-",  "3-1",   "a",	     "1-b",
		"1 2", " 1", "8192", "1:2",  "+1", "0x1", "1-2-3", "0-8192", "99999999999999999999"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct limits_cpus cpus = { .bits = { 42 } };
		struct err err = { 0 };

		if (!limits_parse_cpus(bad[i], &cpus, &err))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(cpus.bits[0], 42);
	}
}

static int lower_two_rlimits(void)
{
	struct spec_rlimit v[] = { { .resource = RLIMIT_NOFILE, .soft = 50, .hard = 60 },
				   { .resource = RLIMIT_CORE, .soft = 0, .hard = 0 } };
	struct spec_process process = { .rlimits = v, .n_rlimits = 2 };
	struct rlimit nofile, core;

	return limits_apply(getpid(), &process, NULL) || getrlimit(RLIMIT_NOFILE, &nofile) ||
	       getrlimit(RLIMIT_CORE, &core) || nofile.rlim_cur != 50 || nofile.rlim_max != 60 ||
	       core.rlim_max != 0;
}

static void rlimits_are_set(void **state)
{
	(void)state;
	assert_int_equal(in_child(lower_two_rlimits), 0);
}

/* Nobody, root neither, may have more files than fs.nr_open. */
static int raise_files_too_far(void)
{
	struct spec_rlimit v = { .resource = RLIMIT_NOFILE,
				 .soft = 1ULL << 40,
				 .hard = 1ULL << 40 };
	struct spec_process process = { .rlimits = &v, .n_rlimits = 1 };
	struct rlimit before, after;

	return getrlimit(RLIMIT_NOFILE, &before) || limits_apply(getpid(), &process, NULL) ||
	       getrlimit(RLIMIT_NOFILE, &after) || after.rlim_max != before.rlim_max ||
	       after.rlim_cur != after.rlim_max;
}

static void a_limit_that_is_too_high_goes_as_far_as_it_can(void **state)
{
	(void)state;
	assert_int_equal(in_child(raise_files_too_far), 0);
}

static void a_soft_limit_above_the_hard_one_is_named(void **state)
{
	struct spec_rlimit v = { .resource = RLIMIT_NOFILE, .soft = 2, .hard = 1 };
	struct spec_process process = { .rlimits = &v, .n_rlimits = 1 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(limits_apply(getpid(), &process, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "set RLIMIT_NOFILE to 2:1: Invalid argument");
}

static int set_oom_scores(void)
{
	struct spec_process process = { .has_oom_score_adj = true, .oom_score_adj = 900 };
	AUTO(buf_done) struct buf b = { 0 };

	if (limits_apply(getpid(), &process, NULL))
		return 1;
	process.oom_score_adj = -900; /* with or without the right to: no error */
	if (limits_apply(getpid(), &process, NULL))
		return 2;
	if (fd_read_file(AT_FDCWD, "/proc/self/oom_score_adj", 64, &b, NULL))
		return 3;
	return strcmp(b.p, "900\n") && strcmp(b.p, "-900\n") ? 4 : 0;
}

static void an_oom_score_is_set_where_that_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(in_child(set_oom_scores), 0);
}

static int be_idle(void)
{
	struct spec_process process = { .has_io_priority = true,
					.io_priority_class = 2,
					.io_priority = 6,
					.has_scheduler = true,
					.scheduler = { .policy = SCHED_BATCH, .nice = 7 } };

	if (limits_apply_inside(&process, NULL))
		return 1;
	return sched_getscheduler(0) != SCHED_BATCH || getpriority(PRIO_PROCESS, 0) != 7;
}

static void scheduler_and_io_priority_are_set(void **state)
{
	(void)state;
	assert_int_equal(in_child(be_idle), 0);
}

static int pin_to_one(void)
{
	cpu_set_t set;
	char list[16];
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	snprintf(list, sizeof(list), "%d", cpu);
	if (limits_pin(0, list, NULL) || sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return CPU_COUNT(&set) != 1 || !CPU_ISSET(cpu, &set) || limits_pin(0, NULL, NULL);
}

static void a_process_is_pinned(void **state)
{
	(void)state;
	assert_int_equal(in_child(pin_to_one), 0);
}

static void cpus_that_are_not_there_are_named(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(limits_pin(0, "8191", &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "process.execCPUAffinity: the process may use none of the "
				     "CPUs \"8191\"");
}

static int change_personality(void)
{
	return limits_personality(PER_LINUX32, NULL) || personality(0xffffffff) != PER_LINUX32;
}

static void the_personality_is_set(void **state)
{
	(void)state;
	assert_int_equal(in_child(change_personality), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_numbers_and_ranges_is_read),
		cmocka_unit_test(what_is_no_list_is_refused_and_changes_nothing),
		cmocka_unit_test(rlimits_are_set),
		cmocka_unit_test(a_limit_that_is_too_high_goes_as_far_as_it_can),
		cmocka_unit_test(a_soft_limit_above_the_hard_one_is_named),
		cmocka_unit_test(an_oom_score_is_set_where_that_is_allowed),
		cmocka_unit_test(scheduler_and_io_priority_are_set),
		cmocka_unit_test(a_process_is_pinned),
		cmocka_unit_test(cpus_that_are_not_there_are_named),
		cmocka_unit_test(the_personality_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
