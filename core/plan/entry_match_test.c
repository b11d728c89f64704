/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/plan/entry_match.h"

#define MAX 4

struct fixture {
	struct arena arena;
	struct spec spec;
	struct spec_mount mounts[MAX];
	struct checkpoint_mount noted[MAX];
	struct checkpoint_unmounted unmounted[MAX];
	struct checkpoint_info info;
};

static void fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
}

/* A bind on /d that config.json has now. */
static void now(struct fixture *f, const char *source)
{
	f->mounts[f->spec.mounts.n++] = (struct spec_mount){ .destination = (char *)"/d",
							     .type = (char *)"bind",
							     .source = (char *)source };
}

/* A bind on /d that it had at the checkpoint. */
static void then(struct fixture *f, size_t index, const char *source)
{
	f->noted[f->info.n++] = (struct checkpoint_mount){ .mount_index = index,
							   .destination = "/d",
							   .config_source = source };
}

static void then_unmounted(struct fixture *f, size_t index)
{
	f->unmounted[f->info.n_unmounted++] =
		(struct checkpoint_unmounted){ .mount_index = index, .destination = "/d" };
}

/* Each as "INDEX=INDEX NOW;", of an unmounted one as "(INDEX)=". */
static void expect(struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct entry_matches matches;
	struct live_mounts live;

	f->spec.mounts.v = f->mounts;
	f->info.v = f->noted;
	f->info.unmounted = f->unmounted;
	assert_int_equal(live_mounts_build(&f->spec, NULL, &f->arena, &live, NULL), 0);
	entry_matches_build(&f->info, &live, &f->arena, &matches);
	for (size_t i = 0; i < matches.n; i++) {
		const struct entry_match *m = &matches.v[i];

		buf_addf(&b, m->mount ? "%zu=" : "(%zu)=", m->index);
		if (m->live)
			buf_addf(&b, "%zu", m->live->index);
		buf_addf(&b, ";");
		if (m->mount)
			assert_ptr_equal(entry_matches_find(&matches, m->mount), m);
	}
	assert_string_equal(b.p ? b.p : "", text);
}

static void as_many_as_then_are_the_same_in_their_order(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	now(&f, "/b");
	now(&f, "/new");
	then(&f, 7, "/b");
	then(&f, 5, "/a");
	expect(&f, "5=0;7=1;");
}

static void one_that_was_unmounted_has_its_place_in_the_order(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	now(&f, "/a");
	now(&f, "/b");
	then_unmounted(&f, 0);
	then(&f, 1, "/b");
	expect(&f, "(0)=0;1=1;");
}

static void of_fewer_than_then_the_sources_tell_which_are_left(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	now(&f, "/b");
	then_unmounted(&f, 0);
	then(&f, 1, "/b");
	expect(&f, "(0)=;1=0;");
	f.mounts[0].source = (char *)"/a";
	expect(&f, "(0)=0;1=;");
}

static void of_more_than_then_the_sources_tell_which_are_new(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	now(&f, "/new");
	now(&f, "/a");
	then(&f, 0, "/a");
	expect(&f, "0=1;");
	f.mounts[1].source = (char *)"/other";
	expect(&f, "0=0;");
}

static void a_remount_is_no_mount(void **state)
{
	static char *const remount[] = { (char *)"remount", (char *)"bind", NULL };
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	now(&f, "/a");
	f.mounts[0].options = (struct spec_strings){ (char **)remount, 2 };
	now(&f, "/a");
	then(&f, 1, "/a");
	expect(&f, "1=1;");
}

static void several_mounts_of_one_entry_are_one(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	now(&f, "/a");
	then(&f, 3, "/a");
	then(&f, 3, "/a");
	then_unmounted(&f, 3);
	expect(&f, "3=0;");
	/* what came along with it is none */
	f.noted[0].origin = f.noted[1].origin = EXTERNAL_SUBMOUNT;
	f.info.n_unmounted = 0;
	expect(&f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_as_then_are_the_same_in_their_order),
		cmocka_unit_test(one_that_was_unmounted_has_its_place_in_the_order),
		cmocka_unit_test(of_fewer_than_then_the_sources_tell_which_are_left),
		cmocka_unit_test(of_more_than_then_the_sources_tell_which_are_new),
		cmocka_unit_test(a_remount_is_no_mount),
		cmocka_unit_test(several_mounts_of_one_entry_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
