/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/external_restore.h"

#define MAX 8

struct fixture {
	struct spec spec;
	struct spec_mount mounts[MAX];
	struct image_mount images[MAX];
	size_t n_images;
	struct external_source extras[MAX];
	size_t n_extras;
	struct strv words;
	struct external_args args;
	struct strv maps;
	struct remap remap;
	struct checkpoint_mount noted[MAX];
	struct checkpoint_unmounted unmounted;
	struct checkpoint_info info;
	struct arena arena;
	struct live_mounts live;
	struct external_plan plan;
	struct restore_row *rows;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	strv_done(&f->words);
	strv_done(&f->maps);
	remap_done(&f->remap);
	arena_done(&f->arena);
	external_args_done(&f->args);
	external_plan_done(&f->plan);
}

/* The image has a root, and nothing else yet. */
static void setup(struct fixture *f)
{
	*f = (struct fixture){ .spec = { .bundle = (char *)"/bundle" } };
	f->spec.mounts.v = f->mounts;
	f->info.v = f->noted;
	f->images[f->n_images++] = (struct image_mount){
		.id = 1, .mountpoint = "/", .root = "/rootfs", .source = "/dev/vda"
	};
}

/* A mount on the root of the image. */
static struct image_mount *saved(struct fixture *f, unsigned int id, const char *mountpoint,
				 const char *key)
{
	struct image_mount *im = &f->images[f->n_images++];

	*im = (struct image_mount){ .id = id,
				    .parent = 1,
				    .mountpoint = mountpoint,
				    .root = "/evil",
				    .source = "/evil",
				    .key = key };
	return im;
}

static void bind(struct fixture *f, const char *destination, const char *source)
{
	f->mounts[f->spec.mounts.n++] = (struct spec_mount){ .destination = (char *)destination,
							     .source = (char *)source,
							     .type = (char *)"bind" };
}

static int plan(struct fixture *f)
{
	const struct strv none = { 0 };
	struct external_restore_input in = {
		.live = &f->live,
		.remap = &f->remap,
		.info = &f->info,
		.mounts = f->images,
		.n_mounts = f->n_images,
		.args = &f->args,
		.extras = f->extras,
		.n_extras = f->n_extras,
	};

	external_args_done(&f->args);
	external_plan_done(&f->plan);
	remap_done(&f->remap);
	err_clear(&f->err);
	if (remap_parse(&f->maps, &f->remap, &f->err) ||
	    live_mounts_build(&f->spec, NULL, &f->arena, &f->live, &f->err))
		fail_msg("%s", f->err.msg);
	if (external_args_parse(EXTERNAL_RESTORE, &f->words, &none, &f->args, &f->err))
		fail_msg("%s", f->err.msg);
	return external_restore_plan(&in, &f->plan, &f->rows, &f->err);
}

static void expect(struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (plan(f))
		fail_msg("%s", f->err.msg);
	external_plan_print(&f->plan, &b);
	assert_string_equal(b.p ? b.p : "", text);
}

static void expect_refusal(struct fixture *f, const char *message)
{
	assert_int_equal(plan(f), -1);
	assert_string_equal(f->err.msg, message);
	assert_int_equal(f->err.kind, ERR_INVALID);
	external_plan_done(&f->plan);
}

static void the_live_config_gives_the_source_for_its_destination(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	saved(&f, 3, "/b", "/b");
	bind(&f, "/data/", "/mnt/new");
	bind(&f, "/b", "rel");
	expect(&f, "/data: key /data, config, host /mnt/new\n"
		   "/b: key /b, config, host /bundle/rel\n");
	assert_int_equal(f.plan.v[1].mount_index, 1);
}

static void the_user_wins_over_the_config(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	bind(&f, "/data", "/mnt/new");
	strv_add(&f.words, "mnt[/data]:/mnt/users");
	expect(&f, "/data: key /data, user, host /mnt/users\n");
	assert_true(f.plan.v[0].is_user_mapped);
}

