/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "core/plan/restore_settle.h"

/* One mount at /data, from /srv/a. */
struct fixture {
	struct spec spec;
	struct spec_mount mount;
	char *options[8];
	struct arena arena;
	struct live_mounts live;
	struct image_mount image;
	struct checkpoint_mount noted;
	struct restore_row row;
	struct mount_row host;
	struct restore_source source;
	struct external_mount m;
	struct external_plan plan;
	struct err err;
	struct findings findings;
};

static void fixture_done(struct fixture *f)
{
	arena_done(&f->arena);
	f->plan.v = NULL;
	external_plan_done(&f->plan);
}

static void setup(struct fixture *f)
{
	*f = (struct fixture){
		.mount = { .destination = (char *)"/data",
			   .type = (char *)"bind",
			   .source = (char *)"/srv/a" },
		.image = { .flags = MS_RELATIME },
		.noted = { .kind = EXTERNAL_KIND_DIRECTORY,
			   .options = "",
			   .config_source = "/srv/a",
			   .source = "/srv/a" },
		.host = { .mountpoint = "/srv", .flags = MS_RELATIME },
		.source = { .is_open = true, .kind = EXTERNAL_KIND_DIRECTORY },
		.m = { .mountpoint = "/data",
		       .key = "/data",
		       .source = "/srv/a",
		       .origin = EXTERNAL_CONFIG },
	};
	f->mount.options.v = f->options;
	f->spec.mounts.v = &f->mount;
	f->spec.mounts.n = 1;
}

static void option(struct fixture *f, const char *word)
{
	f->options[f->mount.options.n++] = (char *)word;
}

enum sidecar { WITHOUT, WITH };

static void settle(struct fixture *f, enum sidecar sidecar)
{
	const struct restore_settle_input in = { .spec = &f->spec,
						 .rows = &f->row,
						 .sources = &f->source };

	assert_int_equal(live_mounts_build(&f->spec, NULL, &f->arena, &f->live, &f->err), 0);
	f->row = (struct restore_row){ .image = &f->image,
				       .noted = sidecar == WITH ? &f->noted : NULL,
				       .live = f->spec.mounts.n ? &f->live.v[0] : NULL,
				       .unmapped = "/srv/a" };
	f->source.host = &f->host;
	f->plan.v = &f->m;
	f->plan.n = 1;
	f->m.problem = f->m.note = NULL;
	f->findings = (struct findings){ .err = &f->err };
	restore_settle(&in, &f->plan, 0, &f->findings);
}

/* --- flags -------------------------------------------------------------------------------------- */

static void with_the_options_of_the_checkpoint_a_mount_gets_what_it_had(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.image.flags = MS_RDONLY | MS_NOEXEC | MS_NOATIME | MS_PRIVATE;
	f.noted.flags = f.image.flags | MS_NOSYMFOLLOW | MS_NODEV;
	settle(&f, WITH);
	/* the sidecar only adds what CRIU doesn't note */
	assert_int_equal(f.m.flags, MS_RDONLY | MS_NOEXEC | MS_NOATIME | MS_NOSYMFOLLOW);
	assert_null(f.m.note);
}

static void it_is_never_looser_than_the_live_config(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	option(&f, "ro");
	option(&f, "nosuid");
	f.noted.options = "ro,nosuid";
	settle(&f, WITH);
	assert_int_equal(f.m.flags, MS_RDONLY | MS_NOSUID | MS_RELATIME);
}

static void other_options_give_what_a_fresh_container_would_have(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	option(&f, "rw");
	option(&f, "noexec");
	f.noted.options = "ro";
	f.image.flags = MS_RDONLY | MS_RELATIME;
	f.host.flags = MS_NODEV | MS_NOATIME;
	settle(&f, WITH);
	assert_int_equal(f.m.flags, MS_NODEV | MS_NOATIME | MS_NOEXEC);
	assert_non_null(strstr(f.m.note, "\"rw,noexec\" now, and were \"ro\""));
	settle(&f, WITHOUT);
	assert_int_equal(f.m.flags, MS_NODEV | MS_NOATIME | MS_NOEXEC);
}

static void a_mount_without_entry_gets_what_it_had(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.spec.mounts.n = 0;
	f.image.flags = MS_RDONLY | MS_RELATIME;
	settle(&f, WITHOUT);
	assert_int_equal(f.m.flags, MS_RDONLY | MS_RELATIME);
}

