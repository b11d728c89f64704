/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/plan/cgroup_owner.h"

/* The user 5 of a container whose ids 0 to 9 are the host's from 1000 on, and who may make cgroups. */
struct fixture {
	struct spec spec;
	struct spec_mount mount;
	struct spec_id_map map;
	char *options[2];
	char type[8], nosuid[8], rw[8];
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){
		.map = { 0, 1000, 10 }, .type = "cgroup", .nosuid = "nosuid", .rw = "rw"
	};
	f->options[0] = f->nosuid;
	f->options[1] = f->rw;
	f->mount.type = f->type;
	f->mount.options.v = f->options;
	f->mount.options.n = ARRAY_LEN(f->options);
	f->spec.mounts.v = &f->mount;
	f->spec.mounts.n = 1;
	f->spec.uid_maps.v = &f->map;
	f->spec.uid_maps.n = 1;
	f->spec.ns[SPEC_NS_CGROUP].present = f->spec.ns[SPEC_NS_USER].present = true;
	f->spec.process.user.uid = 5;
}

static void it_is_the_process_user_as_the_host_sees_it(void **state)
{
	struct fixture f;
	uint32_t uid = 0;

	(void)state;
	set_up(&f);
	assert_true(cgroup_owner(&f.spec, &uid));
	assert_int_equal(uid, 1005);
	f.spec.ns[SPEC_NS_USER].present = false;
	assert_true(cgroup_owner(&f.spec, &uid));
	assert_int_equal(uid, 5);
}

static void it_stays_roots_where_the_container_may_not_write(void **state)
{
	struct fixture f;
	uint32_t uid;

	(void)state;
	set_up(&f);
	f.options[1] = (char[]){ "ro" };
	assert_false(cgroup_owner(&f.spec, &uid));
	set_up(&f);
	f.mount.type = (char[]){ "tmpfs" };
	assert_false(cgroup_owner(&f.spec, &uid));
	set_up(&f);
	f.spec.ns[SPEC_NS_CGROUP].present = false;
	assert_false(cgroup_owner(&f.spec, &uid));
	set_up(&f);
	f.spec.ns[SPEC_NS_CGROUP].path = (char[]){ "/proc/1/ns/cgroup" };
	assert_false(cgroup_owner(&f.spec, &uid));
}

static void it_stays_roots_where_the_user_is_root_or_nobody_knows_him(void **state)
{
	struct fixture f;
	uint32_t uid;

	(void)state;
	set_up(&f);
	f.spec.process.user.uid = 10;
	assert_false(cgroup_owner(&f.spec, &uid));
	set_up(&f);
	f.spec.ns[SPEC_NS_USER].present = false;
	f.spec.process.user.uid = 0;
	assert_false(cgroup_owner(&f.spec, &uid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_process_user_as_the_host_sees_it),
		cmocka_unit_test(it_stays_roots_where_the_container_may_not_write),
		cmocka_unit_test(it_stays_roots_where_the_user_is_root_or_nobody_knows_him),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
