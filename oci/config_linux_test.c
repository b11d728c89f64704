/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mount.h>

#include "oci/config_test.h"

/* Every namespace, each new. */
#define ALL_NS                                                                                \
	"'namespaces':[{'type':'cgroup'},{'type':'ipc'},{'type':'mount'},{'type':'network'}," \
	"{'type':'pid'},{'type':'time'},{'type':'uts'}]"
#define NS(type) "'namespaces':[{'type':'" type "'}]"
#define MAP	 "[{'containerID':0,'hostID':1000,'size':1}]"

static void namespaces_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		LINUX("'namespaces':[{'type':'pid','path':''},{'type':'network','path':'/run/n'},"
		      "{'type':'time'},{'type':'user','path':'/proc/1/ns/user'}]"));

	(void)state;
	assert_true(spec.ns[SPEC_NS_PID].present);
	assert_null(spec.ns[SPEC_NS_PID].path);
	assert_string_equal(spec.ns[SPEC_NS_NET].path, "/run/n");
	assert_true(spec.ns[SPEC_NS_TIME].present);
	assert_string_equal(spec.ns[SPEC_NS_USER].path, "/proc/1/ns/user");
	assert_false(spec.ns[SPEC_NS_MOUNT].present);
}

static void namespaces_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX("'namespaces':[{},{'type':'ipc','path':'ns/ipc'},{'type':'net'},4]"),
		  "/linux/namespaces/0/type: is missing; "
		  "/linux/namespaces/1/path: must be an absolute path, is \"ns/ipc\"; "
		  "/linux/namespaces/2/type: must be one of cgroup, ipc, mount, network, pid, "
		  "time, user, uts, is \"net\"; "
		  "/linux/namespaces/3: must be an object, is a number" },
		{ LINUX("'namespaces':[{'type':'uts'},{'type':'uts','path':'/a'}]"),
		  "/linux/namespaces/1/type: the type uts comes twice" },
		/* Nothing about the host name: with such a list it would mislead. */
		{ CONFIG(",'hostname':'h','linux':{'namespaces':{'type':'uts'}}"),
		  "/linux/namespaces: must be an array, is an object" },
		{ CONFIG(",'hostname':'h','linux':[]"), "/linux: must be an object, is an array" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void names_of_the_host_need_a_uts_namespace(void **state)
{
	static const struct config_test_row rows[] = {
		{ CONFIG(",'hostname':'','domainname':''"), NULL },
		{ CONFIG(",'hostname':'h','domainname':'d','linux':{" NS("uts") "}"), NULL },
		{ CONFIG(",'hostname':'h','domainname':'d','linux':{}"),
		  "/hostname: needs a uts namespace in /linux/namespaces; "
		  "/domainname: needs a uts namespace in /linux/namespaces" },
		{ CONFIG(",'hostname':'0123456789012345678901234567890123456789"
			 "0123456789012345678901234','linux':{" NS("uts") "}"),
		  "/hostname: must not be longer than 64 bytes, has 65" },
		{ CONFIG(",'hostname':5"), "/hostname: must be a string, is a number" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void id_maps_belong_to_a_user_namespace(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX("'uidMappings':" MAP ",'gidMappings':" MAP "," NS("user")), NULL },
		{ LINUX("'uidMappings':" MAP ",'gidMappings':" MAP),
		  "/linux/uidMappings: needs a user namespace in /linux/namespaces; "
		  "/linux/gidMappings: needs a user namespace in /linux/namespaces" },
		{ LINUX("'uidMappings':" MAP "," NS("user")),
		  "/linux/gidMappings: is missing: a new user namespace needs it" },
		{ LINUX("'uidMappings':[],'gidMappings':[]"), NULL },
		{ LINUX("'namespaces':[{'type':'user','path':'/proc/1/ns/user'}]"), NULL },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

#define UID_MAPS(maps) LINUX(NS("user") ",'gidMappings':" MAP ",'uidMappings':[" maps "]")

static void id_maps_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ UID_MAPS("{'containerID':0,'hostID':0,'size':4294967295}"), NULL },
		{ UID_MAPS("{'containerID':0,'hostID':1,'size':4294967295}"),
		  "/linux/uidMappings/0: the ids 1 to 4294967295 run past the last id, "
		  "4294967294" },
		{ UID_MAPS("{'containerID':0,'hostID':0,'size':0},{}"),
		  "/linux/uidMappings/0: size must be above 0; "
		  "/linux/uidMappings/1/containerID: is missing; "
		  "/linux/uidMappings/1/hostID: is missing; "
		  "/linux/uidMappings/1/size: is missing" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void time_offsets_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		LINUX(NS("time") ",'timeOffsets':{'monotonic':{'secs':-5,'nanosecs':999999999},"
				 "'boottime':{'secs':86400}}"));

	(void)state;
	assert_true(spec.monotonic.set && spec.boottime.set);
	assert_int_equal(spec.monotonic.secs, -5);
	assert_int_equal(spec.monotonic.nanosecs, 999999999);
	assert_int_equal(spec.boottime.secs, 86400);
}

static void time_offsets_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX("'timeOffsets':{}"), NULL },
		{ LINUX("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
		  "/linux/timeOffsets/boottime/nanosecs: must be a whole number from 0 to "
		  "999999999, is 1000000000; "
		  "/linux/timeOffsets: needs a time namespace in /linux/namespaces" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void devices_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		LINUX("'devices':[{'type':'u','path':'/dev/fuse','major':10,'minor':229,"
		      "'fileMode':8624,'uid':1,'gid':2},{'type':'p','path':'/dev/p'}]"));

	(void)state;
	assert_int_equal(spec.n_devices, 2);
	assert_int_equal(spec.devices[0].type, 'c');
	assert_string_equal(spec.devices[0].path, "/dev/fuse");
	assert_int_equal(spec.devices[0].major, 10);
	assert_int_equal(spec.devices[0].minor, 229);
	assert_true(spec.devices[0].has_mode);
	assert_int_equal(spec.devices[0].mode, 0660);
	assert_int_equal(spec.devices[0].gid, 2);
	assert_int_equal(spec.devices[1].type, 'p');
	assert_false(spec.devices[1].has_mode);
}

static void devices_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX("'devices':[{'type':'x','path':'dev/a','major':1,'minor':1},{}]"),
		  "/linux/devices/0/type: must be one of c, u, b, p, is \"x\"; "
		  "/linux/devices/0/path: must be an absolute path, is \"dev/a\"; "
		  "/linux/devices/1/type: is missing; /linux/devices/1/path: is missing" },
		{ LINUX("'devices':[{'type':'b','path':'/dev/a','major':8}]"),
		  "/linux/devices/0: major and minor are missing" },
		{ LINUX("'devices':[{'type':'b','path':'/dev/a','major':4096,'minor':-1}]"),
		  "/linux/devices/0/major: must be a whole number from 0 to 4095, is 4096; "
		  "/linux/devices/0/minor: must be a whole number from 0 to 1048575, is -1" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void propagation_is_a_word(void **state)
{
	AUTO(spec_done) struct spec spec = config_test_parse(LINUX("'rootfsPropagation':'rslave'"));
	static const struct config_test_row rows[] = {
		{ LINUX("'rootfsPropagation':''"), NULL },
		{ LINUX("'rootfsPropagation':'both'"),
		  "/linux/rootfsPropagation: must be one of shared, rshared, slave, rslave, "
		  "private, rprivate, unbindable, runbindable, is \"both\"" },
	};

	(void)state;
	assert_int_equal(spec.rootfs_propagation, MS_SLAVE | MS_REC);
	CONFIG_TEST_ROWS(rows);
}

static void masked_and_readonly_paths_need_a_mount_namespace(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX(NS("mount") ",'maskedPaths':['/a'],'readonlyPaths':[]"), NULL },
		{ LINUX("'maskedPaths':['/a'],'readonlyPaths':['/b']"),
		  "/linux/maskedPaths: needs a mount namespace in /linux/namespaces; "
		  "/linux/readonlyPaths: needs a mount namespace in /linux/namespaces" },
		{ LINUX(NS("mount") ",'maskedPaths':['proc/a',1],'readonlyPaths':'/b'"),
		  "/linux/maskedPaths/0: must be an absolute path, is \"proc/a\"; "
		  "/linux/maskedPaths/1: must be a string, is a number; "
		  "/linux/readonlyPaths: must be an array, is a string" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void personalities_are_checked(void **state)
{
	AUTO(spec_done)
	struct spec spec =
		config_test_parse(LINUX("'personality':{'domain':'LINUX32','flags':[]}"));
	static const struct config_test_row rows[] = {
		{ LINUX("'personality':{}"), "/linux/personality/domain: is missing" },
		{ LINUX("'personality':{'domain':'BSD','flags':['X']}"),
		  "/linux/personality/domain: must be one of LINUX, LINUX32, is \"BSD\"; "
		  "/linux/personality/flags: must be empty: the runtime-spec knows no flag" },
	};

	(void)state;
	assert_true(spec.has_personality);
	assert_int_equal(spec.personality, 8);
	CONFIG_TEST_ROWS(rows);
}

static void sysctls_become_paths(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		LINUX(ALL_NS ",'sysctl':{'net.ipv4.ip_forward':'1','kernel.msgmax':'65536',"
			     "'fs.mqueue.msg_max':'','kernel.domainname':'d','x':null,"
			     "'net/ipv4/conf/eth0.100/forwarding':'1',"
			     "'net.ipv4.conf.eth0/100.rp_filter':'2'}"));
	static const char *const paths[] = {
		"net/ipv4/ip_forward",
		"kernel/msgmax",
		"fs/mqueue/msg_max",
		"kernel/domainname",
		"net/ipv4/conf/eth0.100/forwarding",
		"net/ipv4/conf/eth0.100/rp_filter",
	};

	(void)state;
	assert_int_equal(spec.sysctl.n, ARRAY_LEN(paths));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_string_equal(spec.sysctl.v[i].key, paths[i]);
	assert_string_equal(spec.sysctl.v[5].value, "2");
}

static void sysctls_need_their_namespace(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX("'sysctl':{'net.core.somaxconn':'1','kernel.sem':'1','fs.mqueue.x':'1',"
			"'kernel.domainname':'d'}"),
		  "/linux/sysctl/net.core.somaxconn: needs a namespace of type network in "
		  "/linux/namespaces; "
		  "/linux/sysctl/kernel.sem: needs a namespace of type ipc in /linux/namespaces; "
		  "/linux/sysctl/fs.mqueue.x: needs a namespace of type ipc in /linux/namespaces; "
		  "/linux/sysctl/kernel.domainname: needs a namespace of type uts in "
		  "/linux/namespaces" },
		{ LINUX("'namespaces':[{'type':'network','path':'/proc/self/ns/net'}],"
			"'sysctl':{'net.core.somaxconn':'1'}"),
		  "/linux/sysctl/net.core.somaxconn: would change the host: /linux/namespaces "
		  "gives the host's network namespace" },
		{ LINUX("'namespaces':[{'type':'network','path':'/nonexistent'}],"
			"'sysctl':{'net.core.somaxconn':'1'}"),
		  NULL },
		{ LINUX(ALL_NS ",'sysctl':{'kernel.hostname':'h'}"),
		  "/linux/sysctl/kernel.hostname: must not be set here, /hostname is for it" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void a_sysctl_of_the_host_is_refused(void **state)
{
	static const struct config_test_row rows[] = {
		/* CVE-2022-0811 */
		{ LINUX(ALL_NS ",'sysctl':{'kernel.core_pattern':'|/x','kernel/core_pattern':'|/x',"
			       "'vm.overcommit_memory':'1','net':'1','kernel.msgmaxx':'1'}"),
		  "/linux/sysctl/kernel.core_pattern: would change the host: it belongs to no "
		  "namespace; "
		  "/linux/sysctl/kernel~1core_pattern: would change the host: it belongs to no "
		  "namespace; "
		  "/linux/sysctl/vm.overcommit_memory: would change the host: it belongs to no "
		  "namespace; "
		  "/linux/sysctl/net: would change the host: it belongs to no namespace; "
		  "/linux/sysctl/kernel.msgmaxx: would change the host: it belongs to no "
		  "namespace" },
		{ LINUX(ALL_NS ",'sysctl':{'net/../kernel/core_pattern':'1',"
			       "'net.//.kernel.core_pattern':'1','net..x':'1','net.':'1','':'1'}"),
		  "/linux/sysctl/net~1..~1kernel~1core_pattern: the key must be a sysctl's name "
		  "such as net.ipv4.ip_forward; "
		  "/linux/sysctl/net.~1~1.kernel.core_pattern: the key must be a sysctl's name "
		  "such as net.ipv4.ip_forward; "
		  "/linux/sysctl/net..x: the key must be a sysctl's name such as "
		  "net.ipv4.ip_forward; "
		  "/linux/sysctl/net.: the key must be a sysctl's name such as "
		  "net.ipv4.ip_forward; "
		  "/linux/sysctl/: the key must be a sysctl's name such as net.ipv4.ip_forward" },
		{ LINUX(ALL_NS ",'sysctl':{'net.a':'1\\n2','net.b':1}"),
		  "/linux/sysctl/net.a: the value must be one line; "
		  "/linux/sysctl/net.b: must be a string, is a number" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void seccomp_is_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		LINUX("'seccomp':{'defaultAction':'SCMP_ACT_KILL_PROCESS','defaultErrnoRet':5,"
		      "'architectures':['SCMP_ARCH_X86'],'flags':['SECCOMP_FILTER_FLAG_LOG'],"
		      "'listenerPath':'/run/l','listenerMetadata':'m','syscalls':[{'names':['a'],"
		      "'action':'SCMP_ACT_NOTIFY','args':[{'index':5,'value':18446744073709551615,"
		      "'valueTwo':9223372036854775808,'op':'SCMP_CMP_MASKED_EQ'}]}]}"));
	const struct spec_seccomp *s = spec.seccomp;

	(void)state;
	assert_int_equal(s->default_errno_ret, 5);
	assert_string_equal(s->flags.v[0], "SECCOMP_FILTER_FLAG_LOG");
	assert_string_equal(s->listener_path, "/run/l");
	assert_string_equal(s->listener_metadata, "m");
	assert_int_equal(s->rules[0].args[0].index, 5);
	assert_true(s->rules[0].args[0].value == UINT64_MAX);
	assert_true(s->rules[0].args[0].value_two == UINT64_C(1) << 63);
	assert_string_equal(s->rules[0].args[0].op, "SCMP_CMP_MASKED_EQ");
}

static void seccomp_is_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ LINUX("'seccomp':{}"), NULL },
		{ LINUX("'seccomp':{'syscalls':[{},{'names':[],'action':'',"
			"'args':[{'index':6,'value':-1}]}]}"),
		  "/linux/seccomp/defaultAction: is missing; "
		  "/linux/seccomp/syscalls/0/names: is missing; "
		  "/linux/seccomp/syscalls/0/action: is missing; "
		  "/linux/seccomp/syscalls/1/names: must not be empty; "
		  "/linux/seccomp/syscalls/1/action: must not be empty; "
		  "/linux/seccomp/syscalls/1/args/0/index: must be a whole number from 0 to 5, is "
		  "6; "
		  "/linux/seccomp/syscalls/1/args/0/value: must be a whole number from 0 to "
		  "18446744073709551615, is -1; "
		  "/linux/seccomp/syscalls/1/args/0/op: is missing" },
		{ LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','architectures':'x'}"),
		  "/linux/seccomp/architectures: must be an array, is a string" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void what_kedge_cannot_do_is_said(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":"
				   "{\"netDevices\":{\"eth0\":{}}}}";
	static const struct config_test_row rows[] = {
		{ LINUX("'intelRdt':{},'memoryPolicy':null,'netDevices':{}"), NULL },
		{ LINUX("'intelRdt':{'closID':'a'},'memoryPolicy':{'mode':'MPOL_BIND'},"
			"'netDevices':{'eth0':{}}"),
		  "/linux/intelRdt: kedge doesn't support intelRdt yet; take it out; "
		  "/linux/memoryPolicy: kedge doesn't support memoryPolicy yet; take it out; "
		  "/linux/netDevices: kedge doesn't support netDevices yet; take it out" },
	};
	struct err err = { 0 };
	struct spec spec;

	(void)state;
	CONFIG_TEST_ROWS(rows);
	assert_int_equal(oci_config_parse(text, strlen(text), &spec, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces_are_read),
		cmocka_unit_test(namespaces_are_checked),
		cmocka_unit_test(names_of_the_host_need_a_uts_namespace),
		cmocka_unit_test(id_maps_belong_to_a_user_namespace),
		cmocka_unit_test(id_maps_are_checked),
		cmocka_unit_test(time_offsets_are_read),
		cmocka_unit_test(time_offsets_are_checked),
		cmocka_unit_test(devices_are_read),
		cmocka_unit_test(devices_are_checked),
		cmocka_unit_test(propagation_is_a_word),
		cmocka_unit_test(masked_and_readonly_paths_need_a_mount_namespace),
		cmocka_unit_test(personalities_are_checked),
		cmocka_unit_test(sysctls_become_paths),
		cmocka_unit_test(sysctls_need_their_namespace),
		cmocka_unit_test(a_sysctl_of_the_host_is_refused),
		cmocka_unit_test(seccomp_is_read),
		cmocka_unit_test(seccomp_is_checked),
		cmocka_unit_test(what_kedge_cannot_do_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
