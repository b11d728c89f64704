/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "core/plan/mount_expect.h"

#define MAX 4

/* The root (1), an external mount at /data (2), a tmpfs at /tmp (3). */
struct fixture {
	struct spec spec;
	struct spec_mount mounts[MAX];
	char *options[MAX];
	struct arena arena;
	struct live_mounts live;
	struct image_mount images[MAX];
	enum external_propagation propagation[MAX];
	size_t joins[MAX];
	unsigned int peers[MAX], masters[MAX];
	struct external_mount rows[MAX];
	struct external_plan plan;
	struct mount_expect_source sources[MAX + 1];
	struct checkpoint_mount noted[MAX];
	struct checkpoint_info info;
	struct mount_expect expect;
};

static void fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
}

static void setup(struct fixture *f)
{
	*f = (struct fixture){
		.images = { { .id = 2, .parent = 1, .mountpoint = "/data", .flags = MS_NOEXEC },
			    { .id = 3,
			      .parent = 1,
			      .mountpoint = "/tmp",
			      .flags = MS_NOSUID | MS_UNBINDABLE | MS_PRIVATE },
			    { .id = 1, .mountpoint = "/", .flags = MS_RELATIME } },
		.joins = { SIZE_MAX, SIZE_MAX, SIZE_MAX },
		.rows = { { .id = 2,
			    .mountpoint = "/data",
			    .source = "/srv/a",
			    .flags = MS_RDONLY,
			    .is_idmapped = true } },
		.sources = { { .has_identity = true,
			       .major = 8,
			       .minor = 1,
			       .root = "/a",
			       .fstype = "ext4",
			       .shared = 5,
			       .host_fd = 40 },
			     { .has_identity = true,
			       .major = 8,
			       .minor = 2,
			       .root = "/rootfs",
			       .master = 6,
			       .host_fd = -1 } },
	};
	f->spec.mounts.v = f->mounts;
	f->plan.v = f->rows;
	f->plan.n = 1;
	f->info.v = f->noted;
}

static struct mount_expect_input input(const struct fixture *f)
{
	return (struct mount_expect_input){ .mounts = f->images,
					    .n_mounts = 3,
					    .root_id = 1,
					    .propagation = f->propagation,
					    .joins = f->joins,
					    .peers = f->peers,
					    .masters = f->masters,
					    .plan = &f->plan,
					    .sources = f->sources,
					    .info = &f->info,
					    .live = &f->live };
}

static void build(struct fixture *f)
{
	const struct mount_expect_input in = input(f);

	assert_int_equal(live_mounts_build(&f->spec, NULL, &f->arena, &f->live, NULL), 0);
	mount_expect_build(&in, &f->arena, &f->expect);
	assert_int_equal(f->expect.n, 3);
}

static void an_external_mount_is_what_the_plan_and_its_source_say(void **state)
{
	AUTO(fixture_done) struct fixture f;
	const struct mount_expect_row *row;

	(void)state;
	setup(&f);
	build(&f);
	row = &f.expect.v[0];
	assert_true(row->is_external && row->has_identity && row->is_idmapped);
	assert_int_equal(row->flags, MS_RDONLY);
	assert_int_equal(row->major * 100 + row->minor, 801);
	assert_string_equal(row->root, "/a");
	assert_string_equal(row->source, "/srv/a");
	/* private: no group of the host is any matter */
	assert_int_equal(row->group, 0);
	assert_int_equal(row->host_fd, -1);
}

static void peers_and_slaves_are_held_to_the_hosts_group(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.propagation[0] = EXTERNAL_SHARED;
	f.propagation[2] = EXTERNAL_SLAVE;
	build(&f);
	assert_int_equal(f.expect.v[0].group, 5);
	assert_int_equal(f.expect.v[0].host_fd, 40);
	assert_int_equal(f.expect.v[2].group, 6);
	/* a bind inside of what is the host's peer is one, too */
	f.propagation[1] = EXTERNAL_SHARED;
	f.joins[1] = 0;
	build(&f);
	assert_int_equal(f.expect.v[1].group, 5);
	assert_int_equal(f.expect.v[1].host_fd, 40);
}