static void a_destination_as_the_config_writes_it_names_the_one_mount_of_that_entry(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	saved(&f, 3, "/logs", "/logs");
	bind(&f, "/data/", "/srv/a");
	bind(&f, "//logs", "/srv/b");
	strv_add(&f.words, "mnt[/data/]:/mnt/a");
	expect(&f, "/data: key /data, user, host /mnt/a\n"
		   "/logs: key /logs, config, host /srv/b\n");
	/* a key is what is meant first */
	f.images[2].key = "/data/";
	f.images[2].mountpoint = "/data/logs";
	expect(&f, "/data: key /data, config, host /srv/a\n"
		   "/data/logs: key /data/, user, host /mnt/a\n");
}

static void a_key_of_the_users_falls_back_to_the_config_at_its_mountpoint(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "vol");
	bind(&f, "/data", "/mnt/new");
	expect(&f, "/data: key vol, config, host /mnt/new\n");
}

static void of_two_binds_on_one_destination_the_last_one_counts(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	bind(&f, "/data", "/first");
	bind(&f, "/data", "/second");
	expect(&f, "/data: key /data, config, host /second\n");
	/* or each, if the image has two there */
	f.images[1].parent = 3;
	saved(&f, 3, "/data", "/data");
	expect(&f, "/data: key /data, config, host /second\n"
		   "/data: key /data, config, host /first\n");
	f.spec.mounts.n = 1;
	assert_int_equal(plan(&f), -1);
	assert_non_null(strstr(f.err.msg, "/data: 2 mounts of the image have this path, and "
					  "config.json has 1 for it"));
	strv_add(&f.words, "mnt[/data]:/mnt/users");
	assert_int_equal(plan(&f), 0);
}

static void a_key_without_source_is_refused_and_the_hint_lists_the_keys(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "vol");
	saved(&f, 3, "/b", "/b");
	bind(&f, "/b", "/mnt/b");
	expect_refusal(&f, "/data: key \"vol\" has no source: config.json binds nothing there");
	assert_non_null(strstr(f.err.hint, "keys in the image: vol, /b"));
}

static void a_key_that_the_image_does_not_have_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	bind(&f, "/data", "/mnt/new");
	strv_add(&f.words, "mnt[/dta]:/mnt/users");
	expect_refusal(&f, "--external 'mnt[/dta]:/mnt/users': the image has no external mount "
			   "with that key");
	assert_non_null(strstr(f.err.hint, "keys in the image: /data"));
}

static void all_findings_are_in_one_message(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	saved(&f, 3, "/b", "/b");
	strv_add(&f.words, "mnt[x]:/mnt/users");
	expect_refusal(&f, "--external 'mnt[x]:/mnt/users': the image has no external mount with "
			   "that key; "
			   "/data: key \"/data\" has no source: config.json binds nothing there; "
			   "/b: key \"/b\" has no source: config.json binds nothing there");
}

static void a_submount_follows_its_parent(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	/* children come first in an image */
	saved(&f, 4, "/data/in/deep", "/data/in/deep")->parent = 3;
	saved(&f, 3, "/data/in", "/data/in")->parent = 2;
	saved(&f, 2, "/data", "vol");
	strv_add(&f.words, "mnt[vol]:/mnt/b");
	expect(&f, "/data/in/deep: key /data/in/deep, submount, host /mnt/b/in/deep\n"
		   "/data/in: key /data/in, submount, host /mnt/b/in\n"
		   "/data: key vol, user, host /mnt/b\n");
	assert_string_equal(f.plan.v[1].below, "in");
}

static void parents_that_point_at_each_other_have_no_source(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/a/b", "x")->parent = 3;
	saved(&f, 3, "/a", "y")->parent = 2;
	saved(&f, 4, "/c", "z")->parent = 4;
	assert_int_equal(plan(&f), -1);
}

