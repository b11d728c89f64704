/* SPDX-License-Identifier: Apache-2.0 */
/* On a directory tree in /tmp that stands in for /sys/fs/cgroup. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/cgroup_internal.h"

struct fake {
	char root[32];
	struct cgroup_hierarchies hs;
	struct cgroup cg;
};

/* Hierarchies as "controllers" (v2: "") with the caller in /own; NULL ends the list. */
static void add_hierarchies(struct fake *f, const char *const *controllers)
{
	size_t n = 0;

	while (controllers[n])
		n++;
	f->hs.v = arena_array(&f->hs.arena, n, sizeof(*f->hs.v));
	for (; f->hs.n < n; f->hs.n++) {
		const char *name = *controllers[f->hs.n] ? controllers[f->hs.n] : "unified";
		struct cgroup_hierarchy *h = &f->hs.v[f->hs.n];

		h->controllers = arena_strdup(&f->hs.arena, controllers[f->hs.n]);
		h->root = arena_printf(&f->hs.arena, "%s/%s", f->root, name);
		h->own = arena_strdup(&f->hs.arena, "/own/me");
		assert_int_equal(mkdir(h->root, 0700), 0);
	}
}

static struct fake *fake_new(const char *const *controllers)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/kedge-cgroup-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	add_hierarchies(f, controllers);
	return f;
}

static struct fake *fake_hybrid(void)
{
	return fake_new((const char *const[]){ "memory", "freezer", "", NULL });
}

static struct fake *fake_v2(void)
{
	return fake_new((const char *const[]){ "", NULL });
}

static void fake_free(struct fake *f)
{
	struct err err = { 0 };

	assert_int_equal(fd_remove_tree(AT_FDCWD, f->root, &err), 0);
	cgroup_hierarchies_done(&f->hs);
	cgroup_done(&f->cg);
	free(f);
}

static void locate(struct fake *f, const char *path)
{
	struct err err = { 0 };

	assert_int_equal(cgroup_locate_in(&f->hs, path, "c1", &f->cg, &err), 0);
}

