/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/plan/mount_origins.h"

struct fixture {
	struct arena arena;
	struct spec spec;
	struct spec_mount mounts[4];
	struct checkpoint_mount noted[8];
	struct checkpoint_unmounted unmounted[2];
	struct checkpoint_info info;
};

static void fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
}

static void entry(struct fixture *f, const char *destination)
{
	f->mounts[f->spec.mounts.n++] = (struct spec_mount){ .destination = (char *)destination,
							     .type = (char *)"bind",
							     .source = (char *)"/srv" };
}

static struct checkpoint_mount *mount(struct fixture *f, unsigned int id, unsigned int parent,
				      const char *mountpoint)
{
	struct checkpoint_mount *m = &f->noted[f->info.n++];

	*m = (struct checkpoint_mount){
		.id = id, .parent = parent, .mountpoint = mountpoint, .mount_index = SIZE_MAX
	};
	return m;
}

static void of_entry(struct checkpoint_mount *m, size_t index, const char *destination)
{
	m->mount_index = index;
	m->destination = destination;
}

/* Each as "MOUNTPOINT+DEPTH=ENTRY:BELOW;". */
static void expect(struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct mount_origins origins;
	struct live_mounts live;

	f->spec.mounts.v = f->mounts;
	f->info.v = f->noted;
	f->info.unmounted = f->unmounted;
	assert_int_equal(live_mounts_build(&f->spec, NULL, &f->arena, &live, NULL), 0);
	mount_origins_build(&f->info, &live, &f->arena, &origins);
	for (size_t i = 0; i < origins.n; i++)
		buf_addf(&b, "%s+%zu=%zu:%s;",
			 origins.v[i].mountpoint ? origins.v[i].mountpoint : "-",
			 origins.v[i].depth, origins.v[i].entry,
			 origins.v[i].below ? origins.v[i].below : "");
	assert_string_equal(b.p ? b.p : "", text);
}

static void mounts_belong_to_the_entries_of_today_wherever_they_lie(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };
	struct checkpoint_mount *sub;

	(void)state;
	entry(&f, "/gone");
	entry(&f, "/b");
	entry(&f, "/a");
	mount(&f, 1, 0, "/");
	of_entry(mount(&f, 2, 1, "/new"), 0, "/a");
	of_entry(mount(&f, 3, 2, "/new"), 1, "/b");
	of_entry(mount(&f, 4, 1, "/c"), 2, "/c");
	sub = mount(&f, 5, 1, "/sub");
	sub->origin = EXTERNAL_SUBMOUNT;
	sub->mount_index = 0;
	sub->below = "in";
	f.unmounted[f.info.n_unmounted++] =
		(struct checkpoint_unmounted){ .mount_index = 3, .destination = "/gone" };
	expect(&f, "/new+0=2:;/new+1=1:;-+0=0:;");
	sub->is_moved = true;
	expect(&f, "/new+0=2:;/new+1=1:;/sub+0=2:in;-+0=0:;");
}

static void of_two_entries_on_one_path_the_one_below_was_the_first(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	entry(&f, "/a");
	entry(&f, "/a");
	mount(&f, 1, 0, "/");
	of_entry(mount(&f, 3, 2, "/a"), 5, "/a");
	of_entry(mount(&f, 2, 1, "/a"), 4, "/a");
	expect(&f, "/a+0=0:;/a+1=1:;");
}

static void without_a_sidecar_nothing_is_known(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	entry(&f, "/a");
	expect(&f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts_belong_to_the_entries_of_today_wherever_they_lie),
		cmocka_unit_test(of_two_entries_on_one_path_the_one_below_was_the_first),
		cmocka_unit_test(without_a_sidecar_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
