/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "oci/config_test.h"

static void every_member_of_a_process_is_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		PROCESS(",'terminal':true,'consoleSize':{'height':24,'width':80},"
			"'user':{'uid':1,'gid':2,'umask':18,'additionalGids':[3,4294967294]},"
			"'env':['A=b=c','B='],'noNewPrivileges':true,"
			"'selinuxLabel':'l','apparmorProfile':'',"
			"'oomScoreAdj':-1000,'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':7},"
			"'execCPUAffinity':{'initial':'0-3,5','final':'7'}"));
	const struct spec_process *p = &spec.process;

	(void)state;
	assert_true(p->terminal);
	assert_int_equal(p->console_height, 24);
	assert_int_equal(p->console_width, 80);
	assert_int_equal(p->user.uid, 1);
	assert_int_equal(p->user.gid, 2);
	assert_true(p->user.has_umask);
	assert_int_equal(p->user.umask, 022);
	assert_true(p->user.additional_gids[1] == 4294967294U);
	assert_string_equal(p->env.v[0], "A=b=c");
	assert_true(p->no_new_privileges);
	assert_string_equal(p->selinux_label, "l");
	assert_null(p->apparmor_profile);
	assert_true(p->has_oom_score_adj);
	assert_int_equal(p->oom_score_adj, -1000);
	assert_true(p->has_io_priority);
	assert_int_equal(p->io_priority_class, 2);
	assert_int_equal(p->io_priority, 7);
	assert_string_equal(p->exec_cpus_initial, "0-3,5");
	assert_string_equal(p->exec_cpus_final, "7");
	assert_false(p->has_capabilities || p->has_scheduler);
}

static void args_cwd_and_env_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'process':{}"), "/process/args: is missing; /process/cwd: is missing" },
		{ CONFIG(",'process':{'args':[],'cwd':''}"),
		  "/process/args: must not be empty; "
		  "/process/cwd: must be an absolute path, is \"\"" },
		{ CONFIG(",'process':{'args':[''],'cwd':'/'}"),
		  "/process/args/0: must not be empty" },
		{ CONFIG(",'process':{'args':['a',1,null],'cwd':'/'}"),
		  "/process/args/1: must be a string, is a number; "
		  "/process/args/2: must be a string, is null" },
		{ CONFIG(",'process':{'args':'sh','cwd':'/'}"),
		  "/process/args: must be an array, is a string" },
		{ PROCESS(",'env':['PATH','=x','OK=',3]"),
		  "/process/env/3: must be a string, is a number; "
		  "/process/env/0: must be NAME=VALUE, is \"PATH\"; "
		  "/process/env/1: must be NAME=VALUE, is \"=x\"" },
		{ CONFIG(",'process':[]"), "/process: must be an object, is an array" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void users_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ PROCESS(",'user':{}"), NULL },
		{ PROCESS(",'user':{'uid':4294967294}"), NULL },
		{ PROCESS(",'user':{'uid':4294967295,'gid':-1}"),
		  "/process/user/uid: must be a whole number from 0 to 4294967294, is 4294967295; "
		  "/process/user/gid: must be a whole number from 0 to 4294967294, is -1" },
		{ PROCESS(",'user':{'umask':512}"),
		  "/process/user/umask: must be a whole number from 0 to 511, is 512" },
		{ PROCESS(",'user':{'additionalGids':[1,'2']}"),
		  "/process/user/additionalGids/1: must be a whole number from 0 to 4294967294, is "
		  "a string" },
		{ PROCESS(",'consoleSize':{'height':65536}"),
		  "/process/consoleSize/height: must be a whole number from 0 to 65535, is 65536" },
		{ PROCESS(",'oomScoreAdj':1001"),
		  "/process/oomScoreAdj: must be a whole number from -1000 to 1000, is 1001" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void capabilities_become_masks(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		PROCESS(",'capabilities':{'bounding':['CAP_CHOWN','CAP_CHECKPOINT_RESTORE'],"
			"'inheritable':['CAP_KILL'],'ambient':[]}"));

	(void)state;
	assert_true(spec.process.has_capabilities);
	assert_true(spec.process.capabilities[SPEC_CAP_BOUNDING] == (1 | UINT64_C(1) << 40));
	assert_true(spec.process.capabilities[SPEC_CAP_INHERITABLE] == 1 << 5);
	assert_true(spec.process.capabilities[SPEC_CAP_AMBIENT] == 0);
}