static void the_callers_paths_serve_cgroup_views(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory");
	f.extras[f.n_extras++] = (struct external_source){
		.mountpoint = "/sys/fs/cgroup/memory",
		.path = "/sys/fs/cgroup/memory/new",
		.origin = EXTERNAL_CGROUP,
	};
	expect(&f, "/sys/fs/cgroup/memory: key /sys/fs/cgroup/memory, cgroup, host "
		   "/sys/fs/cgroup/memory/new\n");
}

static void masked_files_come_from_null_under_any_key(void **state)
{
	static char *const masked[] = { (char *)"/proc/keys", (char *)"/proc/acpi", NULL };
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.spec.masked_paths.v = (char **)masked;
	f.spec.masked_paths.n = 2;
	saved(&f, 2, "/proc/keys", "/proc/keys")->root = "/null";
	saved(&f, 3, "/proc/timer_list", "/dev/null")->root = "/null";
	expect(&f, "/proc/keys: key /proc/keys, mask, host /dev/null\n"
		   "/proc/timer_list: key /dev/null, mask, host /dev/null\n");
	/* a masked directory isn't null */
	saved(&f, 4, "/proc/acpi", "/proc/acpi")->root = "/empty";
	assert_int_equal(plan(&f), -1);
}

static void a_device_comes_from_the_hosts_node_of_that_name(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/dev/zero", "/dev/zero")->root = "/zero";
	expect(&f, "/dev/zero: key /dev/zero, device, host /dev/zero\n");
	f.images[1].root = "/sda";
	assert_int_equal(plan(&f), -1);
}

static void a_path_of_the_image_is_taken_only_with_mnt_auto(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/x", "auto:/srv/x");
	expect_refusal(&f, "/x: mnt[] took it from /srv/x of the host, and only mnt[] takes it "
			   "from there again");
	strv_add(&f.words, "mnt[]");
	expect(&f, "/x: key auto:/srv/x, auto, host /srv/x\n");
	assert_false(f.plan.is_auto);
}

static void an_auto_key_can_be_mapped_like_any_other(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/x", "auto:/srv/x");
	strv_add(&f.words, "mnt[auto:/srv/x]:/mnt/b");
	expect(&f, "/x: key auto:/srv/x, user, host /mnt/b\n");
}

static void
what_criu_took_by_itself_comes_from_the_config_or_with_mnt_auto_from_its_path(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/x", "CRIU:AUTOGENERATED")->source = "/srv/x";
	saved(&f, 3, "/y", "CRIU:AUTOGENERATED")->source = "/srv/y";
	bind(&f, "/x", "/mnt/new");
	expect_refusal(&f, "/y: mnt[] took it from /srv/y of the host, and only mnt[] takes it "
			   "from there again");
	strv_add(&f.words, "mnt[]:s");
	expect(&f, "/x: key CRIU:AUTOGENERATED, config, host /mnt/new\n"
		   "/y: key CRIU:AUTOGENERATED, auto, host /srv/y\n");
	strv_add(&f.words, "mnt[/y]:/mnt/y");
	expect(&f, "/x: key CRIU:AUTOGENERATED, config, host /mnt/new\n"
		   "/y: key CRIU:AUTOGENERATED, user, host /mnt/y\n");
	/* never CRIU by itself */
	assert_false(f.plan.is_auto);
}

static void a_disk_of_criu_needs_the_users_dev_option(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/disk", "CRIU:EXTERNAL_DEV")->source = "dev[d1]";
	assert_int_equal(plan(&f), -1);
	strv_add(&f.words, "dev[d1]:/dev/loop1");
	expect(&f, "/disk: key CRIU:EXTERNAL_DEV, user, host /dev/loop1\n");
	assert_int_equal(f.plan.passed_on.n, 1);
}

static void one_key_for_two_mounts_gives_each_its_own_source(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/a", "k");
	saved(&f, 3, "/b", "k");
	bind(&f, "/a", "/mnt/a");
	bind(&f, "/b", "/mnt/b");
	expect(&f, "/a: key k, config, host /mnt/a\n/b: key k, config, host /mnt/b\n");
	strv_add(&f.words, "mnt[k]:/mnt/c");
	expect(&f, "/a: key k, user, host /mnt/c\n/b: key k, user, host /mnt/c\n");
}

