/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config_test.h"

static void memory_and_cpu_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(RESOURCES(
		"'memory':{'limit':1048576,'reservation':-1,'swap':2097152,'kernel':3,"
		"'kernelTCP':4,'swappiness':0,'disableOOMKiller':true,'useHierarchy':false,"
		"'checkBeforeUpdate':true},'cpu':{'shares':2,'quota':-1,'burst':0,"
		"'period':100000,'realtimeRuntime':1,'realtimePeriod':2,'cpus':'0-1',"
		"'mems':'0','idle':1},'pids':{'limit':-1}"));
	const struct spec_resources *r = &spec.resources;

	(void)state;
	assert_int_equal(r->memory.limit.v, 1048576);
	assert_true(r->memory.reservation.set);
	assert_int_equal(r->memory.reservation.v, -1);
	assert_int_equal(r->memory.swap.v, 2097152);
	assert_int_equal(r->memory.kernel.v, 3);
	assert_int_equal(r->memory.kernel_tcp.v, 4);
	assert_true(r->memory.swappiness.set);
	assert_int_equal(r->memory.swappiness.v, 0);
	assert_true(r->memory.has_disable_oom_killer && r->memory.disable_oom_killer);
	assert_true(r->memory.has_use_hierarchy && !r->memory.use_hierarchy);
	assert_true(r->memory.check_before_update);
	assert_int_equal(r->cpu.shares.v, 2);
	assert_int_equal(r->cpu.quota_us.v, -1);
	assert_true(r->cpu.burst_us.set);
	assert_int_equal(r->cpu.period_us.v, 100000);
	assert_int_equal(r->cpu.rt_runtime_us.v, 1);
	assert_int_equal(r->cpu.rt_period_us.v, 2);
	assert_string_equal(r->cpu.cpus, "0-1");
	assert_string_equal(r->cpu.mems, "0");
	assert_int_equal(r->cpu.idle.v, 1);
	assert_int_equal(r->pids_limit.v, -1);
}

static void a_zero_that_means_nothing_is_absent(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		RESOURCES("'memory':{'limit':0,'swap':0,'swappiness':18446744073709551615},"
			  "'cpu':{'shares':0,'quota':0,'period':0},'blockIO':{'weight':0},"
			  "'network':{'classID':0}"));
	const struct spec_resources *r = &spec.resources;

	(void)state;
	assert_false(r->memory.limit.set || r->memory.swap.set || r->memory.swappiness.set);
	assert_false(r->cpu.shares.set || r->cpu.quota_us.set || r->cpu.period_us.set);
	assert_false(r->blkio.weight.set || r->network.class_id.set);
}

static void memory_cpu_and_pids_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ RESOURCES("'memory':{'limit':-2,'swappiness':101,'disableOOMKiller':0}"),
		  "/linux/resources/memory/limit: must be a whole number from -1 to "
		  "9223372036854775807, is -2; "
		  "/linux/resources/memory/swappiness: must be a whole number from 0 to 100, is "
		  "101; "
		  "/linux/resources/memory/disableOOMKiller: must be true or false, is a number" },
		{ RESOURCES("'cpu':{'shares':-1,'cpus':3,'idle':2}"),
		  "/linux/resources/cpu/shares: must be a whole number from 0 to "
		  "18446744073709551615, is -1; "
		  "/linux/resources/cpu/idle: must be a whole number from 0 to 1, is 2; "
		  "/linux/resources/cpu/cpus: must be a string, is a number" },
		{ RESOURCES("'pids':{'limit':1.5},'memory':[]"),
		  "/linux/resources/memory: must be an object, is an array; "
		  "/linux/resources/pids/limit: must be a whole number from -1 to "
		  "9223372036854775807, is 1.5" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void device_rules_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		RESOURCES("'devices':[{'allow':false,'access':'rwm'},"
			  "{'allow':true,'type':'c','major':1,'minor':-1,'access':'mr'}]"));
	const struct spec_device_rule *rules = spec.resources.devices;

	(void)state;
	assert_int_equal(spec.resources.n_devices, 2);
	assert_false(rules[0].allow);
	assert_int_equal(rules[0].type, 'a');
	assert_int_equal(rules[0].major, -1);
	assert_true(rules[0].read && rules[0].write && rules[0].mknod);
	assert_true(rules[1].allow);
	assert_int_equal(rules[1].type, 'c');
	assert_int_equal(rules[1].major, 1);
	assert_int_equal(rules[1].minor, -1);
	assert_true(rules[1].read && !rules[1].write && rules[1].mknod);
}

