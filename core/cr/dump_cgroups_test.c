/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/cr/dump_cgroups.h"

#define HYBRID                                                               \
	"20 1 254:0 / / rw - ext4 /dev/vda rw\n"                             \
	"26 20 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"  \
	"27 20 0:32 /pod/7 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"   \
	"28 20 0:33 /../.. /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n" \
	"29 20 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
#define V2                                       \
	"20 1 254:0 / / rw - ext4 /dev/vda rw\n" \
	"26 20 0:31 / /sys/fs/cgroup rw - cgroup2 none rw\n"

struct dir {
	const char *controllers, *root, *dir;
};

static const struct dir hybrid[] = {
	{ "memory", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/a/k1" },
	{ "cpu", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu/k1" },
	{ "pids", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/k1" },
	{ "", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/a/k1" },
};
static const struct dir v2[] = { { "", "/sys/fs/cgroup", "/sys/fs/cgroup/k1" } };
/* a cgroup that is the whole hierarchy can't come from kedge, but perhaps from a state.json */
static const struct dir whole[] = { { "memory", "/sys/fs/cgroup/memory",
				      "/sys/fs/cgroup/memory" } };

struct place {
	const char *host;
	const struct dir *dirs;
	size_t n;
};

static const struct place on_hybrid = { HYBRID, hybrid, ARRAY_LEN(hybrid) };
static const struct place on_v2 = { V2, v2, ARRAY_LEN(v2) };
static const struct place at_top = { HYBRID, whole, ARRAY_LEN(whole) };
static const struct place nowhere = { HYBRID, NULL, 0 };

/* What is asked of CRIU about cgroups, in the words of criu_request_print(). */
static void expect(const struct place *place, struct dump_cgroups in, enum criu_cgroup_mode mode,
		   const char *text)
{
	struct cgroup_dir v[4];
	struct cgroup cg = { .v = v, .n = place->n };
	AUTO(mount_table_done) struct mount_table table = { 0 };
	AUTO(arena_done) struct arena arena = { 0 };
	AUTO(criu_request_done) struct criu_request req;
	AUTO(buf_done) struct buf b = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < place->n; i++)
		v[i] = (struct cgroup_dir){ .controllers = (char *)place->dirs[i].controllers,
					    .root = (char *)place->dirs[i].root,
					    .dir = (char *)place->dirs[i].dir };
	if (mount_table_parse(place->host, strlen(place->host), &table, &err))
		fail_msg("%s", err.msg);
	in.cgroup = &cg;
	in.host = &table;
	criu_request_init(&req, CRIU_DUMP);
	req.cgroup_mode = mode;
	dump_cgroups_plan(&in, &arena, &req);
	criu_request_print(&req, &b);
	assert_string_equal(strstr(b.p, "cgroup_mode:"), text);
}

static void only_the_containers_own_directories_are_dumped(void **state)
{
	(void)state;
	expect(&on_hybrid, (struct dump_cgroups){ 0 }, CRIU_CGROUP_IGNORE,
	       "cgroup_mode: soft\n"
	       "cgroup_roots: memory = /a/k1\n"
	       "cgroup_roots: cpu = /pod/7/k1\n"
	       "cgroup_roots:  = /a/k1\n"
	       "cgroup_dump_controllers: -\n"
	       "cgroup_dump_controllers: memory\n"
	       "cgroup_dump_controllers: cpu\n"
	       "cgroup_dump_controllers: \n");
}

static void in_v2_nothing_is_dumped_unless_there_is_a_cgroup_namespace(void **state)
{
	(void)state;
	expect(&on_v2, (struct dump_cgroups){ 0 }, CRIU_CGROUP_IGNORE,
	       "cgroup_mode: ignore\ncgroup_dump_controllers: -\n");
	expect(&on_v2, (struct dump_cgroups){ .has_namespace = true }, CRIU_CGROUP_IGNORE,
	       "cgroup_mode: soft\n"
	       "cgroup_roots:  = /k1\n"
	       "cgroup_dump_controllers: -\n"
	       "cgroup_dump_controllers: \n");
}

static void the_users_mode_is_kept_but_not_for_the_hosts_trees(void **state)
{
	const struct dump_cgroups asked = { .is_asked = true };

	(void)state;
	expect(&on_hybrid, asked, CRIU_CGROUP_IGNORE,
	       "cgroup_mode: ignore\ncgroup_dump_controllers: -\n");
	expect(&on_hybrid, asked, CRIU_CGROUP_FULL,
	       "cgroup_mode: full\n"
	       "cgroup_roots: memory = /a/k1\n"
	       "cgroup_roots: cpu = /pod/7/k1\n"
	       "cgroup_roots:  = /a/k1\n"
	       "cgroup_dump_controllers: -\n"
	       "cgroup_dump_controllers: memory\n"
	       "cgroup_dump_controllers: cpu\n"
	       "cgroup_dump_controllers: \n");
	expect(&at_top, asked, CRIU_CGROUP_FULL, "cgroup_mode: full\ncgroup_dump_controllers: -\n");
	expect(&nowhere, asked, CRIU_CGROUP_FULL,
	       "cgroup_mode: full\ncgroup_dump_controllers: -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_containers_own_directories_are_dumped),
		cmocka_unit_test(in_v2_nothing_is_dumped_unless_there_is_a_cgroup_namespace),
		cmocka_unit_test(the_users_mode_is_kept_but_not_for_the_hosts_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