static void a_moved_mount_is_its_keys_and_not_its_new_places(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/moved", "/data");
	bind(&f, "/data", "/mnt/data");
	bind(&f, "/moved", "/mnt/other");
	expect(&f, "/moved: key /data, config, host /mnt/data\n");
}

static void a_map_moves_what_the_config_names_and_not_what_the_user_names(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 6, "/u/sub", "/u/sub")->parent = 5;
	saved(&f, 5, "/u", "/u");
	saved(&f, 4, "/b", "/b");
	saved(&f, 3, "/a/sub", "/a/sub")->parent = 2;
	saved(&f, 2, "/a", "/a");
	bind(&f, "/a", "/srv/a");
	bind(&f, "/b", "/srv/ab");
	bind(&f, "/u", "/srv/u");
	strv_add(&f.words, "mnt[/u]:/srv/a/u");
	strv_add(&f.maps, "/srv/a=/mnt/a");
	strv_add(&f.maps, "/nowhere=/x");
	expect(&f, "/u/sub: key /u/sub, submount, host /srv/a/u/sub\n"
		   "/u: key /u, user, host /srv/a/u\n"
		   "/b: key /b, config, host /srv/ab\n"
		   "/a/sub: key /a/sub, submount, host /mnt/a/sub\n"
		   "/a: key /a, config, host /mnt/a\n");
	assert_int_equal(f.plan.warnings.n, 1);
	assert_string_equal(f.plan.warnings.v[0],
			    "--map /nowhere=/x: no source lies below /nowhere");
	/* the submount may go further than its parent */
	strv_add(&f.maps, "/srv/a/sub=/mnt/s");
	assert_int_equal(plan(&f), 0);
	assert_string_equal(f.plan.v[3].source, "/mnt/s");
}

/* --- with a sidecar ------------------------------------------------------------------------------- */

/* What the sidecar says of the image's row that was added last: entry `index`, a bind of `source`. */
static struct checkpoint_mount *note(struct fixture *f, size_t index, const char *destination,
				     const char *source)
{
	const struct image_mount *im = &f->images[f->n_images - 1];
	struct checkpoint_mount *m = &f->noted[f->info.n++];

	f->info.version = CHECKPOINT_INFO_VERSION;
	*m = (struct checkpoint_mount){ .id = im->id,
					.parent = im->parent,
					.mountpoint = im->mountpoint,
					.key = im->key,
					.mount_index = index,
					.destination = destination,
					.type = "bind",
					.options = "",
					.config_source = source };
	return m;
}

static void the_sidecar_tells_stacked_binds_apart(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	/* CRIU has one key for the path; the sidecar has one for each */
	saved(&f, 3, "/data", "/data")->parent = 2;
	note(&f, 1, "/data", "/srv/top")->key = "k0001";
	saved(&f, 2, "/data", "/data");
	note(&f, 0, "/data", "/srv/low");
	bind(&f, "/data", "/mnt/low");
	bind(&f, "/data", "/mnt/top");
	expect(&f, "/data: key k0001, config, host /mnt/top\n"
		   "/data: key /data, config, host /mnt/low\n");
}

