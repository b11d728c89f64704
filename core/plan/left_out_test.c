/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/left_out.h"

#define HOST                                                 \
	"1 0 8:1 / / rw - ext4 /dev/sda rw\n"                \
	"2 1 0:20 / /sys rw - sysfs sysfs rw\n"              \
	"3 2 0:21 / /sys/kernel/tracing rw - tracefs t rw\n" \
	"4 2 0:22 / /sys/kernel/debug rw - debugfs d rw\n"   \
	"5 4 0:21 / /sys/kernel/debug/tracing rw - tracefs t rw\n"

/* The one row of a plan, a bind of `source` on /host. */
static void expect(const char *source, bool is_rec_bind, const char *warning)
{
	AUTO(mount_table_done) struct mount_table host = { 0 };
	const struct live_mount live = { .opts = { .is_rec_bind = is_rec_bind } };
	const struct restore_row row = { .live = &live };
	struct external_mount m = { .mountpoint = "/host",
				    .source = source,
				    .origin = EXTERNAL_CONFIG };
	struct external_plan plan = { .v = &m, .n = 1 };

	assert_int_equal(mount_table_parse(HOST, strlen(HOST), &host, NULL), 0);
	left_out_warn(&host, &row, &plan);
	assert_int_equal(plan.warnings.n, warning ? 1 : 0);
	if (warning)
		assert_non_null(strstr(plan.warnings.v[0], warning));
	external_plan_done(&plan);
}

static void a_tracefs_is_lost_unless_it_comes_by_itself(void **state)
{
	(void)state;
	assert_true(left_out_is_lost("tracefs", "sysfs"));
	assert_true(left_out_is_lost("tracefs", NULL));
	assert_false(left_out_is_lost("tracefs", "debugfs"));
	assert_false(left_out_is_lost("debugfs", "sysfs"));
}

static void without_kedge_json_what_a_recursive_bind_would_bring_is_named(void **state)
{
	(void)state;
	expect("/sys", true, "/host/kernel/tracing: CRIU leaves a tracefs out");
	expect("/sys", false, NULL);
	expect("/sys/kernel", true, "/host/tracing: ");
	expect("/sys/kernel/debug", true, NULL);
	expect("/srv", true, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tracefs_is_lost_unless_it_comes_by_itself),
		cmocka_unit_test(without_kedge_json_what_a_recursive_bind_would_bring_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
