/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/runtime.pb-c.h"
#include "shim/task/cr_settings.h"

static Wkt__Any pack(const char *type, const Runtime__CheckpointOptions *m, uint8_t wire[256])
{
	Wkt__Any any = WKT__ANY__INIT;

	any.type_url = (char *)type;
	any.value.data = wire;
	any.value.len = runtime__checkpoint_options__pack(m, wire);
	return any;
}

static int take_body(struct cr_settings *s, const char *toml, struct err *err)
{
	return cr_settings_take_body(s, toml, strlen(toml), err);
}

static int take_annotation(struct cr_settings *s, const char *key, const char *value,
			   struct err *err)
{
	struct spec_pair pair = { (char *)key, (char *)value };
	const struct spec_pairs pairs = { &pair, 1 };

	return cr_settings_take_annotations(s, &pairs, err);
}

static void all_options_of_a_call_arrive(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_CHECKPOINT };
	Runtime__CheckpointOptions m = RUNTIME__CHECKPOINT_OPTIONS__INIT;
	char *namespaces[] = { (char *)"network" };
	uint8_t wire[256];
	Wkt__Any any;

	(void)state;
	m.exit = m.open_tcp = m.external_unix_sockets = m.terminal = m.file_locks = true;
	m.n_empty_namespaces = 1;
	m.empty_namespaces = namespaces;
	m.cgroups_mode = (char *)"soft";
	m.image_path = (char *)"/i";
	m.work_path = (char *)"/w";
	m.parent_path = (char *)"../p";
	any = pack("containerd.runc.v1.CheckpointOptions", &m, wire);
	assert_int_equal(cr_settings_take_request(&s, &any, NULL), 0);
	assert_true(s.exit);
	assert_true(s.cr.tcp_established);
	assert_true(s.cr.ext_unix_sk);
	assert_true(s.cr.shell_job);
	assert_true(s.cr.file_locks);
	assert_true(strv_has(&s.cr.empty_ns, "network"));
	assert_string_equal(s.cr.manage_cgroups, "soft");
	assert_string_equal(s.cr.image_path, "/i");
	assert_string_equal(s.cr.work_path, "/w");
	assert_string_equal(s.cr.parent_path, "../p");
}

static void the_old_origin_has_its_two_paths_the_other_way_round(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_CHECKPOINT };
	Runtime__CheckpointOptions m = RUNTIME__CHECKPOINT_OPTIONS__INIT;
	uint8_t wire[256];
	Wkt__Any any;

	(void)state;
	m.image_path = (char *)"/w"; /* field 8 */
	m.work_path = (char *)"/i";  /* field 9 */
	any = pack("types.containerd.io/containerd.linux.runc.CheckpointOptions", &m, wire);
	assert_int_equal(cr_settings_take_request(&s, &any, NULL), 0);
	assert_string_equal(s.cr.image_path, "/i");
	assert_string_equal(s.cr.work_path, "/w");
	assert_false(s.exit);
}

static void a_call_without_options_leaves_all_as_it_was(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_CHECKPOINT };
	Wkt__Any empty = WKT__ANY__INIT;

	(void)state;
	assert_int_equal(cr_settings_take_request(&s, NULL, NULL), 0);
	assert_int_equal(cr_settings_take_request(&s, &empty, NULL), 0);
	assert_false(s.exit);
	assert_null(s.cr.image_path);
	assert_null(s.cr.manage_cgroups);
	assert_int_equal(take_annotation(&s, "dev.kedge.checkpoint.exit", "true", NULL), 0);
	assert_int_equal(cr_settings_take_request(&s, NULL, NULL), 0);
	assert_true(s.exit);
}

static void a_call_with_options_says_whether_to_exit(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_CHECKPOINT };
	Runtime__CheckpointOptions m = RUNTIME__CHECKPOINT_OPTIONS__INIT;
	uint8_t wire[256];
	Wkt__Any any = pack("containerd.runc.v1.CheckpointOptions", &m, wire);

	(void)state;
	assert_int_equal(take_annotation(&s, "dev.kedge.checkpoint.exit", "true", NULL), 0);
	assert_int_equal(take_annotation(&s, "dev.kedge.checkpoint.file-locks", "true", NULL), 0);
	assert_int_equal(cr_settings_take_request(&s, &any, NULL), 0);
	assert_false(s.exit);
	assert_true(s.cr.file_locks);
}

static void options_of_another_kind_are_refused(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_CHECKPOINT };
	Wkt__Any any = WKT__ANY__INIT;
	uint8_t junk[] = { 0xff, 0xff };
	struct err err = { 0 };

	(void)state;
	any.type_url = (char *)"containerd.runc.v1.Options";
	assert_int_equal(cr_settings_take_request(&s, &any, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	any.type_url = (char *)"containerd.runc.v1.CheckpointOptions";
	any.value.data = junk;
	any.value.len = sizeof(junk);
	assert_int_equal(cr_settings_take_request(&s, &any, NULL), -1);
}

static void annotations_of_one_way_are_not_for_the_other(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_RESTORE };

	(void)state;
	assert_int_equal(take_annotation(&s, "dev.kedge.checkpoint.file-locks", "true", NULL), 0);
	assert_int_equal(take_annotation(&s, "dev.kedge.restored", "x", NULL), 0);
	assert_false(s.cr.file_locks);
	assert_int_equal(take_annotation(&s, "dev.kedge.restore.file-locks", "true", NULL), 0);
	assert_true(s.cr.file_locks);
	assert_int_equal(take_annotation(&s, "dev.kedge.restore.timeout", "30", NULL), 0);
	assert_int_equal(s.cr.timeout_s, 30);
	assert_int_equal(take_annotation(&s, "dev.kedge.restore.network-lock", "skip", NULL), 0);
	assert_string_equal(s.cr.network_lock, "skip");
}