static void a_submount_under_a_bind_of_the_config_is_still_its_parents(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 4, "/data/sub/deep", "/data/sub/deep")->parent = 3;
	saved(&f, 5, "/data/sub", "k0001")->parent = 3;
	saved(&f, 3, "/data/sub", "/data/sub")->parent = 2;
	saved(&f, 2, "/data", "/data");
	bind(&f, "/data", "/srv/a");
	bind(&f, "/data/sub", "/srv/over");
	f.noted[0] = (struct checkpoint_mount){ .id = 2,
						.mountpoint = "/data",
						.key = "/data",
						.destination = "/data",
						.type = "bind" };
	f.noted[1] = (struct checkpoint_mount){
		.id = 3, .mountpoint = "/data/sub", .key = "/data/sub", .origin = EXTERNAL_SUBMOUNT
	};
	f.noted[2] = (struct checkpoint_mount){ .id = 4,
						.mountpoint = "/data/sub/deep",
						.key = "/data/sub/deep",
						.origin = EXTERNAL_SUBMOUNT };
	f.noted[3] = (struct checkpoint_mount){ .id = 5,
						.mountpoint = "/data/sub",
						.key = "k0001",
						.mount_index = 1,
						.destination = "/data/sub",
						.type = "bind" };
	f.info.n = 4;
	f.info.version = CHECKPOINT_INFO_VERSION;
	expect(&f, "/data/sub/deep: key /data/sub/deep, submount, host /srv/a/sub/deep\n"
		   "/data/sub: key k0001, config, host /srv/over\n"
		   "/data/sub: key /data/sub, submount, host /srv/a/sub\n"
		   "/data: key /data, config, host /srv/a\n");
}

static void the_sidecar_knows_the_key_of_what_criu_took_by_itself_or_that_it_has_none(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/x", "CRIU:AUTOGENERATED")->source = "/srv/x";
	note(&f, 0, "/x", "/srv/x")->key = "/x";
	saved(&f, 3, "/x", "CRIU:AUTOGENERATED")->parent = 2;
	note(&f, SIZE_MAX, NULL, NULL)->key = NULL;
	bind(&f, "/x", "/mnt/new");
	expect(&f, "/x: key /x, config, host /mnt/new\n");
}

static void a_new_bind_is_added_on_top_of_what_lies_there(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	note(&f, 0, "/data", "/srv/a");
	bind(&f, "/data", "/srv/a");
	bind(&f, "/data/new", "/srv/b");
	assert_int_equal(plan(&f), 0);
	assert_int_equal(f.plan.n, 2);
	assert_true(f.plan.v[1].is_added);
	assert_string_equal(f.plan.v[1].mountpoint, "/data/new");
	assert_string_equal(f.plan.v[1].source, "/srv/b");
	assert_int_equal(f.plan.v[1].parent, 2);
	assert_null(f.plan.v[1].key);
}

static void a_new_bind_above_a_mount_of_the_image_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data/sub", "/data/sub");
	note(&f, 0, "/data/sub", "/srv/a");
	bind(&f, "/dat", "/srv/b");
	bind(&f, "/data/sub", "/srv/a");
	assert_int_equal(plan(&f), 0);
	f.mounts[0].destination = (char *)"/data";
	assert_int_equal(plan(&f), -1);
	assert_string_equal(f.err.msg,
			    "/data: config.json has it and the checkpoint hasn't: it would cover "
			    "/data/sub; give it another destination, or leave it out");
	assert_int_equal(f.err.kind, ERR_UNSUPPORTED);
}

static void a_new_bind_where_something_was_is_refused(void **state)
{
	static const char *const message =
		"/x: config.json has a bind of /srv/b there and the checkpoint hasn't, but it had "
		"something else; give it another destination, or leave it out";
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.info.version = CHECKPOINT_INFO_VERSION;
	saved(&f, 2, "/x", NULL);
	bind(&f, "/x", "/srv/b");
	assert_int_equal(plan(&f), -1);
	assert_string_equal(f.err.msg, message);
	/* a cgroup that create had no record of is its own mount */
	f.mounts[0].type = (char *)"cgroup";
	expect(&f, "");
	/* one of two that was unmounted inside: which is the new one? */
	f.n_images--;
	f.info.unmounted = &f.unmounted;
	f.unmounted.destination = "/x";
	f.info.n_unmounted = 1;
	f.mounts[0].type = (char *)"bind";
	bind(&f, "/x", "/srv/b");
	assert_int_equal(plan(&f), -1);
	assert_string_equal(f.err.msg, message);
}

