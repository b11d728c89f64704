/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "core/plan/live_mounts.h"

#define MAX 6

struct fixture {
	struct spec spec;
	struct spec_mount mounts[MAX];
	char *options[MAX][4];
	struct arena arena;
	struct live_mounts live;
};

static void fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
}

static void add(struct fixture *f, const char *destination, const char *type, const char *options)
{
	struct spec_mount *m = &f->mounts[f->spec.mounts.n];
	char *rest = arena_strdup(&f->arena, options), *word;

	m->destination = (char *)destination;
	m->type = (char *)type;
	m->options.v = f->options[f->spec.mounts.n++];
	while (rest && (word = strsep(&rest, ",")))
		m->options.v[m->options.n++] = word;
	f->spec.mounts.v = f->mounts;
	assert_int_equal(live_mounts_build(&f->spec, NULL, &f->arena, &f->live, NULL), 0);
}

static void entries_are_found_by_their_place_and_rank(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };
	size_t n;

	(void)state;
	add(&f, "/b", "bind", NULL);
	add(&f, "/a/", "tmpfs", NULL);
	add(&f, "/a", "bind", NULL);
	add(&f, "/a", NULL, "rbind,ro");
	add(&f, "/y/../../x", "bind", NULL);
	assert_non_null(live_mounts_at(&f.live, "/a", &n));
	assert_int_equal(n, 3);
	assert_null(live_mounts_at(&f.live, "/ab", &n));
	assert_int_equal(live_mounts_bind(&f.live, "/a", 0)->index, 2);
	assert_int_equal(live_mounts_bind(&f.live, "/a", 1)->index, 3);
	assert_int_equal(live_mounts_bind(&f.live, "/a", SIZE_MAX)->index, 3);
	assert_int_equal(live_mounts_bind(&f.live, "/b", 7)->index, 0);
	/* as create, which takes ".." off before it looks for links */
	assert_int_equal(live_mounts_bind(&f.live, "/x", 0)->index, 4);
	assert_null(live_mounts_bind(&f.live, "/y", 0));
	assert_string_equal(f.live.v[3].options, "rbind,ro");
	assert_string_equal(f.live.v[0].options, "");
}

static void options_change_the_flags_that_they_name_and_no_other(void **state)
{
	static const struct {
		const char *options;
		unsigned long before, after;
	} cases[] = {
		{ "", MS_NODEV | MS_RELATIME, MS_NODEV | MS_RELATIME },
		{ "ro,noexec", MS_NODEV | MS_RELATIME,
		  MS_RDONLY | MS_NOEXEC | MS_NODEV | MS_RELATIME },
		{ "rw,dev", MS_RDONLY | MS_NODEV | MS_NOSUID, MS_NOSUID },
		{ "noatime", MS_RELATIME, MS_NOATIME },
		{ "strictatime", MS_NOATIME, MS_STRICTATIME },
		{ "rrelatime", MS_NOATIME | MS_NODIRATIME, MS_RELATIME | MS_NODIRATIME },
		{ "rro,nosymfollow", 0, MS_RDONLY | MS_NOSYMFOLLOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fixture_done) struct fixture f = { 0 };

		add(&f, "/a", "bind", cases[i].options);
		if (live_mounts_apply(&f.live.v[0], cases[i].before) != cases[i].after)
			fail_msg("%s", cases[i].options);
	}
}

static void restrictions_are_what_takes_rights_away(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	add(&f, "/a", "bind", "nosuid,rro,noatime,exec");
	assert_int_equal(live_mounts_restrictions(&f.live.v[0], false), MS_NOSUID | MS_RDONLY);
	assert_int_equal(live_mounts_restrictions(&f.live.v[0], true), MS_RDONLY);
	/* what is given back takes nothing away */
	add(&f, "/b", "bind", "ro,nosuid,rrw");
	assert_int_equal(live_mounts_restrictions(&f.live.v[1], false), MS_NOSUID);
	assert_int_equal(live_mounts_restrictions(&f.live.v[1], true), 0);
}

static void an_entry_is_remounted_by_those_after_it_at_its_place(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	add(&f, "/a", "bind", "rbind,ro,nosuid,rnoexec");
	add(&f, "/b", "bind", "bind");
	add(&f, "/a", NULL, "bind,remount,nodev,noatime");
	add(&f, "/a/", "bind", "bind,nosuid");
	add(&f, "/a", NULL, "bind,remount,rnodev");
	assert_ptr_equal(f.live.v[0].remount, &f.live.v[2]);
	assert_null(f.live.v[2].remount);
	assert_ptr_equal(f.live.v[3].remount, &f.live.v[4]);
	assert_null(f.live.v[1].remount);
	/* all flags are new, of the times those that are named */
	assert_int_equal(live_mounts_apply(&f.live.v[0], MS_RELATIME), MS_NODEV | MS_NOATIME);
	assert_int_equal(live_mounts_restrictions(&f.live.v[0], false), MS_NODEV);
	assert_int_equal(live_mounts_restrictions(&f.live.v[0], true), MS_NOEXEC);
	assert_int_equal(live_mounts_apply(&f.live.v[3], MS_NODIRATIME | MS_NOATIME),
			 MS_NODEV | MS_NODIRATIME | MS_NOATIME);
	assert_string_equal(f.live.v[0].options,
			    "rbind,ro,nosuid,rnoexec,bind,remount,nodev,noatime");
}

static void what_is_made_read_only_at_the_end_stays_so(void **state)
{
	AUTO(fixture_done) struct fixture f = { 0 };

	(void)state;
	add(&f, "/a", "tmpfs", "ro,nosuid");
	add(&f, "/a", NULL, "bind,remount");
	add(&f, "/dev", "bind", "ro");
	add(&f, "/dev", NULL, "bind,remount");
	add(&f, "/c", "bind", "ro");
	add(&f, "/c", NULL, "remount");
	assert_int_equal(live_mounts_restrictions(&f.live.v[0], false), MS_RDONLY);
	assert_int_equal(live_mounts_restrictions(&f.live.v[2], false), MS_RDONLY);
	assert_int_equal(live_mounts_restrictions(&f.live.v[4], false), 0);
	/* "bind" in it would make a bind of the tmpfs */
	assert_string_equal(f.live.v[0].options, "ro,nosuid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found_by_their_place_and_rank),
		cmocka_unit_test(options_change_the_flags_that_they_name_and_no_other),
		cmocka_unit_test(restrictions_are_what_takes_rights_away),
		cmocka_unit_test(an_entry_is_remounted_by_those_after_it_at_its_place),
		cmocka_unit_test(what_is_made_read_only_at_the_end_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
