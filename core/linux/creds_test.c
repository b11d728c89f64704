/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/creds.h"

#define BIT(cap) (1ULL << (cap))

/* What is dropped stays dropped, so each trial runs in a child; it gives 0 when all is well. */
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

/* The value of "CapEff:" and the like in our own status. */
static unsigned long long status_caps(const char *set)
{
	AUTO(buf_done) struct buf b = { 0 };
	const char *line;

	if (fd_read_file(AT_FDCWD, "/proc/self/status", 65536, &b, NULL))
		return ~0ULL;
	line = strstr(b.p, set);
	return line ? strtoull(line + strlen(set), NULL, 16) : ~0ULL;
}

static void names_are_found_in_any_case_with_and_without_prefix(void **state)
{
	(void)state;
	assert_int_equal(creds_cap_from_name("CAP_CHOWN"), CAP_CHOWN);
	assert_int_equal(creds_cap_from_name("cap_net_raw"), CAP_NET_RAW);
	assert_int_equal(creds_cap_from_name("Sys_Admin"), CAP_SYS_ADMIN);
	assert_int_equal(creds_cap_from_name("CAP_CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE);
}

static void what_is_no_name_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(creds_cap_from_name(""), -1);
	assert_int_equal(creds_cap_from_name("CAP_"), -1);
	assert_int_equal(creds_cap_from_name("CAP_CAP_CHOWN"), -1);
	assert_int_equal(creds_cap_from_name("21"), -1);
	assert_int_equal(creds_cap_from_name("CHOWN "), -1);
}

static void every_number_has_its_name(void **state)
{
	(void)state;
	for (int cap = 0; cap <= CAP_CHECKPOINT_RESTORE; cap++)
		assert_int_equal(creds_cap_from_name(creds_cap_name((size_t)cap)), cap);
	assert_null(creds_cap_name(CAP_CHECKPOINT_RESTORE + 1));
}

static void the_last_capability_is_the_kernels(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 16, &b, NULL), 0);
	assert_int_equal(creds_last_cap(), atoi(b.p));
}

static int drop_all(void)
{
	const uint64_t none[SPEC_CAP_SETS] = { 0 };

	if (creds_set_caps(none, NULL))
		return 1;
	return status_caps("CapEff:") || status_caps("CapPrm:") || status_caps("CapInh:") ||
	       status_caps("CapAmb:");
}

static void all_sets_can_be_emptied(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_all), 0);
}

static int ask_for_what_is_gone(void)
{
	const uint64_t none[SPEC_CAP_SETS] = { 0 };
	const uint64_t want[SPEC_CAP_SETS] = {
		[SPEC_CAP_PERMITTED] = BIT(CAP_SYS_ADMIN) | BIT(CAP_CHOWN),
	};
	struct err err = { 0 };

	if (creds_set_caps(none, NULL) || !creds_set_caps(want, &err))
		return 1;
	return err.kind != ERR_DENIED ||
	       strcmp(err.msg, "set the capabilities: kedge itself lacks CAP_CHOWN CAP_SYS_ADMIN");
}

static void what_kedge_itself_lacks_is_named(void **state)
{
	(void)state;
	assert_int_equal(in_child(ask_for_what_is_gone), 0);
}

static int ask_for_unknown_ones(void)
{
	const uint64_t want[SPEC_CAP_SETS] = {
		[SPEC_CAP_PERMITTED] = BIT(63), [SPEC_CAP_EFFECTIVE] = BIT(63)
	};

	return creds_set_caps(want, NULL) || status_caps("CapPrm:");
}

static void unknown_ones_are_left_out(void **state)
{
	(void)state;
	assert_int_equal(in_child(ask_for_unknown_ones), 0);
}

static int raise_what_is_not_inheritable(void)
{
	const uint64_t none[SPEC_CAP_SETS] = { [SPEC_CAP_AMBIENT] = BIT(CAP_NET_RAW) };
	struct err err = { 0 };

	return creds_set_caps(none, &err) || status_caps("CapAmb:");
}

static void an_ambient_one_that_is_not_inheritable_is_left_out(void **state)
{
	(void)state;
	assert_int_equal(in_child(raise_what_is_not_inheritable), 0);
}

/* As root: each step, and what is left at its end. */
static int become_somebody(void)
{
	const uint64_t caps[SPEC_CAP_SETS] = {
		[SPEC_CAP_EFFECTIVE] = BIT(CAP_CHOWN),
		[SPEC_CAP_PERMITTED] = BIT(CAP_CHOWN) | BIT(CAP_NET_RAW),
		[SPEC_CAP_INHERITABLE] = BIT(CAP_NET_RAW),
		[SPEC_CAP_AMBIENT] = BIT(CAP_NET_RAW),
	};
	uint32_t extra[] = { 7, 8 };
	struct spec_process p = { .user = { .uid = 1234,
					    .gid = 5678,
					    .additional_gids = extra,
					    .n_additional_gids = 2 } };
	gid_t groups[4];

	if (creds_drop_bounding(BIT(CAP_CHOWN) | BIT(CAP_NET_RAW), NULL) ||
	    creds_become(&p, NULL) || creds_set_caps(caps, NULL))
		return 1;
	if (getuid() != 1234 || geteuid() != 1234 || getgid() != 5678 || getegid() != 5678)
		return 2;
	if (getgroups(4, groups) != 2 || groups[0] != 7 || groups[1] != 8)
		return 3;
	return status_caps("CapBnd:") != caps[SPEC_CAP_PERMITTED] ||
	       status_caps("CapEff:") != caps[SPEC_CAP_EFFECTIVE] ||
	       status_caps("CapPrm:") != caps[SPEC_CAP_PERMITTED] ||
	       status_caps("CapInh:") != caps[SPEC_CAP_INHERITABLE] ||
	       status_caps("CapAmb:") != caps[SPEC_CAP_AMBIENT];
}

static void root_becomes_somebody_with_some_capabilities(void **state)
{
	(void)state;
	if (geteuid() || !(status_caps("CapEff:") & BIT(CAP_SETPCAP)))
		skip();
	assert_int_equal(in_child(become_somebody), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_any_case_with_and_without_prefix),
		cmocka_unit_test(what_is_no_name_is_not_found),
		cmocka_unit_test(every_number_has_its_name),
		cmocka_unit_test(the_last_capability_is_the_kernels),
		cmocka_unit_test(all_sets_can_be_emptied),
		cmocka_unit_test(what_kedge_itself_lacks_is_named),
		cmocka_unit_test(unknown_ones_are_left_out),
		cmocka_unit_test(an_ambient_one_that_is_not_inheritable_is_left_out),
		cmocka_unit_test(root_becomes_somebody_with_some_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