static void what_was_unmounted_inside_is_not_added_again(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.info.version = CHECKPOINT_INFO_VERSION;
	f.unmounted.destination = "/gone";
	f.info.unmounted = &f.unmounted;
	f.info.n_unmounted = 1;
	bind(&f, "/gone", "/srv/gone");
	assert_int_equal(plan(&f), 0);
	assert_int_equal(f.plan.n, 0);
}

static void a_new_mount_that_cannot_be_bound_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.info.version = CHECKPOINT_INFO_VERSION;
	bind(&f, "/mq", "mqueue");
	f.mounts[0].type = (char *)"mqueue";
	assert_int_equal(plan(&f), -1);
	assert_string_equal(f.err.msg,
			    "/mq: config.json has it (type mqueue) and the checkpoint hasn't: only "
			    "a bind or a tmpfs can be added");
}

static void an_entry_that_is_gone_is_refused_unless_the_user_names_a_source(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	note(&f, 0, "/data", "/srv/a");
	expect_refusal(&f, "/data: config.json no longer has this mount (a bind of /srv/a), but "
			   "the checkpoint does");
	strv_add(&f.words, "mnt[/data]:/mnt/users");
	expect(&f, "/data: key /data, user, host /mnt/users\n");
}

static void a_tmpfs_that_is_gone_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/tmp", NULL);
	note(&f, 0, "/tmp", "tmpfs")->type = "tmpfs";
	expect_refusal(&f, "/tmp: config.json no longer has this mount (of type tmpfs), but the "
			   "checkpoint does");
}

static void a_new_destination_is_refused_and_both_are_named(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/old", "/old");
	note(&f, 0, "/old", "/srv/a");
	bind(&f, "/new", "/srv/a");
	assert_int_equal(plan(&f), -1);
	assert_non_null(strstr(f.err.msg, "/old: config.json has it at /new now (source /srv/a)"));
	assert_int_equal(f.plan.n, 1); /* it isn't added as well */
}

static void a_bind_that_became_a_tmpfs_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	note(&f, 0, "/data", "/srv/a");
	bind(&f, "/data", "tmpfs");
	f.mounts[0].type = (char *)"tmpfs";
	assert_int_equal(plan(&f), -1);
	assert_non_null(strstr(f.err.msg, "/data: it is a mount of type tmpfs in config.json now, "
					  "and was a bind of /srv/a"));
}

static void a_mount_for_a_plugin_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/p", NULL)->has_plugin = true;
	expect_refusal(&f, "/p: the image wants a plugin of CRIU to mount it");
}

static void a_bind_that_the_image_does_not_have_is_warned_of(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	bind(&f, "/new", "/mnt/new");
	expect(&f, "");
	assert_int_equal(f.plan.warnings.n, 1);
	assert_string_equal(f.plan.warnings.v[0],
			    "mount 0 (/new): the image has no mount there, so the restored "
			    "container has none either");
}

static void criu_gets_each_key_once_and_the_longest_first(void **state)
{
	AUTO(fixture_done) struct fixture f;
	AUTO(criu_request_done) struct criu_request req;

	(void)state;
	setup(&f);
	saved(&f, 2, "/a", "/dev/null");
	saved(&f, 3, "/b", "/dev/null");
	saved(&f, 4, "/data", "/data:with:more");
	bind(&f, "/data", "/mnt/new");
	assert_int_equal(plan(&f), 0);
	criu_request_init(&req, CRIU_RESTORE);
	external_plan_request(&f.plan, true, &req);
	assert_int_equal(req.ext_mounts.n, 2);
	assert_string_equal(req.ext_mounts.v[0].key, "/data:with:more");
	assert_string_equal(req.ext_mounts.v[0].value, "/mnt/new");
	assert_string_equal(req.ext_mounts.v[1].key, "/dev/null");
	assert_false(req.auto_ext_mounts);
}