static void capability_types_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ PROCESS(",'capabilities':['CAP_KILL']"),
		  "/process/capabilities: must be an object, is an array" },
		{ PROCESS(",'capabilities':{'effective':'CAP_KILL','permitted':[5]}"),
		  "/process/capabilities/effective: must be an array, is a string; "
		  "/process/capabilities/permitted/0: must be a string, is a number" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void an_unknown_capability_is_ignored_with_a_warning(void **state)
{
	FILE *file = tmpfile();
	struct spec spec;
	char line[512] = "";

	(void)state;
	assert_non_null(file);
	log_setup(fileno(file), LOG_TEXT, false);
	spec = config_test_parse(
		PROCESS(",'capabilities':{'bounding':['CAP_KILL','CAP_MAGIC','kill']}"));
	log_setup(-1, LOG_TEXT, false);
	assert_true(spec.process.capabilities[SPEC_CAP_BOUNDING] == 1 << 5);
	spec_done(&spec);
	rewind(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "level=warning"));
	assert_non_null(strstr(line, "/process/capabilities/bounding/1"));
	assert_non_null(strstr(line, "CAP_MAGIC"));
	fclose(file);
}

static void rlimits_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		PROCESS(",'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615},"
			"{'type':'RLIMIT_RTTIME','soft':1,'hard':1}]"));

	(void)state;
	assert_int_equal(spec.process.n_rlimits, 2);
	assert_int_equal(spec.process.rlimits[0].resource, RLIMIT_CORE);
	assert_true(spec.process.rlimits[0].hard == RLIM_INFINITY);
	assert_int_equal(spec.process.rlimits[1].resource, RLIMIT_RTTIME);
}

static void rlimits_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ PROCESS(",'rlimits':[{'type':'RLIMIT_CORE','soft':2,'hard':1}]"),
		  "/process/rlimits/0: soft must not be above hard, is 2 > 1" },
		{ PROCESS(",'rlimits':[{'type':'RLIMIT_CORE','soft':1,'hard':1},"
			  "{'type':'RLIMIT_CORE','soft':1,'hard':1}]"),
		  "/process/rlimits/1: the type RLIMIT_CORE comes twice" },
		{ PROCESS(",'rlimits':[{'type':'NOFILE','soft':1}]"),
		  "/process/rlimits/0/type: must be one of RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, "
		  "RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, "
		  "RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, "
		  "RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK, is \"NOFILE\"; "
		  "/process/rlimits/0/hard: is missing" },
		{ PROCESS(",'rlimits':[{}]"), "/process/rlimits/0/type: is missing; "
					      "/process/rlimits/0/soft: is missing; "
					      "/process/rlimits/0/hard: is missing" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_scheduler_is_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(PROCESS(
		",'scheduler':{'policy':'SCHED_DEADLINE','nice':-20,'runtime':1,'deadline':2,"
		"'period':3,'flags':['SCHED_FLAG_RESET_ON_FORK','SCHED_FLAG_RECLAIM']}"));

	(void)state;
	assert_true(spec.process.has_scheduler);
	assert_int_equal(spec.process.scheduler.policy, 6);
	assert_int_equal(spec.process.scheduler.nice, -20);
	assert_int_equal(spec.process.scheduler.flags, 3);
	assert_int_equal(spec.process.scheduler.runtime_ns, 1);
	assert_int_equal(spec.process.scheduler.period_ns, 3);
}