static void device_rules_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ RESOURCES("'devices':[{}]"), "/linux/resources/devices/0/allow: is missing; "
					       "/linux/resources/devices/0/access: is missing" },
		{ RESOURCES("'devices':[{'allow':true,'type':'p','major':-2,'access':'rx'},"
			    "{'allow':true,'type':'','access':''}]"),
		  "/linux/resources/devices/0/type: must be one of a, c, b, is \"p\"; "
		  "/linux/resources/devices/0/major: must be a whole number from -1 to "
		  "4294967295, is -2; "
		  "/linux/resources/devices/0/access: must be made of the letters r, w and m, is "
		  "\"rx\"; "
		  "/linux/resources/devices/1/access: must be made of the letters r, w and m, is "
		  "\"\"" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void block_io_is_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(
		RESOURCES("'blockIO':{'weight':500,'leafWeight':10,'weightDevice':["
			  "{'major':8,'minor':0,'weight':1,'leafWeight':2},"
			  "{'major':8,'minor':16,'leafWeight':3}],"
			  "'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':600}],"
			  "'throttleWriteBpsDevice':[{'major':8,'minor':1,'rate':601}],"
			  "'throttleReadIOPSDevice':[{'major':8,'minor':2,'rate':602}],"
			  "'throttleWriteIOPSDevice':[{'major':8,'minor':3,'rate':603}]}"));
	const struct spec_resources *r = &spec.resources;

	(void)state;
	assert_int_equal(r->blkio.weight.v, 500);
	assert_int_equal(r->blkio.leaf_weight.v, 10);
	assert_int_equal(r->blkio.weight_device.n, 1);
	assert_int_equal(r->blkio.weight_device.v[0].value, 1);
	assert_int_equal(r->blkio.leaf_weight_device.n, 2);
	assert_int_equal(r->blkio.leaf_weight_device.v[1].minor, 16);
	assert_int_equal(r->blkio.leaf_weight_device.v[1].value, 3);
	assert_int_equal(r->blkio.read_bps.v[0].value, 600);
	assert_int_equal(r->blkio.write_bps.v[0].minor, 1);
	assert_int_equal(r->blkio.read_iops.v[0].value, 602);
	assert_int_equal(r->blkio.write_iops.v[0].value, 603);
}

static void block_io_is_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ RESOURCES("'blockIO':{'weight':65536,'weightDevice':[{'major':8,'minor':0}],"
			    "'throttleReadBpsDevice':[{'major':-1}]}"),
		  "/linux/resources/blockIO/weight: must be a whole number from 0 to 65535, is "
		  "65536; "
		  "/linux/resources/blockIO/weightDevice/0: needs weight or leafWeight; "
		  "/linux/resources/blockIO/throttleReadBpsDevice/0/major: must be a whole number "
		  "from 0 to 4294967295, is -1; "
		  "/linux/resources/blockIO/throttleReadBpsDevice/0/minor: is missing; "
		  "/linux/resources/blockIO/throttleReadBpsDevice/0/rate: is missing" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void hugepages_network_rdma_and_unified_are_read(void **state)
{
	AUTO(spec_done)
	struct spec spec = config_test_parse(RESOURCES(
		"'hugepageLimits':[{'pageSize':'2MB','limit':9223372036854772000}],"
		"'network':{'classID':1048577,'priorities':[{'name':'eth0','priority':5}]},"
		"'rdma':{'mlx5_0':{'hcaHandles':3},'mlx4_0':{'hcaObjects':4294967295}},"
		"'unified':{'memory.high':'1G','io.max':''}"));
	const struct spec_resources *r = &spec.resources;

	(void)state;
	assert_string_equal(r->hugepages[0].page_size, "2MB");
	assert_true(r->hugepages[0].limit_bytes == 9223372036854772000U);
	assert_int_equal(r->network.class_id.v, 1048577);
	assert_string_equal(r->network.priorities.v[0].key, "eth0");
	assert_string_equal(r->network.priorities.v[0].value, "5");
	assert_int_equal(r->n_rdma, 2);
	assert_string_equal(r->rdma[0].device, "mlx5_0");
	assert_true(r->rdma[0].has_handles && !r->rdma[0].has_objects);
	assert_int_equal(r->rdma[0].handles, 3);
	assert_true(r->rdma[1].objects == UINT32_MAX);
	assert_string_equal(r->unified.v[0].value, "1G");
	assert_string_equal(r->unified.v[1].key, "io.max");
}

