/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/criu_request.h"

static void an_empty_request_prints_only_what_is_always_sent(void **state)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	criu_request_init(&req, CRIU_DUMP);
	criu_request_print(&req, &b);
	assert_string_equal(b.p, "request: dump\nimages_fd: -1\nwork_fd: -1\nlog_level: 4\n"
				 "cgroup_mode: ignore\n");
}

static void everything_that_is_set_is_printed(void **state)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	criu_request_init(&req, CRIU_RESTORE);
	req.images_fd = 5;
	req.pid = 77;
	req.log_file = "restore.log";
	req.leave_running = req.auto_dedup = true;
	req.network_lock = CRIU_LOCK_NFTABLES;
	req.status_fd = 9;
	req.empty_ns = 0x40000000;
	req.page_server_address = "127.0.0.1";
	req.page_server_port = 4000;
	criu_pairs_add(&req.ext_mounts, "/data", "/mnt/b");
	criu_pairs_add(&req.cgroup_roots, NULL, "/c");
	criu_strings_add(&req.external, "unix[7]");
	criu_inherits_add(&req.inherit_fds, "pipe:[5]", 1);
	criu_request_print(&req, &b);
	assert_string_equal(b.p, "request: restore\nimages_fd: 5\nwork_fd: -1\nlog_level: 4\n"
				 "pid: 77\nlog_file: restore.log\npage_server_address: 127.0.0.1\n"
				 "page_server_port: 4000\nstatus_fd: 9\nempty_ns: 0x40000000\n"
				 "cgroup_mode: ignore\nnetwork_lock: nftables\nleave_running\n"
				 "auto_dedup\next_mounts: /data = /mnt/b\ncgroup_roots: * = /c\n"
				 "external: unix[7]\ninherit_fds: pipe:[5] = fd 1\n");
}

static void done_leaves_an_empty_request(void **state)
{
	struct criu_request req;

	(void)state;
	criu_request_init(&req, CRIU_PRE_DUMP);
	criu_strings_add(&req.skip_mounts, "/x");
	criu_request_done(&req);
	assert_null(req.skip_mounts.v);
	assert_int_equal(req.verb, CRIU_PRE_DUMP);
	criu_request_done(&req);
}

static void cgroup_modes_are_words(void **state)
{
	enum criu_cgroup_mode mode = CRIU_CGROUP_SOFT;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(criu_cgroup_mode_parse(NULL, &mode, &err), 0);
	assert_int_equal(mode, CRIU_CGROUP_IGNORE);
	assert_int_equal(criu_cgroup_mode_parse("strict", &mode, &err), 0);
	assert_int_equal(mode, CRIU_CGROUP_STRICT);
	assert_int_equal(criu_cgroup_mode_parse("Strict", &mode, &err), -1);
	assert_int_equal(mode, CRIU_CGROUP_STRICT);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "--manage-cgroups-mode Strict: no such mode");
	assert_non_null(strstr(err.hint, "soft, full"));
}

static void network_locks_are_words(void **state)
{
	enum criu_network_lock lock = CRIU_LOCK_SKIP;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(criu_network_lock_parse(NULL, &lock, &err), 0);
	assert_int_equal(lock, CRIU_LOCK_UNSET);
	assert_int_equal(criu_network_lock_parse("iptables", &lock, &err), 0);
	assert_int_equal(lock, CRIU_LOCK_IPTABLES);
	assert_int_equal(criu_network_lock_parse("none", &lock, &err), -1);
	assert_string_equal(err.msg, "--network-lock none: no such method");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_request_prints_only_what_is_always_sent),
		cmocka_unit_test(everything_that_is_set_is_printed),
		cmocka_unit_test(done_leaves_an_empty_request),
		cmocka_unit_test(cgroup_modes_are_words),
		cmocka_unit_test(network_locks_are_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
