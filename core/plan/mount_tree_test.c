/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/mount_tree.h"

#define MAX 8

struct fixture {
	struct arena arena;
	struct mount_node v[MAX];
	size_t n;
	struct mount_tree tree;
};

static void fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
}

static void add(struct fixture *f, unsigned int id, unsigned int parent, const char *mountpoint)
{
	f->v[f->n] = (struct mount_node){ .id = id, .parent = parent, .mountpoint = mountpoint };
	f->n++;
}

static const struct mount_node *node(struct fixture *f, unsigned int id)
{
	for (size_t i = 0; i < f->tree.n; i++)
		if (f->tree.v[i].id == id)
			return &f->tree.v[i];
	fail_msg("no mount %u", id);
	return NULL;
}

static bool is_hidden(struct fixture *f, unsigned int id)
{
	return mount_tree_is_hidden(&f->tree, node(f, id));
}

static void children_stand_side_by_side_by_mountpoint(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };
	size_t i;

	(void)state;
	add(&f, 5, 1, "/z");
	add(&f, 4, 5, "/z/in");
	add(&f, 3, 1, "/a");
	add(&f, 1, 9, "/");
	mount_tree_build(&f.tree, f.v, f.n, &f.arena);
	i = mount_tree_children(&f.tree, 1);
	assert_int_equal(mount_tree_child(&f.tree, i, 1)->id, 3);
	assert_int_equal(mount_tree_child(&f.tree, i + 1, 1)->id, 5);
	assert_null(mount_tree_child(&f.tree, i + 2, 1));
	assert_int_equal(f.tree.root->id, 1);
	assert_int_equal(node(&f, 4)->up->id, 5);
	assert_null(f.tree.root->up);
}

static void what_lies_under_another_or_behind_it_is_hidden(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	add(&f, 1, 0, "/");
	add(&f, 2, 1, "/vol/data"); /* /vol covers it */
	add(&f, 3, 2, "/vol/data/in");
	add(&f, 4, 1, "/vol");
	add(&f, 5, 4, "/vol/data"); /* this one is seen */
	add(&f, 6, 1, "/volume");
	add(&f, 7, 6, "/volume");
	mount_tree_build(&f.tree, f.v, f.n, &f.arena);
	assert_true(is_hidden(&f, 2) && is_hidden(&f, 3) && is_hidden(&f, 6));
	assert_false(is_hidden(&f, 1) || is_hidden(&f, 4) || is_hidden(&f, 5) || is_hidden(&f, 7));
}

static void a_root_may_be_its_own_parent_and_can_be_covered(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	add(&f, 1, 1, "/");
	mount_tree_build(&f.tree, f.v, f.n, &f.arena);
	assert_int_equal(f.tree.root->id, 1);
	assert_false(is_hidden(&f, 1));
	add(&f, 2, 1, "/");
	mount_tree_build(&f.tree, f.v, f.n, &f.arena);
	assert_int_equal(f.tree.root->id, 1);
	assert_true(is_hidden(&f, 1));
	assert_false(is_hidden(&f, 2));
}

static void parents_in_a_circle_are_borne(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	add(&f, 2, 3, "/a");
	add(&f, 3, 2, "/b");
	mount_tree_build(&f.tree, f.v, f.n, &f.arena);
	assert_null(f.tree.root);
	assert_false(is_hidden(&f, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_stand_side_by_side_by_mountpoint),
		cmocka_unit_test(what_lies_under_another_or_behind_it_is_hidden),
		cmocka_unit_test(a_root_may_be_its_own_parent_and_can_be_covered),
		cmocka_unit_test(parents_in_a_circle_are_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
