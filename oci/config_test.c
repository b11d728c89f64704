/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "oci/config_test.h"

static struct spec parse_file(const char *path)
{
	AUTO(buf_done) struct buf text = { 0 };
	struct err err = { 0 };
	struct spec spec = { 0 };

	if (fd_read_file(AT_FDCWD, path, SIZE_MAX, &text, &err) ||
	    oci_config_parse(text.p, text.n, &spec, &err))
		fail_msg("%s", err.msg);
	return spec;
}

static void the_config_of_runc_spec_is_read(void **state)
{
	AUTO(spec_done) struct spec spec = parse_file("oci/testdata/runc.json");
	static const uint64_t caps = 1U << 29 | 1U << 5 | 1U << 10;

	(void)state;
	assert_string_equal(spec.oci_version, "1.0.2-dev");
	assert_null(spec.bundle);
	assert_string_equal(spec.root.path, "rootfs");
	assert_true(spec.root.readonly);
	assert_string_equal(spec.hostname, "runc");
	assert_true(spec.has_process);
	assert_true(spec.process.terminal);
	assert_false(spec.process.has_console_size);
	assert_int_equal(spec.process.args.n, 1);
	assert_string_equal(spec.process.args.v[0], "sh");
	assert_int_equal(spec.process.env.n, 2);
	assert_string_equal(spec.process.env.v[1], "TERM=xterm");
	assert_string_equal(spec.process.cwd, "/");
	assert_true(spec.process.capabilities[SPEC_CAP_BOUNDING] == caps);
	assert_true(spec.process.capabilities[SPEC_CAP_EFFECTIVE] == caps);
	assert_true(spec.process.capabilities[SPEC_CAP_PERMITTED] == caps);
	assert_true(spec.process.capabilities[SPEC_CAP_AMBIENT] == caps);
	assert_true(spec.process.capabilities[SPEC_CAP_INHERITABLE] == 0);
	assert_int_equal(spec.process.n_rlimits, 1);
	assert_int_equal(spec.process.rlimits[0].hard, 1024);
	assert_true(spec.process.no_new_privileges);
	assert_int_equal(spec.mounts.n, 7);
	assert_int_equal(spec.mounts.v[0].options.n, 0);
	assert_string_equal(spec.mounts.v[2].destination, "/dev/pts");
	assert_string_equal(spec.mounts.v[2].options.v[5], "gid=5");
	assert_true(spec.ns[SPEC_NS_MOUNT].present && spec.ns[SPEC_NS_NET].present);
	assert_false(spec.ns[SPEC_NS_CGROUP].present || spec.ns[SPEC_NS_USER].present);
	assert_int_equal(spec.resources.n_devices, 1);
	assert_int_equal(spec.masked_paths.n, 10);
	assert_int_equal(spec.readonly_paths.n, 5);
	assert_null(spec.seccomp);
}

static void check_docker_seccomp(const struct spec_seccomp *seccomp)
{
	size_t names = 0;

	assert_string_equal(seccomp->default_action, "SCMP_ACT_ERRNO");
	assert_true(seccomp->has_default_errno);
	assert_int_equal(seccomp->default_errno_ret, 1);
	assert_int_equal(seccomp->architectures.n, 3);
	assert_int_equal(seccomp->flags.n, 0);
	assert_int_equal(seccomp->n_rules, 13);
	for (size_t i = 0; i < seccomp->n_rules; i++)
		names += seccomp->rules[i].names.n;
	assert_int_equal(names, 366);
	assert_string_equal(seccomp->rules[0].names.v[351], "writev");
	assert_string_equal(seccomp->rules[2].args[0].op, "SCMP_CMP_NE");
	assert_int_equal(seccomp->rules[2].args[0].value, 40);
	assert_true(seccomp->rules[7].args[0].value == UINT32_MAX);
	assert_string_equal(seccomp->rules[11].action, "SCMP_ACT_ERRNO");
	assert_true(seccomp->rules[11].has_errno);
	assert_int_equal(seccomp->rules[11].errno_ret, 38);
	assert_false(seccomp->rules[12].has_errno);
}

