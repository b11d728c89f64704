/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mount.h>

#include "oci/inspection.h"
#include "shim/cli/inspect_text.h"

static char dir[] = "/var/ck/\x1b[31mweb";

static struct image_mount mounts[] = {
	{ .id = 7,
	  .parent = 5,
	  .mountpoint = "/data/\"\x1b]0;x\x07\\n",
	  .root = "/srv/a",
	  .source = "/dev/sda1",
	  .options = "",
	  .key = "k\x9b"
		 "1",
	  .flags = MS_RDONLY,
	  .master = 3,
	  .is_deleted = true },
	{ .id = 5, .mountpoint = "/", .root = "/", .source = "x", .options = "", .fstype = 17 },
};
static struct inspection_ns ns = { .id = 13, .is_root = true, .mounts = { .v = mounts, .n = 2 } };
static struct image_task tasks[] = {
	{ .pid = 1, .n_threads = 3, .name = "s\nh", .state = "alive" },
	{ .pid = 4, .parent = 1, .n_threads = 1, .state = "unknown" },
};

static struct inspection hostile(void)
{
	return (struct inspection){
		.dir = dir,
		.engine = "runc",
		.has_inventory = true,
		.inventory = { .mnt_ns = 13, .has_net_ns = true },
		.tasks = { .v = tasks, .n = 2 },
		.ns = &ns,
		.n_ns = 1,
		.has_stats = true,
		.stats = { .frozen_us = 41234, .memdump_us = 1500, .pages_written = 9 },
		.sizes = { .n_files = 4, .total = 1258291, .memory = 4096 },
	};
}

static void expect_printable(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if ((*p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f)
			fail_msg("byte %#x at %zu of: %s", *p, (size_t)((const char *)p - text),
				 text);
	assert_true(str_is_utf8(text, strlen(text)));
}

static void the_table_says_what_it_is_and_lists_mounts_parents_first(void **state)
{
	struct inspection in = hostile();
	struct oci_archive archive = { .manager = "podman", .name = (char *)"web" };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	inspect_text_table(&in, &archive, &b);
	expect_printable(b.p);
	assert_string_equal(
		b.p,
		"/var/ck/\\x1b[31mweb\n"
		"  made by     runc, by podman\n"
		"  container   web\n"
		"  processes   2, with 4 threads\n"
		"  mounts      2, 1 of them external\n"
		"  namespaces  mount network\n"
		"  size        1.2 MiB in 4 files: memory 4.0 KiB, tmpfs 0 B\n"
		"  times       frozen 41.2 ms, of it memory 1.5 ms; 9 pages written\n"
		"\nMounts\n"
		"  MOUNTPOINT             TYPE     KEY     ROOT    FLAGS  REMARKS\n"
		"  /                      overlay                  rw\n"
		"  /data/\"\\x1b]0;x\\x07\\n  disk     k\\x9b1  /srv/a  ro     master:3 deleted\n"
		"\nProcesses\n"
		"  PID  PARENT  THREADS  STATE    NAME\n"
		"  1    0       3        alive    s\\x0ah\n"
		"  4    1       1        unknown\n");
}

static void kedge_json_adds_sources_and_what_became_of_them(void **state)
{
	struct checkpoint_mount known = { .id = 7,
					  .key = "k1",
					  .origin = EXTERNAL_CONFIG,
					  .destination = "/old\x1b",
					  .source = "/home/a",
					  .source_state = CHECKPOINT_SOURCE_REPLACED,
					  .is_moved = true };
	struct inspection in = hostile();
	struct oci_archive archive = { 0 };
	AUTO(buf_done) struct buf b = { 0 };
	auto_free char *json = NULL;

	(void)state;
	in.info = (struct checkpoint_info){
		.version = 1, .id = "web", .host = "h1", .kernel = "6.18", .v = &known, .n = 1
	};
	inspect_text_table(&in, &archive, &b);
	expect_printable(b.p);
	assert_non_null(strstr(b.p, "  made by     runc, on h1 (Linux 6.18)\n"
				    "  container   web\n"));
	assert_non_null(strstr(b.p, "  SOURCE   FLAGS  REMARKS\n"));
	assert_non_null(strstr(b.p, "  /home/a  ro     config moved from /old\\x1b source replaced "
				    "master:3 deleted\n"));
	json = oci_inspection(&in, &archive);
	assert_non_null(strstr(json, "\"sourceState\": \"replaced\""));
	assert_non_null(strstr(json, "\"hostSource\": \"/home/a\""));
}

static void the_tree_shows_what_lies_on_what(void **state)
{
	struct inspection in = hostile();
	struct oci_archive archive = { 0 };
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	inspect_text_tree(&in, &archive, &b);
	expect_printable(b.p);
	assert_non_null(strstr(b.p, "\nMounts\n"
				    "  /  overlay\n"
				    "  └─/data/\"\\x1b]0;x\\x07\\n  disk  key k\\x9b1\n"));
	assert_non_null(strstr(b.p, "\nProcesses\n"
				    "  1 s\\x0ah (3 threads)\n"
				    "  └─4 ?\n"));
}

static void no_name_can_end_a_label_of_the_graph(void **state)
{
	struct inspection in = hostile();
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	inspect_text_dot(&in, &b);
	expect_printable(b.p);
	assert_string_equal(
		b.p, "digraph mounts {\n"
		     "\trankdir=LR;\n"
		     "\tn13_5 [label=\"/\\noverlay\"];\n"
		     "\tn13_7 [shape=box, style=bold, label=\"/data/\\\"\\\\x1b]0;x\\\\x07\\\\n"
		     "\\ndisk\\nkey k\\\\x9b1\"];\n"
		     "\tn13_5 -> n13_7;\n"
		     "}\n");
}

static void json_has_all_of_it_and_nothing_a_terminal_obeys(void **state)
{
	struct inspection in = hostile();
	struct oci_archive archive = { 0 };
	auto_free char *text = oci_inspection(&in, &archive);

	(void)state;
	expect_printable(text);
	assert_non_null(strstr(text, "\"mountpoint\": \"/data/\\\"\\u001b]0;x\\u0007\\\\n\""));
	assert_non_null(strstr(text, "\"frozenUs\": 41234"));
	assert_non_null(strstr(text, "\"problems\": []"));
}

static void sizes_have_a_unit_that_fits(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = { { 0, "0 B" },
		      { 1023, "1023 B" },
		      { 1024, "1.0 KiB" },
		      { 1048575, "1.0 MiB" },
		      { UINT64_MAX, "16.0 EiB" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_done) struct buf b = { 0 };

		inspect_text_bytes(cases[i].bytes, &b);
		assert_string_equal(b.p, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_says_what_it_is_and_lists_mounts_parents_first),
		cmocka_unit_test(kedge_json_adds_sources_and_what_became_of_them),
		cmocka_unit_test(the_tree_shows_what_lies_on_what),
		cmocka_unit_test(no_name_can_end_a_label_of_the_graph),
		cmocka_unit_test(json_has_all_of_it_and_nothing_a_terminal_obeys),
		cmocka_unit_test(sizes_have_a_unit_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