static void hugepages_network_rdma_and_unified_are_checked(void **state)
{
	static const struct config_test_row rows[] = {
		{ RESOURCES("'hugepageLimits':[{'pageSize':'2MiB','limit':1},"
			    "{'pageSize':'../x','limit':1},{'pageSize':'2'}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: must be a size such as 64KB, 2MB or "
		  "1GB, is \"2MiB\"; "
		  "/linux/resources/hugepageLimits/1/pageSize: must be a size such as 64KB, 2MB or "
		  "1GB, is \"../x\"; "
		  "/linux/resources/hugepageLimits/2/pageSize: must be a size such as 64KB, 2MB or "
		  "1GB, is \"2\"; "
		  "/linux/resources/hugepageLimits/2/limit: is missing" },
		{ RESOURCES("'network':{'classID':4294967296,'priorities':[{'name':'a b'}]}"),
		  "/linux/resources/network/classID: must be a whole number from 0 to 4294967295, "
		  "is 4294967296; "
		  "/linux/resources/network/priorities/0/name: must be the name of a network "
		  "interface, is \"a b\"; "
		  "/linux/resources/network/priorities/0/priority: is missing" },
		{ RESOURCES("'rdma':{'a':{},'b c':{'hcaHandles':1},'d':1}"),
		  "/linux/resources/rdma/a: needs hcaHandles or hcaObjects; "
		  "/linux/resources/rdma/b c: the key must be the name of an RDMA device; "
		  "/linux/resources/rdma/d: must be an object, is a number" },
		{ RESOURCES("'unified':{'a/../memory.max':'1','memory':'1','..':'x','io.max':1}"),
		  "/linux/resources/unified/io.max: must be a string, is a number; "
		  "/linux/resources/unified/a~1..~1memory.max: the key must be a file's name, "
		  "without \"/\"; "
		  "/linux/resources/unified/memory: the key must be CONTROLLER.PARAMETER; "
		  "/linux/resources/unified/..: the key must be CONTROLLER.PARAMETER" },
	};

	(void)state;
	CONFIG_TEST_ROWS(rows);
}

static void resources_of_their_own_go_to_the_callers_arena(void **state)
{
	static const char text[] = "{\"memory\":{\"limit\":4096},\"cpu\":{\"cpus\":\"0\"}}";
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_resources res;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(oci_resources_parse(text, strlen(text), &arena, &res, &err), 0);
	assert_int_equal(res.memory.limit.v, 4096);
	assert_string_equal(res.cpu.cpus, "0");
	res.n_devices = 42;
	assert_int_equal(oci_resources_parse("{\"pids\":4}", 10, &arena, &res, &err), -1);
	assert_string_equal(err.msg, "resources: /pids: must be an object, is a number");
	assert_int_equal(res.n_devices, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_and_cpu_are_read),
		cmocka_unit_test(a_zero_that_means_nothing_is_absent),
		cmocka_unit_test(memory_cpu_and_pids_are_checked),
		cmocka_unit_test(device_rules_are_read),
		cmocka_unit_test(device_rules_are_checked),
		cmocka_unit_test(block_io_is_read),
		cmocka_unit_test(block_io_is_checked),
		cmocka_unit_test(hugepages_network_rdma_and_unified_are_read),
		cmocka_unit_test(hugepages_network_rdma_and_unified_are_checked),
		cmocka_unit_test(resources_of_their_own_go_to_the_callers_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