static void the_config_of_docker_is_read(void **state)
{
	AUTO(spec_done) struct spec spec = parse_file("oci/testdata/docker.json");
	const struct spec_hooks *prestart = &spec.hooks[SPEC_HOOK_PRESTART];

	(void)state;
	assert_true(spec.process.has_console_size);
	assert_int_equal(spec.process.console_height, 40);
	assert_int_equal(spec.process.console_width, 120);
	assert_int_equal(spec.process.user.n_additional_gids, 2);
	assert_int_equal(spec.process.user.additional_gids[1], 10);
	assert_true(spec.process.rlimits[1].hard == UINT64_MAX);
	assert_string_equal(spec.process.apparmor_profile, "docker-default");
	assert_true(spec.process.has_oom_score_adj);
	assert_string_equal(spec.mounts.v[7].source, "/srv/a");
	assert_string_equal(spec.mounts.v[7].options.v[1], "rprivate");
	assert_int_equal(prestart->n, 1);
	assert_string_equal(prestart->v[0].path, "/proc/1234/exe");
	assert_int_equal(prestart->v[0].args.n, 4);
	assert_int_equal(prestart->v[0].timeout_s, 0);
	assert_string_equal(spec.sysctl.v[0].key, "net/ipv4/ip_unprivileged_port_start");
	assert_string_equal(spec.sysctl.v[1].value, "0 2147483647");
	assert_int_equal(spec.resources.n_devices, 8);
	assert_false(spec.resources.cpu.shares.set);
	assert_false(spec.resources.blkio.weight.set);
	assert_false(spec.resources.pids_limit.set);
	assert_true(spec.ns[SPEC_NS_CGROUP].present);
	assert_int_equal(spec.masked_paths.n, 11);
	check_docker_seccomp(spec.seccomp);
}

static void the_config_of_containerd_is_read(void **state)
{
	AUTO(spec_done) struct spec spec = parse_file("oci/testdata/containerd.json");

	(void)state;
	assert_int_equal(spec.process.user.uid, 1000);
	assert_int_equal(spec.process.oom_score_adj, 985);
	assert_true(spec.process.no_new_privileges);
	assert_int_equal(spec.mounts.n, 11);
	assert_int_equal(spec.annotations.n, 6);
	assert_string_equal(spec.annotations.v[1].key, "io.kubernetes.cri.container-type");
	assert_string_equal(spec.annotations.v[1].value, "container");
	assert_null(spec.ns[SPEC_NS_PID].path);
	assert_string_equal(spec.ns[SPEC_NS_NET].path, "/proc/4242/ns/net");
	assert_int_equal(spec.resources.memory.limit.v, 134217728);
	assert_int_equal(spec.resources.cpu.quota_us.v, 50000);
	assert_string_equal(spec.resources.cpu.cpus, "0-1");
	assert_int_equal(spec.resources.pids_limit.v, 4096);
	assert_int_equal(spec.resources.n_hugepages, 1);
	assert_int_equal(spec.resources.unified.n, 2);
	assert_string_equal(spec.cgroups_path, "/kubepods/burstable/pod0a1b2c3d/52ab16b3");
}

