/* SPDX-License-Identifier: Apache-2.0 */
/* What drift.c says where a destination leads through links; external_restore_test.c has the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/plan/external_restore.h"

/* A bind that config.json has at /data/current/log, and that lay at /data/v1/log. */
struct fixture {
	struct spec_mount mounts[1];
	struct spec spec;
	const char *places[1]; /* where it leads now */
	struct image_mount images[2];
	struct checkpoint_mount noted[1];
	struct checkpoint_unmounted unmounted[1];
	struct checkpoint_info info;
	struct strv words;
	struct external_args args;
	struct remap remap;
	struct arena arena;
	struct external_plan plan;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	strv_done(&f->words);
	external_args_done(&f->args);
	external_plan_done(&f->plan);
	arena_done(&f->arena);
}

static void setup(struct fixture *f, const char *place)
{
	*f = (struct fixture){
		.mounts = { { .destination = (char *)"/data/current/log",
			      .source = (char *)"/srv/log",
			      .type = (char *)"bind" } },
		.places = { place },
		.images = { { .id = 1, .mountpoint = "/", .root = "/", .source = "/dev/vda" },
			    { .id = 2,
			      .parent = 1,
			      .mountpoint = "/data/v1/log",
			      .root = "/log",
			      .source = "/dev/vda",
			      .key = "/data/v1/log" } },
		.noted = { { .id = 2,
			     .parent = 1,
			     .mountpoint = "/data/v1/log",
			     .key = "/data/v1/log",
			     .origin = EXTERNAL_CONFIG,
			     .mount_index = 4,
			     .destination = "/data/v1/log",
			     .written = "/data/current/log",
			     .type = "bind",
			     .config_source = "/srv/old" } },
		.info = { .version = CHECKPOINT_INFO_VERSION, .n = 1 },
	};
}

static int plan(struct fixture *f)
{
	const struct strv none = { 0 };
	struct live_mounts live;
	struct restore_row *rows;
	struct external_restore_input in = { .live = &live,
					     .mounts = f->images,
					     .n_mounts = 2,
					     .args = &f->args,
					     .remap = &f->remap,
					     .info = &f->info };

	f->spec = (struct spec){ .bundle = (char *)"/bundle", .mounts = { f->mounts, 1 } };
	f->info.v = f->noted;
	f->info.unmounted = f->unmounted;
	if (live_mounts_build(&f->spec, f->places, &f->arena, &live, &f->err) ||
	    external_args_parse(EXTERNAL_RESTORE, &f->words, &none, &f->args, &f->err))
		fail_msg("%s", f->err.msg);
	return external_restore_plan(&in, &f->plan, &rows, &f->err);
}

static void expect(struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (plan(f))
		fail_msg("%s", f->err.msg);
	external_plan_print(&f->plan, &b);
	assert_string_equal(b.p ? b.p : "", text);
}

static void a_link_that_leads_to_the_same_place_is_no_drift(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, "/data/v1/log");
	expect(&f, "/data/v1/log: key /data/v1/log, config, host /srv/log\n");
}

static void a_link_that_leads_elsewhere_is_refused_with_both_paths_and_the_ways_out(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, "/data/v2/log");
	assert_int_equal(plan(&f), -1);
	assert_int_equal(f.err.kind, ERR_INVALID);
	assert_string_equal(f.err.msg,
			    "/data/v1/log: config.json's /data/current/log leads to /data/v2/log "
			    "by a symlink now, and led to /data/v1/log; let it lead there again, "
			    "or write that in config.json, or have it mounted where it was with "
			    "--external 'mnt[/data/v1/log]:/srv/log'");
}

static void with_the_users_source_it_is_where_it_was_and_not_added_a_second_time(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, "/data/v2/log");
	strv_add(&f.words, "mnt[/data/v1/log]:/mnt/log");
	expect(&f, "/data/v1/log: key /data/v1/log, user, host /mnt/log\n");
}

static void what_the_container_had_moved_has_its_place_from_no_link(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, "/data/v2/log");
	f.images[1].mountpoint = f.noted[0].mountpoint = "/moved";
	f.noted[0].is_moved = true;
	expect(&f, "/moved: key /data/v1/log, config, host /srv/log\n");
}

static void one_that_was_unmounted_is_not_added_where_the_link_leads_now(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, "/data/v2/log");
	f.images[1].mountpoint = "/tmp";
	f.images[1].key = NULL;
	f.unmounted[0] = (struct checkpoint_unmounted){ 4, "/data/v1/log", "/data/current/log" };
	f.info.n = 0;
	f.info.n_unmounted = 1;
	expect(&f, "");
}

static void a_sidecar_without_what_was_written_knows_it_by_its_source(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, "/data/v2/log");
	f.noted[0].written = NULL;
	f.noted[0].config_source = "/srv/log";
	f.noted[0].options = "";
	assert_int_equal(plan(&f), -1);
	assert_string_equal(f.err.msg,
			    "/data/v1/log: config.json has it at /data/v2/log now (source "
			    "/srv/log), but CRIU restores a mount where it was");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_that_leads_to_the_same_place_is_no_drift),
		cmocka_unit_test(
			a_link_that_leads_elsewhere_is_refused_with_both_paths_and_the_ways_out),
		cmocka_unit_test(
			with_the_users_source_it_is_where_it_was_and_not_added_a_second_time),
		cmocka_unit_test(what_the_container_had_moved_has_its_place_from_no_link),
		cmocka_unit_test(one_that_was_unmounted_is_not_added_where_the_link_leads_now),
		cmocka_unit_test(a_sidecar_without_what_was_written_knows_it_by_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