static void a_submount_takes_only_recursive_restrictions(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.m.origin = EXTERNAL_SUBMOUNT;
	f.source.is_mount_root = true;
	option(&f, "noexec");
	option(&f, "rro");
	settle(&f, WITHOUT);
	assert_int_equal(f.m.flags, MS_RDONLY | MS_RELATIME);
}

/* --- propagation -------------------------------------------------------------------------------- */

static void a_fresh_bind_follows_the_host_and_then_its_options(void **state)
{
	static const struct {
		unsigned long rootfs;
		bool is_shared, is_slave;
		const char *word;
		enum external_propagation result;
	} cases[] = {
		{ 0, false, false, NULL, EXTERNAL_PRIVATE },
		{ 0, true, false, NULL, EXTERNAL_SLAVE },
		{ 0, false, true, NULL, EXTERNAL_SLAVE },
		{ MS_PRIVATE | MS_REC, true, false, NULL, EXTERNAL_PRIVATE },
		{ MS_SHARED, true, false, NULL, EXTERNAL_SHARED },
		{ MS_SHARED, false, true, NULL, EXTERNAL_SLAVE },
		{ 0, true, false, "rprivate", EXTERNAL_PRIVATE },
		{ 0, true, false, "rshared", EXTERNAL_SLAVE_SHARED },
		{ 0, false, false, "shared", EXTERNAL_OWN_GROUP },
		{ 0, false, false, "slave", EXTERNAL_PRIVATE },
		{ MS_SHARED, true, false, "rslave", EXTERNAL_SLAVE },
		{ MS_SHARED, true, false, "rshared", EXTERNAL_SHARED },
		{ MS_SHARED, true, false, "unbindable", EXTERNAL_PRIVATE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fixture_done) struct fixture f;

		setup(&f);
		f.spec.rootfs_propagation = cases[i].rootfs;
		f.host.shared = cases[i].is_shared ? 7 : 0;
		f.host.master = cases[i].is_slave ? 8 : 0;
		if (cases[i].word)
			option(&f, cases[i].word);
		settle(&f, WITHOUT);
		if (f.m.propagation != cases[i].result)
			fail_msg("case %zu: %s", i, external_propagation_name(f.m.propagation));
	}
}

static void a_slave_of_a_private_source_becomes_private_with_a_note(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.noted.propagation = EXTERNAL_SLAVE;
	settle(&f, WITH);
	assert_int_equal(f.m.propagation, EXTERNAL_PRIVATE);
	assert_non_null(strstr(f.m.note, "it was slave, and is private now"));
	f.host.shared = 7;
	settle(&f, WITH);
	assert_int_equal(f.m.propagation, EXTERNAL_SLAVE);
	assert_null(f.m.note);
}

static void a_private_mount_stays_private_on_a_shared_source(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.host.shared = 7;
	f.noted.propagation = EXTERNAL_PRIVATE;
	settle(&f, WITH);
	assert_int_equal(f.m.propagation, EXTERNAL_PRIVATE);
}

/* --- whether it fits ---------------------------------------------------------------------------- */

static void expect_problem(struct fixture *f, enum sidecar sidecar, const char *text)
{
	settle(f, sidecar);
	assert_non_null(f->m.problem);
	assert_non_null(strstr(f->m.problem, text));
	assert_int_equal(findings_end(&f->findings), -1);
	assert_non_null(strstr(f->err.msg, "/data: "));
	assert_non_null(strstr(f->err.msg, "/srv/a"));
}

static void expect_none(struct fixture *f, enum sidecar sidecar)
{
	settle(f, sidecar);
	assert_null(f->m.problem);
	assert_int_equal(findings_end(&f->findings), 0);
}

static void another_kind_than_at_the_checkpoint_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.source.kind = EXTERNAL_KIND_SOCKET;
	f.noted.kind = EXTERNAL_KIND_FILE;
	expect_problem(&f, WITH, "is now a socket, and was a file");
	expect_none(&f, WITHOUT);
	f.noted.kind = EXTERNAL_KIND_UNKNOWN;
	expect_none(&f, WITH);
}

static void a_submount_has_to_be_a_mount(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.m.origin = EXTERNAL_SUBMOUNT;
	expect_problem(&f, WITH, "nothing is mounted there");
	f.source.is_mount_root = true;
	expect_none(&f, WITH);
}