static void schedulers_and_priorities_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ PROCESS(",'scheduler':{}"), "/process/scheduler/policy: is missing" },
		{ PROCESS(",'scheduler':{'policy':'SCHED_OTHER','nice':20,"
			  "'priority':1,'period':1}"),
		  "/process/scheduler/nice: must be a whole number from -20 to 19, is 20; "
		  "/process/scheduler: priority needs the policy SCHED_FIFO or SCHED_RR; "
		  "/process/scheduler: runtime, deadline and period need the policy "
		  "SCHED_DEADLINE" },
		{ PROCESS(",'scheduler':{'policy':'SCHED_FIFO','priority':5}"), NULL },
		{ PROCESS(",'scheduler':{'policy':'SCHED_RR','flags':['FAST']}"),
		  "/process/scheduler/flags/0: must be one of SCHED_FLAG_RESET_ON_FORK, "
		  "SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, "
		  "SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX, "
		  "is \"FAST\"" },
		{ PROCESS(",'ioPriority':{'class':'RT','priority':8}"),
		  "/process/ioPriority/class: must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, "
		  "IOPRIO_CLASS_IDLE, is \"RT\"; "
		  "/process/ioPriority/priority: must be a whole number from 0 to 7, is 8" },
		{ PROCESS(",'execCPUAffinity':{'initial':'3-1','final':'1,'}"),
		  "/process/execCPUAffinity/initial: must be a list of CPUs such as 0-3,5, is "
		  "\"3-1\"; "
		  "/process/execCPUAffinity/final: must be a list of CPUs such as 0-3,5, is "
		  "\"1,\"" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_process_of_its_own_goes_to_the_callers_arena(void **state)
{
	static const char text[] = "{\"args\":[\"ls\",\"-l\"],\"cwd\":\"/tmp\"}";
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_process process;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(oci_process_parse(text, strlen(text), &arena, &process, &err), 0);
	assert_string_equal(process.args.v[1], "-l");
	assert_null(process.args.v[2]);
	assert_string_equal(process.cwd, "/tmp");
}

static void a_bad_process_leaves_the_callers_alone(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_process process = { .oom_score_adj = 42 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(oci_process_parse("{}", 2, &arena, &process, &err), -1);
	assert_string_equal(err.msg, "process.json: /args: is missing; /cwd: is missing");
	assert_int_equal(process.oom_score_adj, 42);
}

static void a_process_file_may_be_a_pipe(void **state)
{
	static const char text[] = "{\"args\":[\"ls\"],\"cwd\":\"tmp\"}";
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_process process;
	struct err err = { 0 };
	char path[64], message[128];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(ends[1], text, strlen(text), NULL), 0);
	close(ends[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(oci_process_load(path, &arena, &process, &err), -1);
	snprintf(message, sizeof(message), "%s: /cwd: must be an absolute path, is \"tmp\"", path);
	assert_string_equal(err.msg, message);
	close(ends[0]);
	assert_int_equal(oci_process_load("/nonexistent/p.json", &arena, &process, &err), -1);
	assert_string_equal(err.msg, "/nonexistent/p.json: open: No such file or directory");
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_of_a_process_is_read),
		cmocka_unit_test(args_cwd_and_env_are_checked),
		cmocka_unit_test(users_are_checked),
		cmocka_unit_test(capabilities_become_masks),
		cmocka_unit_test(capability_types_are_checked),
		cmocka_unit_test(an_unknown_capability_is_ignored_with_a_warning),
		cmocka_unit_test(rlimits_are_read),
		cmocka_unit_test(rlimits_are_checked),
		cmocka_unit_test(a_scheduler_is_read),
		cmocka_unit_test(schedulers_and_priorities_are_checked),
		cmocka_unit_test(a_process_of_its_own_goes_to_the_callers_arena),
		cmocka_unit_test(a_bad_process_leaves_the_callers_alone),
		cmocka_unit_test(a_process_file_may_be_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
