/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "core/base/str.h"
#include "oci/features.h"
#include "oci/json_out.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct oci_features_in example = {
	.version = "0.1.0",
	.commit = "abc",
	.libseccomp_version = "2.5.4",
	.mount_options = LIST("bind", "ro"),
	.seccomp_actions = LIST("SCMP_ACT_ALLOW"),
	.seccomp_operators = LIST("SCMP_CMP_EQ"),
	.seccomp_archs = LIST("SCMP_ARCH_X86"),
	.seccomp_known_flags = LIST("F", "G"),
	.seccomp_supported_flags = LIST("F"),
	.unsafe_annotations = LIST("dev.kedge.checkpoint."),
};

static json_t *load(const struct oci_features_in *in)
{
	auto_free char *text = oci_features(in);
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		fail_msg("%s", error.text);
	return root;
}

/* The value at a path such as "linux.seccomp.enabled". */
static const json_t *at(const json_t *v, const char *path)
{
	auto_free char *copy = xstrdup(path);
	char *rest = copy;

	for (char *key = strsep(&rest, "."); key; key = strsep(&rest, "."))
		v = json_object_get(v, key);
	return v;
}

static void expect_list(const json_t *list, const char *joined)
{
	AUTO(buf_done) struct buf b = { 0 };

	for (size_t i = 0; i < json_array_size(list); i++)
		buf_addf(&b, "%s%s", i ? " " : "", json_string_value(json_array_get(list, i)));
	assert_string_equal(b.p, joined);
}

static void the_lists_are_those_of_the_tables(void **state)
{
	json_t *root = load(&example);

	(void)state;
	assert_string_equal(json_string_value(at(root, "ociVersionMin")), "1.0.0");
	assert_string_equal(json_string_value(at(root, "ociVersionMax")), "1.3.0");
	expect_list(at(root, "hooks"), "prestart createRuntime createContainer startContainer "
				       "poststart poststop");
	expect_list(at(root, "mountOptions"), "bind ro");
	expect_list(at(root, "linux.namespaces"), "cgroup ipc mount network pid time user uts");
	assert_int_equal(json_array_size(at(root, "linux.capabilities")), 41);
	expect_list(at(root, "linux.seccomp.actions"), "SCMP_ACT_ALLOW");
	expect_list(at(root, "linux.seccomp.operators"), "SCMP_CMP_EQ");
	expect_list(at(root, "linux.seccomp.archs"), "SCMP_ARCH_X86");
	expect_list(at(root, "linux.seccomp.knownFlags"), "F G");
	expect_list(at(root, "linux.seccomp.supportedFlags"), "F");
	expect_list(at(root, "potentiallyUnsafeConfigAnnotations"), "dev.kedge.checkpoint.");
	json_decref(root);
}

static void what_is_there_is_true_and_the_rest_false(void **state)
{
	static const char *const on[] = {
		"linux.cgroup.v1",	 "linux.cgroup.v2",
		"linux.cgroup.systemd",	 "linux.cgroup.rdma",
		"linux.seccomp.enabled", "linux.apparmor.enabled",
		"linux.selinux.enabled", "linux.mountExtensions.idmap.enabled",
	};
	static const char *const off[] = {
		"linux.cgroup.systemdUser",
		"linux.intelRdt.enabled",
		"linux.netDevices.enabled",
	};
	json_t *root = load(&example);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(on); i++)
		assert_true(json_is_true(at(root, on[i])));
	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		assert_true(json_is_false(at(root, off[i])));
	json_decref(root);
}

static void annotations_are_strings(void **state)
{
	static const char *const pairs[][2] = {
		{ "org.opencontainers.runc.checkpoint.enabled", "true" },
		{ "dev.kedge.checkpoint.external", "true" },
		{ "dev.kedge.version", "0.1.0" },
		{ "dev.kedge.commit", "abc" },
		{ "io.github.seccomp.libseccomp.version", "2.5.4" },
	};
	json_t *root = load(&example);
	const json_t *annotations = at(root, "annotations");

	(void)state;
	assert_int_equal(json_object_size(annotations), ARRAY_LEN(pairs));
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_string_equal(json_string_value(json_object_get(annotations, pairs[i][0])),
				    pairs[i][1]);
	json_decref(root);
}

static void without_seccomp_it_is_off(void **state)
{
	const struct oci_features_in in = { .version = "1" };
	json_t *root = load(&in);

	(void)state;
	assert_true(json_is_false(at(root, "linux.seccomp.enabled")));
	assert_null(at(root, "linux.seccomp.actions"));
	assert_int_equal(json_array_size(at(root, "mountOptions")), 0);
	assert_int_equal(json_object_size(at(root, "annotations")), 3);
	json_decref(root);
}

static void the_writer_escapes_and_nests(void **state)
{
	struct json_out out = { .indent = "\t" };

	(void)state;
	json_out_open(&out, NULL, '{');
	json_out_string(&out, "a\"", "b\n\\");
	json_out_open(&out, "o", '{');
	json_out_close(&out, '}');
	json_out_strings(&out, "l", NULL);
	json_out_strings(&out, "m", LIST("x", "y"));
	json_out_number(&out, "n", 18446744073709551615ULL);
	json_out_bool(&out, "t", false);
	json_out_close(&out, '}');
	assert_string_equal(
		out.text.p,
		"{\n\t\"a\\\"\": \"b\\n\\\\\",\n\t\"o\": {},\n\t\"l\": [],\n\t\"m\": [\n"
		"\t\t\"x\",\n\t\t\"y\"\n\t],\n\t\"n\": 18446744073709551615,\n"
		"\t\"t\": false\n}");
	buf_done(&out.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lists_are_those_of_the_tables),
		cmocka_unit_test(what_is_there_is_true_and_the_rest_false),
		cmocka_unit_test(annotations_are_strings),
		cmocka_unit_test(without_seccomp_it_is_off),
		cmocka_unit_test(the_writer_escapes_and_nests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
