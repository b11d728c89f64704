/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shim/cli/state.h"

static char key_a[] = "org.a", value_a[] = "x\"y", key_b[] = "org.b", value_b[] = "";
static struct spec_pair pairs[] = { { key_a, value_a }, { key_b, value_b } };
static const struct spec_pairs annotations = { .v = pairs, .n = 2 };

static const struct state_row rows[] = {
	{
		.oci_version = "1.0.2",
		.id = "web",
		.pid = 4242,
		.status = "running",
		.bundle = "/srv/bundles/web",
		.rootfs = "/srv/bundles/web/rootfs",
		.created = "2026-11-23T23:05:37.000000001Z",
		.owner = "root",
		.annotations = &annotations,
	},
	{ .id = "half-made-container", .status = "stopped" },
};

static void the_table_has_columns_as_wide_as_they_need(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	state_table(&b, rows, 2);
	assert_string_equal(b.p, "ID                    PID         STATUS      BUNDLE             "
				 "CREATED                          OWNER\n"
				 "web                   4242        running     /srv/bundles/web   "
				 "2026-11-23T23:05:37.000000001Z   root\n"
				 "half-made-container   0           stopped                        "
				 "                                 \n");
}

static void an_empty_table_is_its_heading(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	state_table(&b, NULL, 0);
	assert_string_equal(b.p, "ID          PID         STATUS      BUNDLE      CREATED     "
				 "OWNER\n");
}

static void compact_json_is_one_line_with_everything_escaped(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	state_json(&b, &rows[0], false);
	assert_string_equal(
		b.p, "{\"ociVersion\":\"1.0.2\",\"id\":\"web\",\"status\":\"running\","
		     "\"bundle\":\"/srv/bundles/web\",\"rootfs\":\"/srv/bundles/web/rootfs\","
		     "\"created\":\"2026-11-23T23:05:37.000000001Z\",\"pid\":4242,"
		     "\"annotations\":{\"org.a\":\"x\\\"y\",\"org.b\":\"\"},\"owner\":\"root\"}");
}

static void pretty_json_is_indented_and_leaves_out_missing_annotations(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };

	(void)state;
	state_json(&b, &rows[1], true);
	assert_string_equal(b.p, "{\n"
				 "  \"ociVersion\": \"\",\n"
				 "  \"id\": \"half-made-container\",\n"
				 "  \"status\": \"stopped\",\n"
				 "  \"bundle\": \"\",\n"
				 "  \"rootfs\": \"\",\n"
				 "  \"created\": \"\",\n"
				 "  \"pid\": 0,\n"
				 "  \"owner\": \"\"\n"
				 "}");
}

static void pretty_json_nests_annotations(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct state_row row = { .id = "a", .status = "created", .annotations = &annotations };

	(void)state;
	state_json(&b, &row, true);
	assert_string_equal(b.p, "{\n"
				 "  \"ociVersion\": \"\",\n"
				 "  \"id\": \"a\",\n"
				 "  \"status\": \"created\",\n"
				 "  \"bundle\": \"\",\n"
				 "  \"rootfs\": \"\",\n"
				 "  \"created\": \"\",\n"
				 "  \"pid\": 0,\n"
				 "  \"annotations\": {\n"
				 "    \"org.a\": \"x\\\"y\",\n"
				 "    \"org.b\": \"\"\n"
				 "  },\n"
				 "  \"owner\": \"\"\n"
				 "}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_columns_as_wide_as_they_need),
		cmocka_unit_test(an_empty_table_is_its_heading),
		cmocka_unit_test(compact_json_is_one_line_with_everything_escaped),
		cmocka_unit_test(pretty_json_is_indented_and_leaves_out_missing_annotations),
		cmocka_unit_test(pretty_json_nests_annotations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