/* What the kernel would have put there. */
static void put(const char *dir, const char *file, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void assert_file(const char *dir, const char *file, const char *text)
{
	char value[256];

	assert_int_equal(cgroup_get(dir, file, value, sizeof(value)), 0);
	assert_string_equal(value, text);
}

static void assert_dir(const struct fake *f, size_t i, const char *below)
{
	auto_free char *dir = xasprintf("%s/%s", f->root, below);

	assert_string_equal(f->cg.v[i].dir, dir);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static void make(struct fake *f, const char *below)
{
	auto_free char *dir = xasprintf("%s/%s", f->root, below);

	assert_int_equal(mkdir(dir, 0700), 0);
}

/* --- locate -------------------------------------------------------------------------------------- */

static void an_absolute_path_lies_below_each_root(void **state)
{
	struct fake *f = fake_hybrid();

	(void)state;
	locate(f, "/kedge/../x//y");
	assert_int_equal(f->cg.n, 3);
	assert_string_equal(f->cg.path, "/x/y");
	assert_dir(f, 0, "memory/x/y");
	assert_dir(f, 2, "unified/x/y");
	fake_free(f);
}

static void a_relative_path_lies_below_the_callers_cgroup(void **state)
{
	struct fake *f = fake_hybrid();

	(void)state;
	locate(f, "../x");
	assert_dir(f, 0, "memory/own/me/x");
	assert_dir(f, 2, "unified/own/me/x");
	fake_free(f);
}

static void without_a_path_it_is_the_id(void **state)
{
	struct fake *f = fake_hybrid();

	(void)state;
	locate(f, NULL);
	assert_string_equal(f->cg.path, "c1");
	assert_dir(f, 1, "freezer/own/me/c1");
	fake_free(f);
}

static void in_v2_alone_it_lies_beside_the_callers_cgroup(void **state)
{
	struct fake *f = fake_v2();

	(void)state;
	locate(f, NULL);
	assert_dir(f, 0, "unified/own/c1");
	fake_free(f);
}

static void systemds_form_and_the_root_are_refused(void **state)
{
	struct fake *f = fake_hybrid();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cgroup_locate_in(&f->hs, "system.slice:kedge:c1", "c1", &f->cg, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_int_equal(cgroup_locate_in(&f->hs, "/", "c1", &f->cg, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(f->cg.n, 0);
	assert_null(f->cg.path);
	fake_free(f);
}

/* --- create and remove --------------------------------------------------------------------------- */

static void create_makes_all_directories_and_remove_only_the_containers(void **state)
{
	struct fake *f = fake_hybrid();
	auto_free char *parent = xasprintf("%s/memory/kedge", f->root);
	struct err err = { 0 };

	(void)state;
	locate(f, "/kedge/c1");
	assert_int_equal(cgroup_create(&f->cg, &err), 0);
	for (size_t i = 0; i < f->cg.n; i++)
		assert_true(exists(f->cg.v[i].dir));
	make(f, "memory/kedge/c1/inner");
	make(f, "memory/kedge/c1/inner/most");
	assert_int_equal(cgroup_remove(&f->cg, &err), 0);
	for (size_t i = 0; i < f->cg.n; i++)
		assert_false(exists(f->cg.v[i].dir));
	assert_true(exists(parent));
	assert_int_equal(cgroup_remove(&f->cg, &err), 0);
	fake_free(f);
}

static void a_populated_cgroup_is_refused_and_what_was_made_goes(void **state)
{
	struct fake *f = fake_hybrid();
	auto_free char *made = xasprintf("%s/memory/kedge", f->root);
	struct err err = { 0 };

	(void)state;
	locate(f, "/kedge/c1");
	make(f, "freezer/kedge");
	make(f, "freezer/kedge/c1");
	put(f->cg.v[1].dir, "cgroup.procs", "4711\n0\n");
	assert_int_equal(cgroup_create(&f->cg, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_non_null(strstr(err.msg, "not empty: 2 process(es)"));
	assert_false(exists(made));
	assert_true(exists(f->cg.v[1].dir));
	assert_false(exists(f->cg.v[2].dir));
	fake_free(f);
}

static void a_populated_sub_cgroup_counts(void **state)
{
	struct fake *f = fake_v2();
	auto_free char *inner = NULL;
	struct err err = { 0 };

	(void)state;
	locate(f, "/c1");
	make(f, "unified/c1");
	make(f, "unified/c1/inner");
	inner = xasprintf("%s/inner", f->cg.v[0].dir);
	put(inner, "cgroup.procs", "4711\n");
	assert_int_equal(cgroup_create(&f->cg, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	fake_free(f);
}

static void an_empty_cgroup_is_used_but_a_frozen_one_is_not(void **state)
{
	struct fake *f = fake_v2();
	struct err err = { 0 };

	(void)state;
	locate(f, "/c1");
	make(f, "unified/c1");
	put(f->cg.v[0].dir, "cgroup.procs", "");
	assert_int_equal(cgroup_create(&f->cg, &err), 0);
	put(f->cg.v[0].dir, "cgroup.freeze", "1\n");
	assert_int_equal(cgroup_create(&f->cg, &err), -1);
	assert_int_equal(err.kind, ERR_STATE);
	assert_true(exists(f->cg.v[0].dir));
	fake_free(f);
}

static void a_recorded_path_at_or_above_the_root_is_never_removed(void **state)
{
	struct fake *f = fake_v2();
	struct err err = { 0 };

	(void)state;
	locate(f, "/c1");
	free(f->cg.v[0].dir);
	f->cg.v[0].dir = xstrdup(f->cg.v[0].root);
	assert_int_equal(cgroup_remove(&f->cg, &err), 0);
	assert_true(exists(f->cg.v[0].root));
	make(f, "victim");
	free(f->cg.v[0].dir);
	f->cg.v[0].dir = xasprintf("%s/../victim", f->cg.v[0].root);
	assert_int_equal(cgroup_remove(&f->cg, &err), 0);
	assert_true(exists(f->cg.v[0].dir));
	fake_free(f);
}

static void v2_controllers_are_handed_down_to_the_parent(void **state)
{
	struct fake *f = fake_v2();
	auto_free char *parent = NULL;
	struct err err = { 0 };

	(void)state;
	locate(f, "/kedge/c1");
	make(f, "unified/kedge");
	make(f, "unified/kedge/c1");
	parent = xasprintf("%s/kedge", f->cg.v[0].root);
	put(f->cg.v[0].dir, "cgroup.procs", "");
	put(f->cg.v[0].dir, "cgroup.controllers", "cpu\n");
	put(f->cg.v[0].dir, "cgroup.subtree_control", "");
	put(f->cg.v[0].root, "cgroup.controllers", "cpu memory pids\n");
	put(f->cg.v[0].root, "cgroup.subtree_control", "");
	put(parent, "cgroup.subtree_control", "");
	assert_int_equal(cgroup_create(&f->cg, &err), 0);
	assert_file(f->cg.v[0].root, "cgroup.subtree_control", "+cpu +memory +pids");
	assert_file(parent, "cgroup.subtree_control", "+cpu +memory +pids");
	assert_file(f->cg.v[0].dir, "cgroup.subtree_control", "");
	fake_free(f);
}

static void an_empty_cpuset_takes_the_nearest_ancestors(void **state)
{
	struct fake *f = fake_new((const char *const[]){ "cpuset", NULL });
	auto_free char *parent = NULL;
	struct err err = { 0 };

	(void)state;
	locate(f, "/kedge/c1");
	make(f, "cpuset/kedge");
	make(f, "cpuset/kedge/c1");
	parent = xasprintf("%s/kedge", f->cg.v[0].root);
	put(f->cg.v[0].root, "cpuset.cpus", "0-3\n");
	put(f->cg.v[0].root, "cpuset.mems", "0-1\n");
	put(parent, "cpuset.cpus", "");
	put(parent, "cpuset.mems", "1\n");
	put(f->cg.v[0].dir, "cpuset.cpus", "");
	put(f->cg.v[0].dir, "cpuset.mems", "");
	put(f->cg.v[0].dir, "cgroup.procs", "");
	assert_int_equal(cgroup_create(&f->cg, &err), 0);
	assert_file(parent, "cpuset.cpus", "0-3");
	assert_file(f->cg.v[0].dir, "cpuset.cpus", "0-3");
	assert_file(f->cg.v[0].dir, "cpuset.mems", "1");
	fake_free(f);
}

/* --- processes ----------------------------------------------------------------------------------- */

static void make_located(struct fake *f, const char *path)
{
	struct err err = { 0 };

	locate(f, path);
	assert_int_equal(cgroup_create(&f->cg, &err), 0);
}

static void pids_come_sorted_once_and_from_below_too(void **state)
{
	struct fake *f = fake_hybrid();
	auto_free char *inner = NULL;
	auto_free pid_t *pids = NULL;
	struct err err = { 0 };
	size_t n = 0;

	(void)state;
	make_located(f, "/c1");
	make(f, "freezer/c1/inner");
	inner = xasprintf("%s/inner", f->cg.v[1].dir);
	put(f->cg.v[1].dir, "cgroup.procs", "900\n30\n0\n");
	put(inner, "cgroup.procs", "30\n7\n");
	assert_int_equal(cgroup_pids(&f->cg, &pids, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(pids[0], 7);
	assert_int_equal(pids[1], 30);
	assert_int_equal(pids[2], 900);
	fake_free(f);
}

static void a_cgroup_that_is_gone_has_no_pids(void **state)
{
	struct fake *f = fake_v2();
	auto_free pid_t *pids = NULL;
	struct err err = { 0 };
	size_t n = 9;

	(void)state;
	locate(f, "/c1");
	assert_int_equal(cgroup_pids(&f->cg, &pids, &n, &err), 0);
	assert_int_equal(n, 0);
	fake_free(f);
}

static void put_procs(const struct fake *f)
{
	for (size_t i = 0; i < f->cg.n; i++) {
		put(f->cg.v[i].dir, "cgroup.procs", "");
		put(f->cg.v[i].dir, "tasks", "");
	}
}

static void attach_goes_into_every_hierarchy(void **state)
{
	struct fake *f = fake_hybrid();
	struct err err = { 0 };

	(void)state;
	make_located(f, "/c1");
	put_procs(f);
	assert_int_equal(cgroup_attach(&f->cg, 4711, &err), 0);
	for (size_t i = 0; i < f->cg.n; i++)
		assert_file(f->cg.v[i].dir, "cgroup.procs", "4711");
	fake_free(f);
}

static void enter_goes_into_v1_by_tasks_and_leaves_v2(void **state)
{
	struct fake *f = fake_hybrid();
	struct err err = { 0 };

	(void)state;
	make_located(f, "/c1");
	put_procs(f);
	assert_int_equal(cgroup_enter(&f->cg, NULL, &err), 0);
	assert_file(f->cg.v[0].dir, "tasks", "0");
	assert_file(f->cg.v[0].dir, "cgroup.procs", "");
	assert_file(f->cg.v[2].dir, "tasks", "");
	fake_free(f);
}

static void a_sub_cgroup_is_for_the_named_controllers(void **state)
{
	struct fake *f = fake_hybrid();
	auto_free char *inner = NULL;
	struct err err = { 0 };

	(void)state;
	make_located(f, "/c1");
	put_procs(f);
	make(f, "memory/c1/inner");
	inner = xasprintf("%s/inner", f->cg.v[0].dir);
	put(inner, "cgroup.procs", "");
	assert_int_equal(cgroup_attach_exec(&f->cg, "memory:../inner", 4711, 1, &err), 0);
	assert_file(inner, "cgroup.procs", "4711");
	assert_file(f->cg.v[0].dir, "cgroup.procs", "");
	assert_file(f->cg.v[1].dir, "cgroup.procs", "4711");
	assert_int_equal(cgroup_attach_exec(&f->cg, "/", 12, 1, &err), 0);
	assert_file(f->cg.v[0].dir, "cgroup.procs", "12");
	fake_free(f);
}

static void a_sub_cgroup_of_an_unknown_controller_is_refused(void **state)
{
	struct fake *f = fake_hybrid();
	struct err err = { 0 };

	(void)state;
	make_located(f, "/c1");
	put_procs(f);
	assert_int_equal(cgroup_attach_exec(&f->cg, "memory,pids:x", 4711, 1, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(cgroup_attach_exec(&f->cg, ":x", 4711, 1, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_file(f->cg.v[0].dir, "cgroup.procs", "");
	fake_free(f);
}

static void the_v2_directory_can_be_cloned_into(void **state)
{
	struct fake *v2 = fake_v2(), *v1 = fake_new((const char *const[]){ "memory", NULL });
	int fd = -1;

	(void)state;
	make_located(v2, "/c1");
	make_located(v1, "/c1");
	fd = cgroup_v2_fd(&v2->cg);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(cgroup_v2_fd(&v1->cg), -1);
	assert_int_equal(cgroup_exec_fd(&v1->cg, NULL, 1, &fd, NULL), 0);
	assert_int_equal(fd, -1);
	fake_free(v2);
	fake_free(v1);
}

/* --- freezer ------------------------------------------------------------------------------------- */

static void v1_is_frozen_by_the_freezers_state(void **state)
{
	struct fake *f = fake_hybrid();
	auto_free char *path = NULL;
	struct err err = { 0 };
	bool frozen = false;

	(void)state;
	make_located(f, "/c1");
	put(f->cg.v[1].dir, "freezer.state", "THAWED\n");
	put(f->cg.v[1].dir, "freezer.self_freezing", "1\n");
	assert_int_equal(cgroup_set_frozen(&f->cg, true, &err), 0);
	assert_int_equal(cgroup_is_frozen(&f->cg, &frozen, &err), 0);
	assert_true(frozen);
	put(f->cg.v[1].dir, "freezer.self_freezing", "0\n"); /* an ancestor is */
	assert_int_equal(cgroup_is_frozen(&f->cg, &frozen, &err), 0);
	assert_false(frozen);
	assert_int_equal(cgroup_set_frozen(&f->cg, false, &err), 0);
	assert_file(f->cg.v[1].dir, "freezer.state", "THAWED");
	assert_int_equal(cgroup_freezer_path(&f->cg, &path), 0);
	assert_string_equal(path, f->cg.v[1].dir);
	fake_free(f);
}

static void v2_is_frozen_when_its_events_say_so(void **state)
{
	struct fake *f = fake_v2();
	struct err err = { 0 };
	bool frozen = false;

	(void)state;
	make_located(f, "/c1");
	put(f->cg.v[0].dir, "cgroup.freeze", "0\n");
	put(f->cg.v[0].dir, "cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(cgroup_set_frozen(&f->cg, true, &err), 0);
	assert_int_equal(cgroup_is_frozen(&f->cg, &frozen, &err), 0);
	assert_true(frozen);
	assert_int_equal(cgroup_set_frozen(&f->cg, false, &err), 0);
	assert_int_equal(cgroup_is_frozen(&f->cg, &frozen, &err), 0);
	assert_false(frozen);
	fake_free(f);
}

static void without_a_freezer_nothing_is_frozen_and_freezing_fails(void **state)
{
	struct fake *f = fake_new((const char *const[]){ "memory", NULL });
	auto_free char *path = NULL;
	struct err err = { 0 };
	bool frozen = true;

	(void)state;
	make_located(f, "/c1");
	assert_int_equal(cgroup_is_frozen(&f->cg, &frozen, &err), 0);
	assert_false(frozen);
	assert_int_equal(cgroup_set_frozen(&f->cg, false, &err), 0);
	assert_int_equal(cgroup_set_frozen(&f->cg, true, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_int_equal(cgroup_freezer_path(&f->cg, &path), 0);
	assert_null(path);
	fake_free(f);
}

/* --- views --------------------------------------------------------------------------------------- */

static void a_container_is_shown_the_v1_hierarchies_as_the_host_names_them(void **state)
{
	struct fake *f = fake_new((const char *const[]){ "name=systemd", "cpu,cpuacct", "", NULL });
	struct cgroup_mount_view *rows = NULL;
	struct err err = { 0 };
	size_t n = 0;

	(void)state;
	locate(f, "/c1");
	assert_int_equal(cgroup_mount_views(&f->cg, &rows, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].options, "none,name=systemd");
	assert_int_equal(rows[0].links.n, 0);
	assert_string_equal(rows[1].name, "cpu,cpuacct");
	assert_string_equal(rows[1].options, "cpu,cpuacct");
	assert_string_equal(rows[1].dir, f->cg.v[1].dir);
	assert_int_equal(rows[1].links.n, 2);
	assert_string_equal(rows[1].links.v[0], "cpu");
	assert_string_equal(rows[1].links.v[1], "cpuacct");
	cgroup_mount_views_done(rows, n);
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_absolute_path_lies_below_each_root),
		cmocka_unit_test(a_relative_path_lies_below_the_callers_cgroup),
		cmocka_unit_test(without_a_path_it_is_the_id),
		cmocka_unit_test(in_v2_alone_it_lies_beside_the_callers_cgroup),
		cmocka_unit_test(systemds_form_and_the_root_are_refused),
		cmocka_unit_test(create_makes_all_directories_and_remove_only_the_containers),
		cmocka_unit_test(a_populated_cgroup_is_refused_and_what_was_made_goes),
		cmocka_unit_test(a_populated_sub_cgroup_counts),
		cmocka_unit_test(an_empty_cgroup_is_used_but_a_frozen_one_is_not),
		cmocka_unit_test(a_recorded_path_at_or_above_the_root_is_never_removed),
		cmocka_unit_test(v2_controllers_are_handed_down_to_the_parent),
		cmocka_unit_test(an_empty_cpuset_takes_the_nearest_ancestors),
		cmocka_unit_test(pids_come_sorted_once_and_from_below_too),
		cmocka_unit_test(a_cgroup_that_is_gone_has_no_pids),
		cmocka_unit_test(attach_goes_into_every_hierarchy),
		cmocka_unit_test(enter_goes_into_v1_by_tasks_and_leaves_v2),
		cmocka_unit_test(a_sub_cgroup_is_for_the_named_controllers),
		cmocka_unit_test(a_sub_cgroup_of_an_unknown_controller_is_refused),
		cmocka_unit_test(the_v2_directory_can_be_cloned_into),
		cmocka_unit_test(v1_is_frozen_by_the_freezers_state),
		cmocka_unit_test(v2_is_frozen_when_its_events_say_so),
		cmocka_unit_test(without_a_freezer_nothing_is_frozen_and_freezing_fails),
		cmocka_unit_test(a_container_is_shown_the_v1_hierarchies_as_the_host_names_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
