/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/task_creds.h"

#define CHOWN	  (1ULL << 0)
#define SETPCAP	  (1ULL << 8)
#define SYS_ADMIN (1ULL << 21)

#define TEXT                                                                                \
	"Name:\tsh\nUmask:\t0022\nState:\tt (tracing stop)\nTgid:\t4711\nPid:\t4713\n"      \
	"NStgid:\t4711\t12\t7\nNSpid:\t4713\t14\t9\n"                                       \
	"CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000000004\n" \
	"CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000010\n"                            \
	"NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"

static struct task_creds with(enum spec_cap_set set, uint64_t caps)
{
	struct task_creds task = { .pid = 1, .tid = 1, .name = "sh", .state = 't' };

	task.caps[set] = caps;
	return task;
}

/* What kedge and everybody else gives root: the same in three sets. */
static struct spec usual_spec(void)
{
	struct spec spec = { .process.has_capabilities = true };

	spec.process.capabilities[SPEC_CAP_BOUNDING] = CHOWN | SETPCAP;
	spec.process.capabilities[SPEC_CAP_PERMITTED] = CHOWN;
	spec.process.capabilities[SPEC_CAP_EFFECTIVE] = CHOWN;
	return spec;
}

static bool exceeds(const struct spec *spec, struct task_creds task, struct task_excess *out)
{
	return task_creds_exceed(spec, &task, out);
}

/* --- the text ----------------------------------------------------------------------------------- */

static void a_status_has_the_numbers_of_the_innermost_namespace(void **state)
{
	struct task_creds task;

	(void)state;
	assert_int_equal(task_creds_parse(TEXT, &task, NULL), 0);
	assert_int_equal(task.pid, 7);
	assert_int_equal(task.tid, 9);
	assert_string_equal(task.name, "sh");
	assert_int_equal(task.state, 't');
}

static void each_set_is_read_from_its_own_line(void **state)
{
	struct task_creds task;

	(void)state;
	assert_int_equal(task_creds_parse(TEXT, &task, NULL), 0);
	assert_int_equal(task.caps[SPEC_CAP_INHERITABLE], 1);
	assert_int_equal(task.caps[SPEC_CAP_PERMITTED], 2);
	assert_int_equal(task.caps[SPEC_CAP_EFFECTIVE], 4);
	assert_int_equal(task.caps[SPEC_CAP_BOUNDING], 0x1ffffffffffULL);
	assert_int_equal(task.caps[SPEC_CAP_AMBIENT], 16);
	assert_true(task.no_new_privileges);
	assert_true(task.is_filtered);
}

static void a_name_can_not_pass_for_another_line(void **state)
{
	/* a newline in it is escaped by the kernel */
	static const char text[] = "Name:\tx\\nSeccomp:\t2\nState:\tS\nTgid:\t5\nPid:\t5\n"
				   "CapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t0\n"
				   "NoNewPrivs:\t0\nSeccomp:\t0\n";
	struct task_creds task;

	(void)state;
	assert_int_equal(task_creds_parse(text, &task, NULL), 0);
	assert_false(task.is_filtered);
	assert_false(task.no_new_privileges);
	assert_int_equal(task.pid, 5);
}

