/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/task/options.h"

static int parse(const char *type, const void *value, size_t n, struct task_options *o)
{
	Wkt__Any any = WKT__ANY__INIT;

	any.type_url = (char *)type;
	any.value.data = (uint8_t *)value;
	any.value.len = n;
	return task_options_parse(&any, o, NULL);
}

/* As containerd's api/types/runc/options/oci.proto numbers them. */
static void runcs_options_are_read_by_their_numbers(void **state)
{
	static const char wire[] = "\x08\x01"	/* no_pivot_root */
				   "\x10\x01"	/* no_new_keyring */
				   "\x1a\x02/s" /* shim_cgroup */
				   "\x20\x05"	/* io_uid */
				   "\x32\x02/b" /* binary_name */
				   "\x3a\x02/r" /* root */
				   "\x42\x02/c" /* criu_path */
				   "\x48\x01"	/* systemd_cgroup */
				   "\x52\x02/i" /* criu_image_path */
				   "\x5a\x02/w" /* criu_work_path */
				   "\x62\x02/t" /* task_api_address */
				   "\x68\x03";	/* task_api_version */
	AUTO(task_options_done) struct task_options o = { 0 };

	(void)state;
	assert_int_equal(parse("containerd.runc.v1.Options", wire, sizeof(wire) - 1, &o), 0);
	assert_true(o.no_pivot);
	assert_true(o.no_new_keyring);
	assert_true(o.systemd_cgroup);
	assert_string_equal(o.shim_cgroup, "/s");
	assert_string_equal(o.binary_name, "/b");
	assert_string_equal(o.root, "/r");
	assert_string_equal(o.criu_path, "/c");
	assert_string_equal(o.criu_image_path, "/i");
	assert_string_equal(o.criu_work_path, "/w");
}

static void a_type_may_have_a_host_in_front(void **state)
{
	AUTO(task_options_done) struct task_options o = { 0 };

	(void)state;
	assert_int_equal(parse("types.example.org/runtimeoptions.v1.Options", "\x12\x02/c", 4, &o),
			 0);
	assert_string_equal(o.config_path, "/c");
}

static void other_peoples_types_and_empty_ones_say_nothing(void **state)
{
	AUTO(task_options_done) struct task_options o = { 0 };

	(void)state;
	assert_int_equal(parse("", "", 0, &o), 0);
	assert_int_equal(parse("io.example.Options", "\x12\x02/c", 4, &o), 0);
	assert_int_equal(task_options_parse(NULL, &o, NULL), 0);
	assert_null(o.config_path);
}

static void what_is_cut_short_is_refused(void **state)
{
	AUTO(task_options_done) struct task_options o = { 0 };

	(void)state;
	assert_int_equal(parse("containerd.runc.v1.Options", "\x1a\x05/s", 4, &o), -1);
	assert_null(o.shim_cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runcs_options_are_read_by_their_numbers),
		cmocka_unit_test(a_type_may_have_a_host_in_front),
		cmocka_unit_test(other_peoples_types_and_empty_ones_say_nothing),
		cmocka_unit_test(what_is_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