static void all_findings_come_at_once(void **state)
{
	static const struct config_test_row rows[] = {
		{ "{'ociVersion':'1.0.2','root':{'path':'rootfs','readonly':1},"
		  "'process':{'args':['sh'],'cwd':'tmp','terminal':'yes'},"
		  "'mounts':[{'destination':'/a'},{'options':'ro'}],"
		  "'linux':{'namespaces':[{'type':'pid'},{'type':'pid'},{'type':'net'}],"
		  "'resources':{'memory':{'limit':'1g'}}}}",
		  "/root/readonly: must be true or false, is a number; "
		  "/process/terminal: must be true or false, is a string; "
		  "/process/cwd: must be an absolute path, is \"tmp\"; "
		  "/mounts/1/destination: is missing; "
		  "/mounts/1/options: must be an array, is a string; "
		  "/linux/namespaces/1/type: the type pid comes twice; "
		  "/linux/namespaces/2/type: must be one of cgroup, ipc, mount, network, pid, "
		  "time, user, uts, is \"net\"; "
		  "/linux/resources/memory/limit: must be a whole number from -1 to "
		  "9223372036854775807, is a string" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void the_version_is_1_x(void **state)
{
	static const struct config_test_row rows[] = {
		{ "{'ociVersion':'1.0.0-rc5','root':{'path':'r'}}", NULL },
		{ "{'ociVersion':'1.3.0','root':{'path':'r'}}", NULL },
		{ "{'ociVersion':'1.2.1+dev','root':{'path':'r'}}", NULL },
		{ "{'root':{'path':'r'}}", "/ociVersion: is missing" },
		{ "{'ociVersion':'','root':{'path':'r'}}",
		  "/ociVersion: must be a version such as 1.0.2, is \"\"" },
		{ "{'ociVersion':'1.0','root':{'path':'r'}}",
		  "/ociVersion: must be a version such as 1.0.2, is \"1.0\"" },
		{ "{'ociVersion':'1.00.2','root':{'path':'r'}}",
		  "/ociVersion: must be a version such as 1.0.2, is \"1.00.2\"" },
		{ "{'ociVersion':'1.0.2 ','root':{'path':'r'}}",
		  "/ociVersion: must be a version such as 1.0.2, is \"1.0.2 \"" },
		{ "{'ociVersion':'2.0.0','root':{'path':'r'}}",
		  "/ociVersion: must be a 1.x version, is \"2.0.0\"" },
		{ "{'ociVersion':1,'root':{'path':'r'}}",
		  "/ociVersion: must be a string, is a number" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_root_with_a_path_is_needed(void **state)
{
	static const struct config_test_row rows[] = {
		{ "[]", "the document: must be an object, is an array" },
		{ "{'ociVersion':'1.0.2'}", "/root: is missing" },
		{ "{'ociVersion':'1.0.2','root':null}", "/root: is missing" },
		{ "{'ociVersion':'1.0.2','root':{}}", "/root/path: is missing" },
		{ "{'ociVersion':'1.0.2','root':{'path':''}}", "/root/path: must not be empty" },
		{ "{'ociVersion':'1.0.2','root':'rootfs'}",
		  "/root: must be an object, is a string" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void unknown_keys_are_ignored(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'x':{'y':[1,2]},'linux':{'z':1,'resources':{'w':'v'}}"), NULL },
		{ PROCESS(",'commandLine':7,'user':{'username':'bob'}"), NULL },
		{ CONFIG(",'hooks':{'preStart':'none'}"), NULL },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_config_without_process_or_linux_is_whole(void **state)
{
	AUTO(spec_done) struct spec spec = config_test_parse(CONFIG(""));

	(void)state;
	assert_false(spec.has_process);
	assert_int_equal(spec.mounts.n, 0);
	assert_null(spec.hostname);
}

static void mounts_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'mounts':[]"), NULL },
		{ CONFIG(",'mounts':{}"), "/mounts: must be an array, is an object" },
		{ CONFIG(",'mounts':[7,null]"), "/mounts/0: must be an object, is a number; "
						"/mounts/1: must be an object, is null" },
		{ CONFIG(",'mounts':[{'destination':''}]"),
		  "/mounts/0/destination: must not be empty" },
		{ CONFIG(",'mounts':[{'destination':'/a','type':1,'source':[],'options':[0]}]"),
		  "/mounts/0/type: must be a string, is a number; "
		  "/mounts/0/source: must be a string, is an array; "
		  "/mounts/0/options/0: must be a string, is a number" },
		{ CONFIG(",'mounts':[{'destination':'/a',"
			 "'uidMappings':[{'containerID':0,'hostID':1,'size':1}]}]"),
		  "/mounts/0: uidMappings and gidMappings need one another" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_relative_destination_starts_at_the_root(void **state)
{
	AUTO(spec_done)
	struct spec spec =
		config_test_parse(CONFIG(",'mounts':[{'destination':'data','source':''}]"));

	(void)state;
	assert_string_equal(spec.mounts.v[0].destination, "/data");
	assert_null(spec.mounts.v[0].source);
}

static void hooks_of_all_kinds_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		CONFIG(",'hooks':{'prestart':[{'path':'/a'}],'createRuntime':[{'path':'/b'}],"
		       "'createContainer':[{'path':'/c'}],'startContainer':[{'path':'/d'}],"
		       "'poststart':[{'path':'/e','timeout':7,'env':['A=1'],'args':['e','-x']}],"
		       "'poststop':[{'path':'/f'},{'path':'/g'}]}"));
	static const char *const paths[] = { "/a", "/b", "/c", "/d", "/e", "/f" };

	(void)state;
	for (size_t i = 0; i < SPEC_HOOK_KINDS; i++)
		assert_string_equal(spec.hooks[i].v[0].path, paths[i]);
	assert_int_equal(spec.hooks[SPEC_HOOK_POSTSTART].v[0].timeout_s, 7);
	assert_string_equal(spec.hooks[SPEC_HOOK_POSTSTART].v[0].args.v[1], "-x");
	assert_string_equal(spec.hooks[SPEC_HOOK_POSTSTART].v[0].env.v[0], "A=1");
	assert_int_equal(spec.hooks[SPEC_HOOK_POSTSTOP].n, 2);
}

static void hooks_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'hooks':[]"), "/hooks: must be an object, is an array" },
		{ CONFIG(",'hooks':{'poststop':{}}"),
		  "/hooks/poststop: must be an array, is an object" },
		{ CONFIG(",'hooks':{'prestart':[{'args':['a']}]}"),
		  "/hooks/prestart/0/path: is missing" },
		{ CONFIG(",'hooks':{'poststart':[{'path':'bin/a','timeout':0}]}"),
		  "/hooks/poststart/0/path: must be an absolute path, is \"bin/a\"; "
		  "/hooks/poststart/0/timeout: must be a whole number from 1 to 2147483647, is 0" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void annotations_are_strings(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'annotations':{'a':'','b':'c'}"), NULL },
		{ CONFIG(",'annotations':{'a':1,'b/c':{}}"),
		  "/annotations/a: must be a string, is a number; "
		  "/annotations/b~1c: must be a string, is an object" },
		{ CONFIG(",'annotations':{'':'x'}"), "/annotations/: a key must not be empty" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_config_for_another_platform_is_refused(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'windows':{}"),
		  "/windows: this is not a config for Linux: it has no /linux" },
		{ CONFIG(",'vm':{}"), "/vm: this is not a config for Linux: it has no /linux" },
		{ CONFIG(",'vm':{},'linux':{}"), NULL },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_text_beyond_16_mib_is_refused(void **state)
{
	size_t bytes = ((size_t)16 << 20) + 1;
	auto_free char *text = xcalloc(1, bytes);
	struct err err = { 0 };
	struct spec spec;

	(void)state;
	assert_int_equal(oci_config_parse(text, bytes, &spec, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.msg,
			    "config.json: it has 16777217 bytes, more than 16777216 (16 MiB)");
}

static char bundle[] = "/tmp/kedge-config-XXXXXX";

static int make_bundle(void **state)
{
	(void)state;
	return mkdtemp(bundle) ? 0 : -1;
}

static int remove_bundle(void **state)
{
	(void)state;
	return fd_remove_tree(AT_FDCWD, bundle, NULL);
}

/* Put a config.json of `bytes` bytes, `text` and then a hole, into the bundle. */
static void put_config(const char *text, off_t bytes)
{
	auto_free char *path = xasprintf("%s/config.json", bundle);
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), NULL), 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
}

static int load(const char *dir, struct spec *spec, struct err *err)
{
	AUTO(buf_done) struct buf text = { 0 };

	return oci_config_load(dir, &text, spec, err);
}

static void a_bundle_is_loaded_with_its_absolute_path(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"}}";
	auto_free char *roundabout = xasprintf("/proc/self/root%s/../%s/.", bundle, bundle + 5);
	AUTO(spec_done) struct spec spec = { 0 };
	struct err err = { 0 };

	(void)state;
	put_config(text, sizeof(text) - 1);
	assert_int_equal(load(roundabout, &spec, &err), 0);
	assert_string_equal(spec.bundle, bundle);
	assert_string_equal(spec.root.path, "rootfs");
}

static void a_config_of_100_mb_is_refused_unread(void **state)
{
	auto_free char *message = xasprintf(
		"%s/config.json: it has 100000000 bytes, more than 16777216 (16 MiB)", bundle);
	struct err err = { 0 };
	struct spec spec;

	(void)state;
	put_config("{", 100000000);
	assert_int_equal(load(bundle, &spec, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.msg, message);
}

static void a_config_that_is_no_file_is_refused(void **state)
{
	auto_free char *path = xasprintf("%s/config.json", bundle);
	auto_free char *message = xasprintf("%s: it is not a regular file", path);
	struct err err = { 0 };
	struct spec spec;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(bundle, &spec, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, message);
}

static void a_bundle_that_is_not_there_is_named(void **state)
{
	auto_free char *path = xasprintf("%s/none", bundle);
	struct err err = { 0 };
	struct spec spec;

	(void)state;
	assert_int_equal(load(path, &spec, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, path));
	assert_true(strlen(err.hint) > 0);
	assert_int_equal(load("/proc/self/ns", &spec, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "/proc/self/ns/config.json: open: No such file or directory");
	assert_non_null(strstr(err.hint, "kedge spec -b /proc/self/ns"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_config_of_runc_spec_is_read),
		cmocka_unit_test(the_config_of_docker_is_read),
		cmocka_unit_test(the_config_of_containerd_is_read),
		cmocka_unit_test(all_findings_come_at_once),
		cmocka_unit_test(the_version_is_1_x),
		cmocka_unit_test(a_root_with_a_path_is_needed),
		cmocka_unit_test(unknown_keys_are_ignored),
		cmocka_unit_test(a_config_without_process_or_linux_is_whole),
		cmocka_unit_test(mounts_are_checked),
		cmocka_unit_test(a_relative_destination_starts_at_the_root),
		cmocka_unit_test(hooks_of_all_kinds_are_read),
		cmocka_unit_test(hooks_are_checked),
		cmocka_unit_test(annotations_are_strings),
		cmocka_unit_test(a_config_for_another_platform_is_refused),
		cmocka_unit_test(a_text_beyond_16_mib_is_refused),
		cmocka_unit_test(a_bundle_is_loaded_with_its_absolute_path),
		cmocka_unit_test(a_config_of_100_mb_is_refused_unread),
		cmocka_unit_test(a_config_that_is_no_file_is_refused),
		cmocka_unit_test(a_bundle_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, make_bundle, remove_bundle);
}