static void a_source_on_an_unbindable_mount_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.host.is_unbindable = true;
	expect_problem(&f, WITHOUT, "lies on /srv, which is unbindable");
}

static void a_source_that_was_deleted_needs_another_path(void **state)
{
	static const enum checkpoint_source bad[] = { CHECKPOINT_SOURCE_DELETED,
						      CHECKPOINT_SOURCE_REPLACED,
						      CHECKPOINT_SOURCE_GONE };
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		f.noted.source_state = bad[i];
		expect_problem(&f, WITH, "--external 'mnt[/data]:HOSTPATH'");
	}
	f.m.source = "/mnt/other";
	expect_none(&f, WITH);
	f.m.source = "/srv/a";
	f.m.is_user_mapped = true;
	expect_none(&f, WITH);
}

static void without_sidecar_the_images_mark_of_deletion_counts(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.m.is_deleted = true;
	expect_problem(&f, WITHOUT, "had been deleted");
	/* mapped elsewhere by --map */
	f.m.source = "/mnt/a";
	expect_none(&f, WITHOUT);
	/* the sidecar knows better than a name that ends in " (deleted)" */
	f.m.source = "/srv/a";
	expect_none(&f, WITH);
}

static void another_inode_is_noted_and_not_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.noted.inode = 5;
	f.source.inode = 6;
	expect_none(&f, WITH);
	assert_string_equal(f.m.note, "source /srv/a is another directory than at the checkpoint");
	/* what is elsewhere now is another one, of course */
	f.m.source = "/mnt/a";
	expect_none(&f, WITH);
	assert_null(f.m.note);
	f.m.source = "/srv/a";
	/* a view of a cgroup always is */
	f.m.origin = EXTERNAL_CGROUP;
	expect_none(&f, WITH);
	assert_null(f.m.note);
}

static void an_idmapped_mount_needs_its_mapping_from_the_config(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.noted.is_idmapped = true;
	expect_none(&f, WITH);
	assert_false(f.m.is_idmapped);
	assert_non_null(strstr(f.m.note, "it was idmapped"));
	option(&f, "idmap");
	expect_none(&f, WITH);
	assert_true(f.m.is_idmapped);
	f.spec.mounts.n = 0;
	f.m.is_idmapped = false;
	settle(&f, WITH);
	assert_non_null(strstr(f.m.problem, "no mapping for it"));
}

static void for_a_tracefs_that_the_sidecar_adds_nothing_else_is_mounted(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	f.noted.fstype = "tracefs";
	f.host.fstype = "tracefs";
	settle(&f, WITH);
	assert_null(f.m.problem);
	f.host.fstype = "ext4";
	settle(&f, WITH);
	assert_string_equal(f.m.problem,
			    "source /srv/a: ext4 is mounted there now, and was tracefs "
			    "at the checkpoint");
	f.m.is_user_mapped = true;
	settle(&f, WITH);
	assert_null(f.m.problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_a_tracefs_that_the_sidecar_adds_nothing_else_is_mounted),
		cmocka_unit_test(with_the_options_of_the_checkpoint_a_mount_gets_what_it_had),
		cmocka_unit_test(it_is_never_looser_than_the_live_config),
		cmocka_unit_test(other_options_give_what_a_fresh_container_would_have),
		cmocka_unit_test(a_mount_without_entry_gets_what_it_had),
		cmocka_unit_test(a_submount_takes_only_recursive_restrictions),
		cmocka_unit_test(a_fresh_bind_follows_the_host_and_then_its_options),
		cmocka_unit_test(a_slave_of_a_private_source_becomes_private_with_a_note),
		cmocka_unit_test(a_private_mount_stays_private_on_a_shared_source),
		cmocka_unit_test(another_kind_than_at_the_checkpoint_is_refused),
		cmocka_unit_test(a_submount_has_to_be_a_mount),
		cmocka_unit_test(a_source_on_an_unbindable_mount_is_refused),
		cmocka_unit_test(a_source_that_was_deleted_needs_another_path),
		cmocka_unit_test(without_sidecar_the_images_mark_of_deletion_counts),
		cmocka_unit_test(another_inode_is_noted_and_not_refused),
		cmocka_unit_test(an_idmapped_mount_needs_its_mapping_from_the_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
