/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "oci/config.h"
#include "shim/task/sandbox_spec.h"

static const struct sandbox_place place = {
	.id = "pod-1",
	.namespace = "k8s.io",
	.netns = "/run/netns/n",
	.binary = "/usr/bin/kedge",
};

/* Make the document, and read it as Create does. */
static void make(const Sandbox__PodConfig *pod, const char *netns, struct spec *spec)
{
	struct sandbox_place at = place;
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };

	at.netns = netns;
	assert_int_equal(sandbox_spec(pod, &at, &text, &err), 0);
	if (oci_config_parse(text.p, text.n, spec, &err))
		fail_msg("%s", err.msg);
}

static void a_pod_that_says_nothing_has_namespaces_of_its_own(void **state)
{
	Sandbox__PodConfig pod = SANDBOX__POD_CONFIG__INIT;
	AUTO(spec_done) struct spec spec = { 0 };

	(void)state;
	make(&pod, "/run/netns/n", &spec);
	assert_true(spec.ns[SPEC_NS_PID].present);
	assert_true(spec.ns[SPEC_NS_IPC].present);
	assert_true(spec.ns[SPEC_NS_UTS].present);
	assert_string_equal(spec.ns[SPEC_NS_NET].path, "/run/netns/n");
	assert_false(spec.ns[SPEC_NS_USER].present);
	assert_string_equal(spec.cgroups_path, "/k8s.io/pod-1");
	assert_null(spec.hostname);
}

static void what_is_the_nodes_is_left_out(void **state)
{
	Sandbox__PodConfig pod = SANDBOX__POD_CONFIG__INIT;
	Sandbox__PodLinux linux_ = SANDBOX__POD_LINUX__INIT;
	Sandbox__PodSecurity security = SANDBOX__POD_SECURITY__INIT;
	Sandbox__Namespaces ns = SANDBOX__NAMESPACES__INIT;
	AUTO(spec_done) struct spec spec = { 0 };
	char name[] = "host";

	(void)state;
	ns.network = ns.pid = ns.ipc = SANDBOX__NAMESPACE_MODE__NODE;
	security.namespaces = &ns;
	linux_.security = &security;
	pod.on_linux = &linux_;
	pod.hostname = name;
	make(&pod, "", &spec);
	assert_false(spec.ns[SPEC_NS_PID].present);
	assert_false(spec.ns[SPEC_NS_IPC].present);
	assert_false(spec.ns[SPEC_NS_UTS].present);
	assert_false(spec.ns[SPEC_NS_NET].present);
	assert_null(spec.hostname);
}

static void names_parents_users_and_sysctls_are_taken_whatever_is_in_them(void **state)
{
	Sandbox__PodConfig pod = SANDBOX__POD_CONFIG__INIT;
	Sandbox__PodLinux linux_ = SANDBOX__POD_LINUX__INIT;
	Sandbox__PodSecurity security = SANDBOX__POD_SECURITY__INIT;
	Sandbox__Int64Value user = SANDBOX__INT64_VALUE__INIT;
	Sandbox__PodLinux__SysctlsEntry entry = SANDBOX__POD_LINUX__SYSCTLS_ENTRY__INIT;
	Sandbox__PodLinux__SysctlsEntry *entries = &entry;
	AUTO(spec_done) struct spec spec = { 0 };
	char name[] = "a-name", parent[] = "/kubepods/\"x", key[] = "net.ipv4.ip_forward",
	     one[] = "1";

	(void)state;
	user.value = 1000;
	security.run_as_user = &user;
	entry.key = key;
	entry.value = one;
	linux_.cgroup_parent = parent;
	linux_.security = &security;
	linux_.sysctls = &entries;
	linux_.n_sysctls = 1;
	pod.on_linux = &linux_;
	pod.hostname = name;
	make(&pod, "", &spec);
	assert_string_equal(spec.hostname, "a-name");
	assert_string_equal(spec.cgroups_path, "/kubepods/\"x/pod-1");
	assert_int_equal(spec.process.user.uid, 1000);
	assert_int_equal(spec.sysctl.n, 1);
	assert_true(spec.ns[SPEC_NS_NET].present);
	assert_null(spec.ns[SPEC_NS_NET].path);
}

static void a_slice_gets_a_scope_of_systemds(void **state)
{
	Sandbox__PodConfig pod = SANDBOX__POD_CONFIG__INIT;
	Sandbox__PodLinux linux_ = SANDBOX__POD_LINUX__INIT;
	AUTO(spec_done) struct spec spec = { 0 };
	char parent[] = "/kubepods.slice/kubepods-pod1.slice";

	(void)state;
	linux_.cgroup_parent = parent;
	pod.on_linux = &linux_;
	make(&pod, "", &spec);
	assert_string_equal(spec.cgroups_path, "kubepods-pod1.slice:cri-containerd:pod-1");
}

static void a_user_namespace_is_refused(void **state)
{
	Sandbox__PodConfig pod = SANDBOX__POD_CONFIG__INIT;
	Sandbox__PodLinux linux_ = SANDBOX__POD_LINUX__INIT;
	Sandbox__PodSecurity security = SANDBOX__POD_SECURITY__INIT;
	Sandbox__Namespaces ns = SANDBOX__NAMESPACES__INIT;
	Sandbox__UserNamespace user = SANDBOX__USER_NAMESPACE__INIT;
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };

	(void)state;
	ns.user = &user;
	security.namespaces = &ns;
	linux_.security = &security;
	pod.on_linux = &linux_;
	assert_int_equal(sandbox_spec(&pod, &place, &text, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	user.mode = SANDBOX__NAMESPACE_MODE__NODE;
	assert_int_equal(sandbox_spec(&pod, &place, &text, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_that_says_nothing_has_namespaces_of_its_own),
		cmocka_unit_test(what_is_the_nodes_is_left_out),
		cmocka_unit_test(names_parents_users_and_sysctls_are_taken_whatever_is_in_them),
		cmocka_unit_test(a_slice_gets_a_scope_of_systemds),
		cmocka_unit_test(a_user_namespace_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