static void a_submount_that_was_moved_out_comes_from_below_its_entrys_source(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/data", "/data");
	note(&f, 0, "/data", "/srv/a");
	saved(&f, 3, "/b", "/b");
	note(&f, 1, "/b", "/srv/b");
	saved(&f, 4, "/b/new", "/b/new")->parent = 3;
	note(&f, 0, NULL, NULL);
	bind(&f, "/b", "/srv/b");
	bind(&f, "/data", "/srv/a");
	f.noted[2].origin = EXTERNAL_SUBMOUNT;
	f.noted[2].is_moved = true;
	f.noted[2].below = "in/side";
	expect(&f, "/data: key /data, config, host /srv/a\n/b: key /b, config, host /srv/b\n"
		   "/b/new: key /b/new, submount, host /srv/a/in/side\n");
	/* a sidecar that lies */
	f.noted[2].below = "../../etc";
	expect(&f, "/data: key /data, config, host /srv/a\n/b: key /b, config, host /srv/b\n"
		   "/b/new: key /b/new, submount, host /srv/b/new\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_live_config_gives_the_source_for_its_destination),
		cmocka_unit_test(the_user_wins_over_the_config),
		cmocka_unit_test(
			a_destination_as_the_config_writes_it_names_the_one_mount_of_that_entry),
		cmocka_unit_test(a_key_of_the_users_falls_back_to_the_config_at_its_mountpoint),
		cmocka_unit_test(of_two_binds_on_one_destination_the_last_one_counts),
		cmocka_unit_test(a_key_without_source_is_refused_and_the_hint_lists_the_keys),
		cmocka_unit_test(a_key_that_the_image_does_not_have_is_refused),
		cmocka_unit_test(all_findings_are_in_one_message),
		cmocka_unit_test(a_submount_follows_its_parent),
		cmocka_unit_test(parents_that_point_at_each_other_have_no_source),
		cmocka_unit_test(the_callers_paths_serve_cgroup_views),
		cmocka_unit_test(masked_files_come_from_null_under_any_key),
		cmocka_unit_test(a_device_comes_from_the_hosts_node_of_that_name),
		cmocka_unit_test(a_path_of_the_image_is_taken_only_with_mnt_auto),
		cmocka_unit_test(an_auto_key_can_be_mapped_like_any_other),
		cmocka_unit_test(
			what_criu_took_by_itself_comes_from_the_config_or_with_mnt_auto_from_its_path),
		cmocka_unit_test(a_disk_of_criu_needs_the_users_dev_option),
		cmocka_unit_test(one_key_for_two_mounts_gives_each_its_own_source),
		cmocka_unit_test(a_moved_mount_is_its_keys_and_not_its_new_places),
		cmocka_unit_test(a_map_moves_what_the_config_names_and_not_what_the_user_names),
		cmocka_unit_test(the_sidecar_tells_stacked_binds_apart),
		cmocka_unit_test(a_submount_under_a_bind_of_the_config_is_still_its_parents),
		cmocka_unit_test(
			the_sidecar_knows_the_key_of_what_criu_took_by_itself_or_that_it_has_none),
		cmocka_unit_test(a_new_bind_is_added_on_top_of_what_lies_there),
		cmocka_unit_test(a_new_bind_above_a_mount_of_the_image_is_refused),
		cmocka_unit_test(a_new_bind_where_something_was_is_refused),
		cmocka_unit_test(what_was_unmounted_inside_is_not_added_again),
		cmocka_unit_test(a_new_mount_that_cannot_be_bound_is_refused),
		cmocka_unit_test(an_entry_that_is_gone_is_refused_unless_the_user_names_a_source),
		cmocka_unit_test(a_tmpfs_that_is_gone_is_refused),
		cmocka_unit_test(a_new_destination_is_refused_and_both_are_named),
		cmocka_unit_test(a_bind_that_became_a_tmpfs_is_refused),
		cmocka_unit_test(a_mount_for_a_plugin_is_refused),
		cmocka_unit_test(a_bind_that_the_image_does_not_have_is_warned_of),
		cmocka_unit_test(criu_gets_each_key_once_and_the_longest_first),
		cmocka_unit_test(a_submount_that_was_moved_out_comes_from_below_its_entrys_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