static void a_status_without_a_set_is_an_error(void **state)
{
	static const char *const bad[] = { "", "Name:\tsh\n", "Name:\tsh\nState:\tS\n",
					   "Name:\tsh\nState:\tS\nCapBnd:\tzz\n",
					   "Name:\tsh\nState:\tS\nCapBnd:\t0\nCapEff:\t0 1\n" };
	struct task_creds task;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(task_creds_parse(bad[i], &task, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "no CapEff that can be read");
}

/* --- the verdict -------------------------------------------------------------------------------- */

static void what_the_bounding_set_has_may_be_in_any_set(void **state)
{
	struct spec spec = usual_spec();
	struct task_excess excess;

	(void)state;
	for (int i = 0; i < SPEC_CAP_SETS; i++)
		assert_false(exceeds(&spec, with(i, CHOWN | SETPCAP), &excess));
}

static void more_is_an_excess_in_each_set(void **state)
{
	struct spec spec = usual_spec();
	struct task_excess excess;

	(void)state;
	for (int i = 0; i < SPEC_CAP_SETS; i++) {
		assert_true(exceeds(&spec, with(i, CHOWN | SYS_ADMIN), &excess));
		assert_int_equal(excess.caps, i == SPEC_CAP_BOUNDING ? 0 : SYS_ADMIN);
		assert_int_equal(excess.bounding, i == SPEC_CAP_BOUNDING ? SYS_ADMIN : 0);
	}
}

static void with_no_new_privs_nothing_beyond_the_permitted_set_can_be_gained(void **state)
{
	struct spec spec = usual_spec();
	struct task_creds task = with(SPEC_CAP_PERMITTED, CHOWN);
	struct task_excess excess;

	(void)state;
	spec.process.no_new_privileges = task.no_new_privileges = true;
	assert_false(exceeds(&spec, task, &excess));
	task.caps[SPEC_CAP_PERMITTED] |= SETPCAP;
	assert_true(exceeds(&spec, task, &excess));
	assert_int_equal(excess.caps, SETPCAP);
	task.caps[SPEC_CAP_PERMITTED] = 0;
	task.caps[SPEC_CAP_BOUNDING] = task.caps[SPEC_CAP_INHERITABLE] = CHOWN | SETPCAP;
	assert_false(exceeds(&spec, task, &excess));
}

static void what_is_only_inheritable_may_become_permitted(void **state)
{
	struct spec spec = { .process.has_capabilities = true };
	struct task_excess excess;

	(void)state;
	spec.process.capabilities[SPEC_CAP_INHERITABLE] = CHOWN;
	assert_false(exceeds(&spec, with(SPEC_CAP_PERMITTED, CHOWN), &excess));
	assert_true(exceeds(&spec, with(SPEC_CAP_BOUNDING, CHOWN), &excess));
}

static void a_config_without_capabilities_gives_none(void **state)
{
	struct spec spec = { 0 };
	struct task_excess excess;

	(void)state;
	assert_false(exceeds(&spec, with(SPEC_CAP_BOUNDING, 0), &excess));
	for (int i = 0; i < SPEC_CAP_SETS; i++)
		assert_true(exceeds(&spec, with(i, CHOWN), &excess));
}

static void no_new_privs_and_seccomp_are_asked_for_only_where_the_config_does(void **state)
{
	struct spec_seccomp *profile = (struct spec_seccomp *)&(char){ 0 };
	struct task_creds task = with(SPEC_CAP_PERMITTED, 0);
	struct spec spec = usual_spec();
	struct task_excess excess;

	(void)state;
	assert_false(exceeds(&spec, task, &excess));
	spec.process.no_new_privileges = true;
	assert_true(exceeds(&spec, task, &excess));
	assert_true(excess.lacks_no_new_privileges && !excess.lacks_seccomp);
	task.no_new_privileges = true;
	spec.seccomp = profile;
	assert_true(exceeds(&spec, task, &excess));
	assert_true(excess.lacks_seccomp && !excess.lacks_no_new_privileges);
	task.is_filtered = true;
	assert_false(exceeds(&spec, task, &excess));
}

static void a_profile_is_told_by_its_whole_name(void **state)
{
	(void)state;
	assert_true(task_creds_has_profile("docker-default (enforce)\n", "docker-default"));
	assert_true(task_creds_has_profile("docker-default", "docker-default"));
	assert_true(task_creds_has_profile("docker-default//hat (enforce)", "docker-default"));
	assert_false(task_creds_has_profile("docker-default-2 (enforce)", "docker-default"));
	assert_false(task_creds_has_profile("unconfined\n", "docker-default"));
	assert_false(task_creds_has_profile("", "docker-default"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_has_the_numbers_of_the_innermost_namespace),
		cmocka_unit_test(each_set_is_read_from_its_own_line),
		cmocka_unit_test(a_name_can_not_pass_for_another_line),
		cmocka_unit_test(a_status_without_a_set_is_an_error),
		cmocka_unit_test(what_the_bounding_set_has_may_be_in_any_set),
		cmocka_unit_test(more_is_an_excess_in_each_set),
		cmocka_unit_test(with_no_new_privs_nothing_beyond_the_permitted_set_can_be_gained),
		cmocka_unit_test(what_is_only_inheritable_may_become_permitted),
		cmocka_unit_test(a_config_without_capabilities_gives_none),
		cmocka_unit_test(no_new_privs_and_seccomp_are_asked_for_only_where_the_config_does),
		cmocka_unit_test(a_profile_is_told_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
