/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <unistd.h>

#include "oci/config_test.h"
#include "oci/spec_default.h"

static struct spec parse_default(bool rootless)
{
	auto_free char *text = oci_spec_default(rootless);
	struct err err = { 0 };
	struct spec spec = { 0 };

	if (oci_config_parse(text, strlen(text), &spec, &err))
		fail_msg("%s", err.msg);
	return spec;
}

static void the_document_is_indented_with_tabs(void **state)
{
	static const char head[] = "{\n\t\"ociVersion\": \"1.0.2\",\n\t\"process\": {\n"
				   "\t\t\"terminal\": true,\n\t\t\"user\": {\n\t\t\t\"uid\": 0,\n";
	static const char tail[] = "]\n\t}\n}\n";
	auto_free char *text = oci_spec_default(false);

	(void)state;
	assert_true(str_starts(text, head));
	assert_string_equal(text + strlen(text) - strlen(tail), tail);
}

/* testdata/runc.json is what runc 1.1.5 wrote, on cgroup v1: so without a cgroup namespace. */
static void the_default_is_what_runc_writes(void **state)
{
	json_t *theirs = json_load_file("oci/testdata/runc.json", 0, NULL);
	auto_free char *text = oci_spec_default(false);
	json_t *ours = json_loads(text, 0, NULL);
	json_t *namespaces = json_object_get(json_object_get(ours, "linux"), "namespaces");

	(void)state;
	assert_non_null(theirs);
	assert_string_equal(json_string_value(json_object_get(ours, "hostname")), "kedge");
	json_object_set_new(ours, "hostname", json_string("runc"));
	json_object_set_new(ours, "ociVersion", json_string("1.0.2-dev"));
	json_array_remove(namespaces, 5);
	assert_true(json_equal(ours, theirs));
	json_decref(theirs);
	json_decref(ours);
}

static void the_rootless_one_maps_the_caller_to_root(void **state)
{
	AUTO(spec_done) struct spec spec = parse_default(true);

	(void)state;
	assert_true(spec.ns[SPEC_NS_USER].present && !spec.ns[SPEC_NS_NET].present);
	assert_int_equal(spec.uid_maps.n, 1);
	assert_int_equal(spec.uid_maps.v[0].container_id, 0);
	assert_int_equal(spec.uid_maps.v[0].host_id, geteuid());
	assert_int_equal(spec.gid_maps.v[0].host_id, getegid());
	assert_int_equal(spec.gid_maps.v[0].size, 1);
	assert_int_equal(spec.mounts.v[2].options.n, 5);
	assert_string_equal(spec.mounts.v[5].type, "none");
	assert_string_equal(spec.mounts.v[5].options.v[0], "rbind");
	assert_int_equal(spec.resources.n_devices, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_is_indented_with_tabs),
		cmocka_unit_test(the_default_is_what_runc_writes),
		cmocka_unit_test(the_rootless_one_maps_the_caller_to_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
