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
	struct external_plan plan;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	strv_done(&f->words);
	external_args_done(&f->args);
	external_plan_done(&f->plan);
}

/* The image has a root, and nothing else yet. */
static void setup(struct fixture *f)
{
	*f = (struct fixture){ .spec = { .bundle = (char *)"/bundle" } };
	f->spec.mounts.v = f->mounts;
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
		.spec = &f->spec,
		.mounts = f->images,
		.n_mounts = f->n_images,
		.args = &f->args,
		.extras = f->extras,
		.n_extras = f->n_extras,
	};

	external_args_done(&f->args);
	external_plan_done(&f->plan);
	err_clear(&f->err);
	if (external_args_parse(EXTERNAL_RESTORE, &f->words, &none, &f->args, &f->err))
		fail_msg("%s", f->err.msg);
	return external_restore_plan(&in, &f->plan, &f->err);
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
	expect_refusal(&f, "/data: key \"/data\" has no source: config.json binds nothing there; "
			   "/b: key \"/b\" has no source: config.json binds nothing there; "
			   "--external 'mnt[x]:/mnt/users': the image has no external mount with "
			   "that key");
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

static void criu_restores_its_own_auto_mounts_if_allowed(void **state)
{
	AUTO(fixture_done) struct fixture f;
	AUTO(criu_request_done) struct criu_request req;

	(void)state;
	setup(&f);
	saved(&f, 2, "/x", "CRIU:AUTOGENERATED")->source = "/srv/x";
	/* CRIU looks at the image alone, so a live bind there wouldn't count */
	bind(&f, "/x", "/mnt/new");
	expect_refusal(&f, "/x: mnt[] took it from /srv/x of the host, and only mnt[] takes it "
			   "from there again");
	strv_add(&f.words, "mnt[]:s");
	expect(&f, "/x: key CRIU:AUTOGENERATED, auto, host /srv/x\n");
	criu_request_init(&req, CRIU_RESTORE);
	external_plan_request(&f.plan, true, &req);
	assert_true(req.auto_ext_mounts && req.ext_sharing);
	assert_int_equal(req.ext_mounts.n, 0);
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

static void one_key_with_two_sources_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	saved(&f, 2, "/a", "k");
	saved(&f, 3, "/b", "k");
	bind(&f, "/a", "/mnt/a");
	bind(&f, "/b", "/mnt/b");
	expect_refusal(&f, "key \"k\" would come from /mnt/a at /a and from /mnt/b at /b");
	strv_add(&f.words, "mnt[k]:/mnt/c");
	assert_int_equal(plan(&f), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_live_config_gives_the_source_for_its_destination),
		cmocka_unit_test(the_user_wins_over_the_config),
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
		cmocka_unit_test(criu_restores_its_own_auto_mounts_if_allowed),
		cmocka_unit_test(a_disk_of_criu_needs_the_users_dev_option),
		cmocka_unit_test(one_key_with_two_sources_is_refused),
		cmocka_unit_test(a_mount_for_a_plugin_is_refused),
		cmocka_unit_test(a_bind_that_the_image_does_not_have_is_warned_of),
		cmocka_unit_test(criu_gets_each_key_once_and_the_longest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
