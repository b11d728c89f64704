/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/capability.h>
#include <string.h>

#include "shim/cli/exec.h"

static void a_user_is_one_or_two_decimal_numbers(void **state)
{
	struct err err = { 0 };
	uint32_t uid = 1, gid = 7;

	(void)state;
	assert_int_equal(exec_parse_user("0", &uid, &gid, &err), 0);
	assert_true(uid == 0 && gid == 7);
	assert_int_equal(exec_parse_user("1000:1001", &uid, &gid, &err), 0);
	assert_true(uid == 1000 && gid == 1001);
	assert_int_equal(exec_parse_user("4294967294:4294967294", &uid, &gid, &err), 0);
	assert_true(uid == 4294967294U && gid == 4294967294U);
}

/* CVE-2016-3697, CVE-2026-30892, CVE-2024-40635: lax parsing runs as another user. */
static void everything_else_is_no_user(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"root",
		"0x0",
		"1abc",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1:",
		":1",
		"1:root",
		"1:2:3",
		"4294967295",
		"4294967296",
		"18446744073709551616",
		"1:4294967295",
		"1.0",
		"1\n",
	};
	struct err err = { 0 };
	uint32_t uid = 5, gid = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(exec_parse_user(bad[i], &uid, &gid, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_true(uid == 5 && gid == 7);
	}
}

/* --- the process -------------------------------------------------------------------------------*/

static char config_cwd[] = "/srv";
static const char *config_env[] = { "PATH=/bin", "HOME=/root", NULL };
static uint32_t config_groups[] = { 10 };
static struct arena arena;
static struct exec_values v;
static struct spec_process process;
static struct err err;

static int setup(void **state)
{
	(void)state;
	v = (struct exec_values){ 0 };
	err = (struct err){ 0 };
	process = (struct spec_process){
		.terminal = true,
		.cwd = config_cwd,
		.env = { (char **)config_env, 2 },
		.user = { .uid = 5,
			  .gid = 6,
			  .additional_gids = config_groups,
			  .n_additional_gids = 1 },
		.has_capabilities = true,
		.no_new_privileges = true,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&arena);
	strv_done(&v.env);
	strv_done(&v.caps);
	strv_done(&v.additional_gids);
	return 0;
}

#define BUILD(...)                                                                               \
	exec_build_process(&v, (char **)(const char *[]){ __VA_ARGS__, NULL }, &arena, &process, \
			   &err)

static void without_flags_it_is_the_configs_process_without_terminal(void **state)
{
	(void)state;
	assert_int_equal(BUILD("ls", "-l"), 0);
	assert_int_equal(process.args.n, 2);
	assert_string_equal(process.args.v[1], "-l");
	assert_false(process.terminal);
	assert_string_equal(process.cwd, "/srv");
	assert_ptr_equal(process.env.v, config_env);
	assert_true(process.user.uid == 5 && process.user.gid == 6);
	assert_true(process.no_new_privileges);
	assert_null(process.apparmor_profile);
}

static void a_program_is_required(void **state)
{
	(void)state;
	assert_int_equal(exec_build_process(&v, (char *[]){ NULL }, &arena, &process, &err), -1);
	assert_string_equal(err.msg, "process args cannot be empty");
}

static void a_variable_replaces_the_configs_and_new_ones_follow(void **state)
{
	(void)state;
	strv_add(&v.env, "A=1");
	strv_add(&v.env, "PATH=/usr/bin");
	strv_add(&v.env, "A=2");
	strv_add(&v.env, "HOM=x");
	assert_int_equal(BUILD("ls"), 0);
	assert_int_equal(process.env.n, 4);
	assert_string_equal(process.env.v[0], "PATH=/usr/bin");
	assert_string_equal(process.env.v[1], "HOME=/root");
	assert_string_equal(process.env.v[2], "A=2");
	assert_string_equal(process.env.v[3], "HOM=x");
	assert_null(process.env.v[4]);
	assert_string_equal(config_env[0], "PATH=/bin");
}

static void a_variable_needs_name_and_equals_sign(void **state)
{
	(void)state;
	strv_add(&v.env, "PATH");
	assert_int_equal(BUILD("ls"), -1);
	strv_done(&v.env);
	strv_add(&v.env, "=x");
	assert_int_equal(BUILD("ls"), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_ptr_equal(process.env.v, config_env);
}

static void groups_are_added_to_the_configs(void **state)
{
	(void)state;
	strv_add(&v.additional_gids, "20");
	assert_int_equal(BUILD("ls"), 0);
	assert_int_equal(process.user.n_additional_gids, 2);
	assert_true(process.user.additional_gids[0] == 10 && process.user.additional_gids[1] == 20);
	strv_add(&v.additional_gids, "-1");
	assert_int_equal(BUILD("ls"), -1);
}

static void a_capability_is_never_inheritable_and_not_ambient_without(void **state)
{
	const uint64_t net_admin = 1ULL << CAP_NET_ADMIN;

	(void)state;
	strv_add(&v.caps, "CAP_NET_ADMIN");
	assert_int_equal(BUILD("ls"), 0);
	assert_true(process.capabilities[SPEC_CAP_BOUNDING] == net_admin);
	assert_true(process.capabilities[SPEC_CAP_EFFECTIVE] == net_admin);
	assert_true(process.capabilities[SPEC_CAP_PERMITTED] == net_admin);
	assert_true(process.capabilities[SPEC_CAP_INHERITABLE] == 0);
	assert_true(process.capabilities[SPEC_CAP_AMBIENT] == 0);
	strv_add(&v.caps, "CAP_NET_ADMINS");
	assert_int_equal(BUILD("ls"), -1);
	assert_non_null(strstr(err.msg, "--cap CAP_NET_ADMINS"));
}

static void a_relative_directory_is_refused(void **state)
{
	(void)state;
	v.cwd = "tmp";
	assert_int_equal(BUILD("ls"), -1);
	assert_string_equal(process.cwd, "/srv");
	v.cwd = "/tmp";
	assert_int_equal(BUILD("ls"), 0);
	assert_string_equal(process.cwd, "/tmp");
}

static void no_new_privs_can_be_switched_off(void **state)
{
	(void)state;
	v.no_new_privs.given = true;
	assert_int_equal(BUILD("ls"), 0);
	assert_false(process.no_new_privileges);
}

static void the_other_flags_take_the_place_of_the_config(void **state)
{
	(void)state;
	v.tty = true;
	v.user = "1:2";
	v.apparmor = "profile";
	v.process_label = "label";
	assert_int_equal(BUILD("ls"), 0);
	assert_true(process.terminal);
	assert_true(process.user.uid == 1 && process.user.gid == 2);
	assert_string_equal(process.apparmor_profile, "profile");
	assert_string_equal(process.selinux_label, "label");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_one_or_two_decimal_numbers),
		cmocka_unit_test(everything_else_is_no_user),
		TEST(without_flags_it_is_the_configs_process_without_terminal),
		TEST(a_program_is_required),
		TEST(a_variable_replaces_the_configs_and_new_ones_follow),
		TEST(a_variable_needs_name_and_equals_sign),
		TEST(groups_are_added_to_the_configs),
		TEST(a_capability_is_never_inheritable_and_not_ambient_without),
		TEST(a_relative_directory_is_refused),
		TEST(no_new_privs_can_be_switched_off),
		TEST(the_other_flags_take_the_place_of_the_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
