/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/cr/criu_wire.h"
#include "proto/rpc.pb-c.h"

static Criu__Req *unpack(const struct buf *b)
{
	Criu__Req *msg = criu__req__unpack(NULL, b->n, (const uint8_t *)b->p);

	assert_non_null(msg);
	return msg;
}

static void pack(const Criu__Resp *msg, struct buf *out)
{
	uint8_t bytes[4096];

	assert_true(criu__resp__get_packed_size(msg) < sizeof(bytes));
	buf_add(out, bytes, criu__resp__pack(msg, bytes));
}

static void an_empty_dump_asks_for_no_more_than_it_must(void **state)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(buf_done) struct buf b = { 0 };
	Criu__Req *msg;

	(void)state;
	criu_request_init(&req, CRIU_DUMP);
	criu_wire_request(&req, &b);
	msg = unpack(&b);
	assert_int_equal(msg->type, CRIU__REQ_TYPE__DUMP);
	assert_int_equal(msg->opts->images_dir_fd, -1);
	assert_false(msg->opts->has_work_dir_fd);
	assert_false(msg->opts->has_leave_running);
	assert_false(msg->opts->has_pid);
	assert_false(msg->opts->has_network_lock);
	assert_int_equal(msg->opts->log_level, 4);
	/* left out, CRIU would manage cgroups */
	assert_true(msg->opts->has_manage_cgroups_mode);
	assert_int_equal(msg->opts->manage_cgroups_mode, CRIU__CG_MODE__CG_IGNORE);
	criu__req__free_unpacked(msg, NULL);
}

static void all_that_is_asked_reaches_the_message(void **state)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(buf_done) struct buf b = { 0 };
	Criu__Opts *o;
	Criu__Req *msg;

	(void)state;
	criu_request_init(&req, CRIU_RESTORE);
	req.images_fd = 7;
	req.work_fd = 8;
	req.root = "/stage/root";
	req.rst_sibling = req.tcp_established = req.notify = true;
	req.network_lock = CRIU_LOCK_SKIP;
	req.cgroup_mode = CRIU_CGROUP_STRICT;
	req.page_server_address = "::1";
	req.page_server_port = 99;
	criu_pairs_add(&req.ext_mounts, "/data", "/stage/k1");
	criu_strings_add(&req.external, "unix[7]");
	criu_inherits_add(&req.inherit_fds, "pipe:[5]", 1);
	criu_pairs_add(&req.join_ns, "ipc", "/proc/1/ns/ipc");
	criu_pairs_add(&req.cgroup_roots, NULL, "/c");
	criu_wire_request(&req, &b);
	msg = unpack(&b);
	o = msg->opts;
	assert_int_equal(msg->type, CRIU__REQ_TYPE__RESTORE);
	assert_int_equal(o->images_dir_fd, 7);
	assert_int_equal(o->work_dir_fd, 8);
	assert_string_equal(o->root, "/stage/root");
	assert_true(o->rst_sibling && o->tcp_established && o->notify_scripts);
	assert_int_equal(o->network_lock, CRIU__NETWORK_LOCK__LOCK_SKIP);
	assert_int_equal(o->manage_cgroups_mode, CRIU__CG_MODE__CG_STRICT);
	assert_string_equal(o->ps->address, "::1");
	assert_int_equal(o->ps->port, 99);
	assert_int_equal(o->n_ext_mnt, 1);
	assert_string_equal(o->ext_mnt[0]->key, "/data");
	assert_string_equal(o->ext_mnt[0]->val, "/stage/k1");
	assert_string_equal(o->external[0], "unix[7]");
	assert_string_equal(o->inherit_fd[0]->key, "pipe:[5]");
	assert_int_equal(o->inherit_fd[0]->fd, 1);
	assert_string_equal(o->join_ns[0]->ns_file, "/proc/1/ns/ipc");
	assert_null(o->cg_root[0]->ctrl);
	assert_string_equal(o->cg_root[0]->path, "/c");
	criu__req__free_unpacked(msg, NULL);
}

static void questions_keep_the_connection_open(void **state)
{
	AUTO(buf_done) struct buf version = { 0 };
	AUTO(buf_done) struct buf features = { 0 };
	Criu__Req *msg;

	(void)state;
	criu_wire_ask_version(&version);
	msg = unpack(&version);
	assert_int_equal(msg->type, CRIU__REQ_TYPE__VERSION);
	assert_true(msg->keep_open);
	criu__req__free_unpacked(msg, NULL);
	criu_wire_ask_features(&features);
	msg = unpack(&features);
	assert_int_equal(msg->type, CRIU__REQ_TYPE__FEATURE_CHECK);
	assert_true(msg->keep_open && msg->features->mem_track && msg->features->lazy_pages);
	criu__req__free_unpacked(msg, NULL);
}

static void a_version_is_one_number(void **state)
{
	Criu__Version version = CRIU__VERSION__INIT;
	Criu__Resp msg = CRIU__RESP__INIT;
	AUTO(buf_done) struct buf good = { 0 };
	AUTO(buf_done) struct buf absurd = { 0 };
	struct criu_answer a;

	(void)state;
	msg.type = CRIU__REQ_TYPE__VERSION;
	msg.success = true;
	msg.version = &version;
	version.major_number = 4;
	version.minor_number = 1;
	version.has_sublevel = true;
	version.sublevel = 1;
	pack(&msg, &good);
	assert_int_equal(criu_wire_answer(good.p, good.n, &a, NULL), 0);
	assert_int_equal(a.version, 40101);
	version.major_number = INT32_MAX;
	pack(&msg, &absurd);
	assert_int_equal(criu_wire_answer(absurd.p, absurd.n, &a, NULL), 0);
	assert_int_equal(a.version, 0);
}

static void a_notification_has_its_step_and_pid(void **state)
{
	Criu__Notify notify = CRIU__NOTIFY__INIT;
	Criu__Resp msg = CRIU__RESP__INIT;
	AUTO(buf_done) struct buf b = { 0 };
	struct criu_answer a;

	(void)state;
	msg.type = CRIU__REQ_TYPE__NOTIFY;
	msg.success = true;
	msg.notify = &notify;
	notify.script = (char *)"setup-namespaces";
	notify.has_pid = true;
	notify.pid = 196;
	pack(&msg, &b);
	assert_int_equal(criu_wire_answer(b.p, b.n, &a, NULL), 0);
	assert_int_equal(a.type, CRIU_ANSWER_NOTIFY);
	assert_string_equal(a.script, "setup-namespaces");
	assert_int_equal(a.pid, 196);
}

static void bytes_that_are_no_answer_are_refused(void **state)
{
	struct criu_answer a;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(criu_wire_answer("garbage", 7, &a, &err), -1);
	assert_int_equal(err.kind, ERR_CRIU);
	assert_string_equal(err.msg, "criu answered 7 bytes that are no message of its protocol");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_dump_asks_for_no_more_than_it_must),
		cmocka_unit_test(all_that_is_asked_reaches_the_message),
		cmocka_unit_test(questions_keep_the_connection_open),
		cmocka_unit_test(a_version_is_one_number),
		cmocka_unit_test(a_notification_has_its_step_and_pid),
		cmocka_unit_test(bytes_that_are_no_answer_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
