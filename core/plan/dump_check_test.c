/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/dump_check.h"

#define CAP_SYS_ADMIN 21
#define BASE                                                   \
	"100 90 254:0 /srv/b/rootfs / rw - ext4 /dev/vda rw\n" \
	"101 100 0:70 / /proc rw - proc proc rw\n"             \
	"102 100 0:71 / /tmp rw - tmpfs tmpfs rw\n"            \
	"103 100 254:0 /srv/a /data rw - ext4 /dev/vda rw\n"

/* What is found of a container with these mounts, whose config.json has /proc. */
static void expect(const char *mountinfo, uint64_t bounding, const char *text)
{
	struct spec_mount proc = { .destination = (char *)"/proc", .type = (char *)"proc" };
	struct spec spec = { .bundle = (char *)"/srv/b", .mounts = { &proc, 1 } };
	struct checkpoint_mount data = { .id = 103, .key = "/data" };
	struct checkpoint_info info = { .v = &data, .n = 1 };
	AUTO(mount_table_done) struct mount_table table = { 0 };
	struct external_dump_input in = { .spec = &spec, .container = &table };
	struct err err = { 0 };
	struct findings findings = { .err = &err };

	spec.process.capabilities[SPEC_CAP_BOUNDING] = bounding;
	if (mount_table_parse(mountinfo, strlen(mountinfo), &table, &err))
		fail_msg("%s", err.msg);
	dump_check(&in, &info, &findings);
	findings_end(&findings);
	assert_string_equal(err.msg, text);
	assert_int_equal(err.kind, *text ? ERR_UNSUPPORTED : ERR_NONE);
}

static void what_config_json_has_is_taken(void **state)
{
	(void)state;
	expect(BASE, 0, "");
}

static void a_proc_of_an_exec_with_more_rights_is_refused_while_it_runs(void **state)
{
	(void)state;
	expect(BASE "104 100 0:72 / /p rw - proc proc rw\n", 0,
	       "a restore would refuse this: /p: the image has a mount of type proc there, and "
	       "config.json hasn't");
}

static void a_container_that_may_mount_may_have_mounted_it(void **state)
{
	(void)state;
	expect(BASE "104 100 0:72 / /p rw - proc proc rw\n", 1ULL << CAP_SYS_ADMIN, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_config_json_has_is_taken),
		cmocka_unit_test(a_proc_of_an_exec_with_more_rights_is_refused_while_it_runs),
		cmocka_unit_test(a_container_that_may_mount_may_have_mounted_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