static void lists_are_lines_or_several_annotations(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_RESTORE };

	(void)state;
	assert_int_equal(take_annotation(&s, "dev.kedge.restore.map", "/a b=/c\n/d=/e\n", NULL), 0);
	assert_int_equal(take_annotation(&s, "dev.kedge.restore.external.1", "mnt[/x]:/y", NULL),
			 0);
	assert_int_equal(take_annotation(&s, "dev.kedge.restore.external.2", "mnt[]", NULL), 0);
	assert_int_equal(s.cr.map.n, 2);
	assert_string_equal(s.cr.map.v[0], "/a b=/c");
	assert_string_equal(s.cr.map.v[1], "/d=/e");
	assert_int_equal(s.cr.external.n, 2);
	assert_string_equal(s.cr.external.v[1], "mnt[]");
}

static void annotations_that_say_nothing_right_are_refused_by_name(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} bad[] = {
		{ "dev.kedge.restore.fiel-locks", "true",
		  "annotation dev.kedge.restore.fiel-locks: it is not known" },
		{ "dev.kedge.restore.exit", "true",
		  "annotation dev.kedge.restore.exit: it is not known" },
		{ "dev.kedge.restore.file-locks.1", "true",
		  "annotation dev.kedge.restore.file-locks.1: it is not known" },
		{ "dev.kedge.restore.file-locks", "yes",
		  "annotation dev.kedge.restore.file-locks: file-locks: \"yes\" is neither true nor "
		  "false" },
		{ "dev.kedge.restore.timeout", "-1",
		  "annotation dev.kedge.restore.timeout: timeout: \"-1\" is no number of seconds" },
		{ "dev.kedge.restore.criu", "/tmp/evil",
		  "annotation dev.kedge.restore.criu: only the runtime's options say that" },
		{ "dev.kedge.restore.allow-unsafe-images", "true",
		  "annotation dev.kedge.restore.allow-unsafe-images: only the runtime's options say "
		  "that" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(cr_settings_done) struct cr_settings s = { .way = CR_RESTORE };
		struct err err = { 0 };

		assert_int_equal(take_annotation(&s, bad[i].key, bad[i].value, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_string_equal(err.msg, bad[i].why);
	}
}

static void the_body_speaks_of_both_ways_or_of_one(void **state)
{
	static const char toml[] = "tcp-established = true\nexit = true\nSystemdCgroup = true\n"
				   "[checkpoint]\nfile-locks = true\n"
				   "[restore]\nmap = [\"/a=/b\", '/c=/d']\ntcp-close = true\n"
				   "criu = '/opt/criu'\n[other]\nmap = 'x'\n";
	AUTO(cr_settings_done) struct cr_settings dump = { .way = CR_CHECKPOINT };
	AUTO(cr_settings_done) struct cr_settings restore = { .way = CR_RESTORE };

	(void)state;
	assert_int_equal(take_body(&dump, toml, NULL), 0);
	assert_int_equal(take_body(&restore, toml, NULL), 0);
	assert_true(dump.exit);
	assert_true(dump.cr.tcp_established);
	assert_true(dump.cr.file_locks);
	assert_int_equal(dump.cr.map.n, 0);
	assert_null(dump.cr.criu);
	assert_false(restore.exit);
	assert_true(restore.cr.tcp_established);
	assert_true(restore.cr.tcp_close);
	assert_false(restore.cr.file_locks);
	assert_int_equal(restore.cr.map.n, 2);
	assert_string_equal(restore.cr.criu, "/opt/criu");
}

static void a_slip_in_the_body_is_told_with_its_line(void **state)
{
	AUTO(cr_settings_done) struct cr_settings s = { .way = CR_CHECKPOINT };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(take_body(&s, "[checkpoint]\n\nexti = true", &err), -1);
	assert_string_equal(err.msg, "line 3: [checkpoint] exti: it is not known");
	err_clear(&err);
	assert_int_equal(take_body(&s, "[checkpoint]\nmap = 'a=b'", &err), -1);
	assert_string_equal(err.msg, "line 2: [checkpoint] map: it is not known");
	err_clear(&err);
	assert_int_equal(take_body(&s, "[checkpoint]\nexit = [true]", &err), -1);
	assert_string_equal(err.msg, "line 2: [checkpoint] exit: it is no list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_options_of_a_call_arrive),
		cmocka_unit_test(the_old_origin_has_its_two_paths_the_other_way_round),
		cmocka_unit_test(a_call_without_options_leaves_all_as_it_was),
		cmocka_unit_test(a_call_with_options_says_whether_to_exit),
		cmocka_unit_test(options_of_another_kind_are_refused),
		cmocka_unit_test(annotations_of_one_way_are_not_for_the_other),
		cmocka_unit_test(lists_are_lines_or_several_annotations),
		cmocka_unit_test(annotations_that_say_nothing_right_are_refused_by_name),
		cmocka_unit_test(the_body_speaks_of_both_ways_or_of_one),
		cmocka_unit_test(a_slip_in_the_body_is_told_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