static void an_internal_mount_is_what_it_was_and_no_looser_than_the_config(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	build(&f);
	assert_int_equal(f.expect.v[1].flags, MS_NOSUID);
	assert_true(f.expect.v[1].is_unbindable);
	assert_false(f.expect.v[1].is_external);
	f.options[0] = (char *)"ro";
	f.mounts[0] = (struct spec_mount){ .destination = (char *)"/tmp",
					   .type = (char *)"tmpfs",
					   .options = { f.options, 1 } };
	f.spec.mounts.n = 1;
	f.noted[0] = (struct checkpoint_mount){
		.id = 3, .mountpoint = "/tmp", .flags = MS_NOSYMFOLLOW | MS_NODEV, .fstype = "tmpfs"
	};
	f.info.n = 1;
	build(&f);
	/* of the sidecar only what CRIU doesn't note */
	assert_int_equal(f.expect.v[1].flags, MS_NOSUID | MS_RDONLY | MS_NOSYMFOLLOW);
	assert_string_equal(f.expect.v[1].fstype, "tmpfs");
}

static void the_root_is_read_only_if_the_live_config_says_so(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	build(&f);
	assert_int_equal(f.expect.v[2].flags, MS_RELATIME);
	assert_string_equal(f.expect.v[2].root, "/rootfs");
	f.spec.root.readonly = true;
	build(&f);
	assert_int_equal(f.expect.v[2].flags, MS_RELATIME | MS_RDONLY);
}

static void a_root_that_config_json_had_read_only_is_what_it_says_now(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.images[2].flags = MS_RDONLY;
	f.noted[0] = (struct checkpoint_mount){ .id = 1, .mountpoint = "/", .options = "ro" };
	f.info.n = 1;
	build(&f);
	assert_int_equal(f.expect.v[2].flags, 0);
	/* the container itself had made it so */
	f.noted[0].options = "rw";
	build(&f);
	assert_int_equal(f.expect.v[2].flags, MS_RDONLY);
	/* in a new container it would be, too */
	f.noted[0].options = "ro";
	f.sources[1].is_readonly = true;
	build(&f);
	assert_int_equal(f.expect.v[2].flags, MS_RDONLY);
}

/* The root (1), /data (2) that /tmp (3) lies on, as a stack. */
static const char *check_covered(struct fixture *f, struct err *err)
{
	const struct mount_expect_input in = input(f);
	struct findings findings = { .err = err };

	*err = (struct err){ 0 };
	f->rows[0].problem = NULL;
	f->images[1].parent = 2;
	f->images[1].mountpoint = "/data";
	build(f);
	mount_expect_check_covered(&in, &f->expect, &f->plan, &findings);
	findings_end(&findings);
	return err->msg;
}

static void a_covered_peer_of_the_host_is_refused_and_other_covered_mounts_are_not(void **state)
{
	AUTO(fixture_done) struct fixture f;
	struct err err;

	(void)state;
	setup(&f);
	f.propagation[0] = EXTERNAL_SLAVE;
	f.propagation[1] = f.propagation[2] = EXTERNAL_SHARED; /* on top, and the root */
	assert_string_equal(check_covered(&f, &err), "");
	f.propagation[0] = EXTERNAL_SHARED;
	assert_non_null(strstr(check_covered(&f, &err),
			       "/data: source /srv/a: it is to be shared with the host's mount, "
			       "but other mounts cover it"));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_non_null(f.rows[0].problem);
	external_plan_done(&f.plan);
}

static void
a_covered_mount_that_becomes_read_only_is_refused_if_it_is_criu_that_makes_it(void **state)
{
	AUTO(fixture_done) struct fixture f;
	struct err err;

	(void)state;
	setup(&f);
	f.plan.n = 0;
	f.sources[0] = f.sources[1];
	f.options[0] = (char *)"ro";
	f.mounts[0] = (struct spec_mount){ .destination = (char *)"/data",
					   .type = (char *)"tmpfs",
					   .options = { f.options, 1 } };
	f.spec.mounts.n = 1;
	assert_non_null(
		strstr(check_covered(&f, &err), "/data: it is to be read-only, but other "));
	f.images[0].flags |= MS_RDONLY;
	assert_string_equal(check_covered(&f, &err), "");
}

static void of_several_mounts_on_one_mountpoint_each_has_its_own_entry(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.plan.n = 0;
	f.sources[0] = f.sources[1];
	f.images[0].mountpoint = "/tmp"; /* 2, which 3 lies on */
	f.images[0].flags = f.images[1].flags = 0;
	f.options[0] = (char *)"ro";
	f.options[1] = (char *)"noexec";
	f.options[2] = (char *)"remount";
	for (size_t i = 0; i < 2; i++)
		f.mounts[i] = (struct spec_mount){ .destination = (char *)"/tmp",
						   .type = (char *)"tmpfs",
						   .options = { &f.options[i], 1 + i } };
	f.spec.mounts.n = 1;
	build(&f);
	assert_int_equal(f.expect.v[0].flags, MS_RDONLY);
	assert_int_equal(f.expect.v[1].flags, 0);
	f.spec.mounts.n = 2; /* the second entry changes the first one's mount */
	build(&f);
	assert_int_equal(f.expect.v[0].flags, MS_RDONLY | MS_NOEXEC);
	assert_int_equal(f.expect.v[1].flags, 0);
	f.mounts[1].options.n = 1; /* and now it is one of its own */
	arena_done(&f.arena);
	build(&f);
	assert_int_equal(f.expect.v[0].flags, MS_RDONLY);
	assert_int_equal(f.expect.v[1].flags, MS_NOEXEC);
}

static void criu_gets_the_flags_that_it_can_set_itself(void **state)
{
	AUTO(fixture_done) struct fixture f;
	struct mount_expect_input in;
	unsigned long *flags;

	(void)state;
	setup(&f);
	f.options[0] = (char *)"ro";
	f.options[1] = (char *)"noexec";
	f.mounts[0] = (struct spec_mount){ .destination = (char *)"/tmp",
					   .type = (char *)"tmpfs",
					   .options = { f.options, 2 } };
	f.spec.mounts.n = 1;
	f.spec.root.readonly = true;
	f.noted[0] =
		(struct checkpoint_mount){ .id = 3, .mountpoint = "/tmp", .flags = MS_NOSYMFOLLOW };
	f.info.n = 1;
	build(&f);
	in = input(&f);
	flags = mount_expect_flags(&in, &f.arena);
	/* a process may yet have to open a file there for writing */
	assert_int_equal(flags[1], MS_NOSUID | MS_NOEXEC | MS_NOSYMFOLLOW);
	assert_int_equal(flags[2], MS_RELATIME);
	f.images[1].flags |= MS_RDONLY;
	flags = mount_expect_flags(&in, &f.arena);
	assert_int_equal(flags[1], MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NOSYMFOLLOW);
}

static void groups_of_the_container_come_from_the_edited_images(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.propagation[1] = EXTERNAL_OWN_GROUP;
	f.peers[1] = 12;
	f.masters[1] = 13;
	build(&f);
	assert_int_equal(f.expect.v[1].peers, 12);
	assert_int_equal(f.expect.v[1].master, 13);
	assert_int_equal(f.expect.v[0].peers + f.expect.v[0].master, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_external_mount_is_what_the_plan_and_its_source_say),
		cmocka_unit_test(peers_and_slaves_are_held_to_the_hosts_group),
		cmocka_unit_test(an_internal_mount_is_what_it_was_and_no_looser_than_the_config),
		cmocka_unit_test(the_root_is_read_only_if_the_live_config_says_so),
		cmocka_unit_test(a_root_that_config_json_had_read_only_is_what_it_says_now),
		cmocka_unit_test(groups_of_the_container_come_from_the_edited_images),
		cmocka_unit_test(of_several_mounts_on_one_mountpoint_each_has_its_own_entry),
		cmocka_unit_test(criu_gets_the_flags_that_it_can_set_itself),
		cmocka_unit_test(
			a_covered_peer_of_the_host_is_refused_and_other_covered_mounts_are_not),
		cmocka_unit_test(
			a_covered_mount_that_becomes_read_only_is_refused_if_it_is_criu_that_makes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
