/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that the container or the host has changed since create, on recorded mountinfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/external_dump.h"

#define HOST                                              \
	"20 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n" \
	"27 20 0:60 / /run rw shared:9 - tmpfs run rw\n"  \
	"28 20 0:61 / /cg rw - cgroup2 cgroup rw\n"

#define ROOT   "100 90 254:0 /srv/b/rootfs / rw - ext4 /dev/vda rw\n"
#define A_BIND "110 100 254:0 /srv/a /data rw - ext4 /dev/vda rw\n"
#define B_BIND "111 100 254:0 /srv/b2 /b rw - ext4 /dev/vda rw\n"

/* What create recorded of a container with /data from /srv/a and /b from /srv/b2. */
#define RECORD                                   \
	"kedge-mounts 1\n"                       \
	"destination 0 /data\n"                  \
	"destination 1 /b\n"                     \
	"source 0 254:0 1000 /srv/a\n"           \
	"source 1 254:0 1001 /srv/b2\n"          \
	"id 110 4000000110\nid 111 4000000111\n" \
	"mountinfo\n" ROOT A_BIND B_BIND

#define MAX_ROWS 8

struct fixture {
	struct spec spec;
	struct spec_mount mounts[3];
	char *options[3][1];
	struct mount_table container;
	struct mount_table host;
	struct mount_record record;
	struct external_args args;
	uint64_t unique_ids[MAX_ROWS];
	struct external_seen seen[MAX_ROWS];
	struct external_seen sources[3];
	bool has_record, has_ids;
	struct external_plan plan;
	struct checkpoint_info info;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	mount_table_done(&f->container);
	mount_table_done(&f->host);
	mount_record_done(&f->record);
	external_args_done(&f->args);
	external_plan_done(&f->plan);
	checkpoint_info_done(&f->info);
}

static void bind(struct fixture *f, const char *destination, const char *source)
{
	size_t i = f->spec.mounts.n++;

	f->options[i][0] = (char *)"rbind";
	f->mounts[i] = (struct spec_mount){ .destination = (char *)destination,
					    .source = (char *)source,
					    .type = (char *)"bind",
					    .options = { .v = f->options[i], .n = 1 } };
}

static struct external_seen there(uint64_t inode)
{
	return (struct external_seen){ EXTERNAL_SEEN_THERE, EXTERNAL_KIND_DIRECTORY, 254, 0,
				       inode };
}

/* The container of RECORD, with these mounts now. */
static void setup(struct fixture *f, const char *container)
{
	*f = (struct fixture){ .spec = { .bundle = (char *)"/srv/b" }, .has_record = true };
	f->spec.mounts.v = f->mounts;
	bind(f, "/data", "/srv/a");
	bind(f, "/b", "/srv/b2");
	f->sources[0] = there(1000);
	f->sources[1] = there(1001);
	assert_int_equal(mount_table_parse(HOST, strlen(HOST), &f->host, &f->err), 0);
	assert_int_equal(mount_table_parse(container, strlen(container), &f->container, &f->err),
			 0);
	assert_int_equal(mount_record_parse(RECORD, strlen(RECORD), &f->record, &f->err), 0);
	assert_true(f->container.n <= MAX_ROWS);
}

/* Set what lies at the root of mount `id`, and its unique id. */
static void see(struct fixture *f, unsigned int id, uint64_t inode, uint64_t unique_id)
{
	for (size_t i = 0; i < f->container.n; i++)
		if (f->container.v[i].id == id) {
			f->seen[i] = there(inode);
			f->unique_ids[i] = unique_id;
		}
	f->has_ids |= unique_id != 0;
}

static int plan(struct fixture *f)
{
	struct external_dump_input in = {
		.spec = &f->spec,
		.container = &f->container,
		.host = &f->host,
		.args = &f->args,
		.record = f->has_record ? &f->record : NULL,
		.unique_ids = f->has_ids ? f->unique_ids : NULL,
		.seen = f->seen,
		.sources = f->sources,
	};

	external_plan_done(&f->plan);
	checkpoint_info_done(&f->info);
	err_clear(&f->err);
	return external_dump_plan(&in, &f->plan, &f->info, &f->err);
}

/* Each external mount as "ID MOUNTPOINT KEY CRIU-PATH;", what is unmounted as "-INDEX;". */
static void expect(struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (plan(f))
		fail_msg("%s", f->err.msg);
	for (size_t i = 0; i < f->plan.n; i++) {
		const struct external_mount *m = &f->plan.v[i];

		buf_addf(&b, "%u %s %s %s;", m->id, m->mountpoint, m->key,
			 m->criu_path ? m->criu_path : "-");
	}
	for (size_t i = 0; i < f->info.n_unmounted; i++)
		buf_addf(&b, "-%zu;", f->info.unmounted[i].mount_index);
	assert_string_equal(b.p ? b.p : "", text);
}

static const struct checkpoint_mount *info_of(const struct fixture *f, unsigned int id)
{
	const struct checkpoint_mount *m = checkpoint_info_find(&f->info, id);

	assert_non_null(m);
	return m;
}

static void nothing_changed_is_nothing_to_say(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT A_BIND B_BIND);
	see(&f, 110, 1000, 0);
	see(&f, 111, 1001, 0);
	expect(&f, "110 /data /data /data;111 /b /b /b;");
	assert_int_equal(f.plan.warnings.n, 0);
	assert_int_equal(f.info.n, 3);
	assert_null(info_of(&f, 100)->key);
	assert_string_equal(info_of(&f, 100)->options, "rw");
	assert_string_equal(info_of(&f, 110)->key, "/data");
	assert_int_equal(info_of(&f, 110)->source_state, CHECKPOINT_SOURCE_SAME);
	assert_int_equal(info_of(&f, 110)->kind, EXTERNAL_KIND_DIRECTORY);
	assert_string_equal(info_of(&f, 110)->options, "rbind");
	assert_string_equal(info_of(&f, 110)->config_source, "/srv/a");
	assert_string_equal(info_of(&f, 110)->fs_source, "/dev/vda");
}

static void a_moved_mount_keeps_the_key_of_its_destination(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT "110 100 254:0 /srv/a /new rw - ext4 /dev/vda rw\n" B_BIND);
	expect(&f, "110 /new /data /new;111 /b /b /b;");
	assert_true(info_of(&f, 110)->is_moved);
	assert_string_equal(info_of(&f, 110)->destination, "/data");
	assert_string_equal(f.plan.v[0].note, "the container moved it here from /data");
	assert_false(info_of(&f, 111)->is_moved);
}

static void two_mounts_that_changed_places_are_told_apart(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT "110 100 254:0 /srv/a /b rw - ext4 /dev/vda rw\n"
		       "111 100 254:0 /srv/b2 /data rw - ext4 /dev/vda rw\n");
	expect(&f, "110 /b /data /b;111 /data /b /data;");
	assert_int_equal(f.plan.v[0].mount_index, 0);
	assert_int_equal(f.plan.v[1].mount_index, 1);
}

static void without_a_record_a_moved_mount_is_known_by_what_it_shows(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT "110 100 254:0 /srv/a /new rw - ext4 /dev/vda rw\n" B_BIND);
	f.has_record = false;
	see(&f, 110, 1000, 0);
	see(&f, 111, 1001, 0);
	expect(&f, "110 /new /data /new;111 /b /b /b;");
}

static void an_unmounted_entry_is_noted_and_warned_of(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT B_BIND);
	expect(&f, "111 /b /b /b;-0;");
	assert_string_equal(f.info.unmounted[0].destination, "/data");
	assert_int_equal(f.plan.warnings.n, 1);
	assert_string_equal(f.plan.warnings.v[0],
			    "/data: mount 0 of config.json was unmounted in the container, a "
			    "restore leaves it so");
	f.has_record = false;
	expect(&f, "111 /b /b /b;-0;");
}

static void an_id_that_another_mount_has_got_since_is_not_taken_for_the_old_one(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT "110 100 254:0 /srv/b/rootfs/x /x rw - ext4 /dev/vda rw\n" B_BIND);
	see(&f, 110, 7, 4000000999);
	see(&f, 111, 1001, 4000000111);
	expect(&f, "111 /b /b /b;-0;");

	fixture_done(&f);
	setup(&f, ROOT "110 100 0:77 / /x rw - tmpfs t rw\n" B_BIND);
	expect(&f, "111 /b /b /b;-0;");
}

static void a_bind_of_the_same_made_before_the_unmount_takes_the_entrys_place(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT "140 100 254:0 /srv/a /copy rw - ext4 /dev/vda rw\n" B_BIND);
	expect(&f, "140 /copy /data /copy;111 /b /b /b;");
}

static void a_tmpfs_over_an_external_mount_leaves_it_to_mnt_auto(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT A_BIND B_BIND "140 110 0:77 / /data rw - tmpfs over rw\n");
	expect(&f, "110 /data /data -;111 /b /b /b;");
	assert_true(f.plan.is_auto);
	assert_true(f.plan.allows_shared);
	assert_true(f.plan.allows_slave);
	assert_null(info_of(&f, 140)->key);
}

static void an_external_mount_over_a_tmpfs_is_left_to_mnt_auto_too(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT "109 100 0:77 / /data rw - tmpfs under rw\n"
		       "110 109 254:0 /srv/a /data rw - ext4 /dev/vda rw\n" B_BIND);
	expect(&f, "110 /data /data -;111 /b /b /b;");
	assert_true(f.plan.is_auto);
	f.has_record = false;
	expect(&f, "110 /data /data -;111 /b /b /b;");
}

static void two_entries_on_one_path_have_keys_of_their_own(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT A_BIND "111 110 254:0 /srv/b2 /data rw - ext4 /dev/vda rw\n");
	f.mounts[1].destination = (char *)"/data";
	f.has_record = false;
	see(&f, 111, 1001, 0);
	expect(&f, "110 /data /data /data;111 /data k0001 -;");
	assert_false(f.plan.is_auto);
	assert_int_equal(f.plan.v[1].mount_index, 1);
}

static void a_stack_that_mnt_auto_cannot_find_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	/* a slave of a peer group that the host doesn't have */
	setup(&f, ROOT "110 100 254:0 /srv/a /data rw master:5 - ext4 /dev/vda rw\n" B_BIND
		       "140 110 0:77 / /data rw - tmpfs over rw\n");
	assert_int_equal(plan(&f), -1);
	assert_string_equal(f.err.msg,
			    "/data: another kind of mount lies on the same path, and CRIU finds no "
			    "mount on the host that shows the same");
}

static void what_became_of_a_source_is_noted(void **state)
{
	static const struct {
		const char *row;
		struct external_seen source;
		uint64_t seen;
		enum checkpoint_source result;
		const char *note;
	} cases[] = {
		{ A_BIND,
		  { EXTERNAL_SEEN_THERE, EXTERNAL_KIND_DIRECTORY, 254, 0, 2000 },
		  1000,
		  CHECKPOINT_SOURCE_REPLACED,
		  "its source /srv/a was replaced on the host, the container has the old one" },
		{ A_BIND,
		  { .state = EXTERNAL_SEEN_MISSING },
		  1000,
		  CHECKPOINT_SOURCE_REPLACED,
		  "its source was moved away from /srv/a on the host" },
		{ "110 100 254:0 /srv/a//deleted /data rw - ext4 /dev/vda rw\n",
		  { .state = EXTERNAL_SEEN_MISSING },
		  1000,
		  CHECKPOINT_SOURCE_DELETED,
		  "its source /srv/a was deleted on the host" },
		{ "110 100 254:0 /srv/a//deleted /data rw - ext4 /dev/vda rw\n",
		  { EXTERNAL_SEEN_THERE, EXTERNAL_KIND_DIRECTORY, 254, 0, 2000 },
		  1000,
		  CHECKPOINT_SOURCE_REPLACED,
		  "its source /srv/a was replaced on the host, the container has the old one" },
		{ "110 100 7:3 /srv/a /data rw - ext4 /dev/loop3 rw\n",
		  { .state = EXTERNAL_SEEN_MISSING },
		  1000,
		  CHECKPOINT_SOURCE_GONE,
		  "the file system of its source /srv/a is not mounted on the host any more" },
		{ A_BIND, { 0 }, 1000, CHECKPOINT_SOURCE_UNKNOWN, NULL },
		/* covered, create's inode decides */
		{ A_BIND,
		  { EXTERNAL_SEEN_THERE, EXTERNAL_KIND_DIRECTORY, 254, 0, 1000 },
		  0,
		  CHECKPOINT_SOURCE_SAME,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fixture_done) struct fixture f;
		AUTO(buf_done) struct buf text = { 0 };

		buf_addf(&text, "%s%s%s", ROOT, cases[i].row, B_BIND);
		setup(&f, text.p);
		/* the same mount, whatever its device is now */
		see(&f, 110, cases[i].seen, 4000000110);
		if (!cases[i].seen)
			f.seen[1] = (struct external_seen){ 0 };
		f.sources[0] = cases[i].source;
		assert_int_equal(plan(&f), 0);
		assert_int_equal(info_of(&f, 110)->source_state, cases[i].result);
		if (cases[i].note)
			assert_string_equal(f.plan.v[0].note, cases[i].note);
		else
			assert_null(f.plan.v[0].note);
		assert_int_equal(f.plan.warnings.n, cases[i].note ? 1 : 0);
	}
}

static void a_remount_entry_makes_no_mount(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, ROOT A_BIND);
	f.mounts[1].destination = (char *)"/data";
	f.options[1][0] = (char *)"remount";
	f.has_record = false;
	expect(&f, "110 /data /data /data;");
}

static void entries_get_their_destinations_as_keys_before_other_mounts_do(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	/* a view of the cgroup lies at /data now; the entry's mount has moved on to /new */
	setup(&f, ROOT "105 100 0:61 /c /data rw - cgroup2 cgroup rw\n"
		       "110 100 254:0 /srv/a /new rw - ext4 /dev/vda rw\n" B_BIND);
	expect(&f, "105 /data k0001 /data;110 /new /data /new;111 /b /b /b;");
}

/* The container of RECORD, recorded by this text, with these mounts now. */
static void setup_recorded(struct fixture *f, const char *record, const char *container)
{
	setup(f, container);
	mount_record_done(&f->record);
	assert_int_equal(mount_record_parse(record, strlen(record), &f->record, &f->err), 0);
}

#define SUBMOUNT "112 110 0:60 /sub /data/in rw - tmpfs run rw\n"

static void a_submount_that_was_moved_out_is_known_by_its_id(void **state)
{
	static const char record[] = "kedge-mounts 1\ndestination 0 /data\ndestination 1 /b\n"
				     "mountinfo\n" ROOT A_BIND B_BIND SUBMOUNT;
	static const char other[] = ROOT A_BIND B_BIND "112 100 0:61 /c /n rw - cgroup2 c rw\n";
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup_recorded(&f, record,
		       ROOT A_BIND B_BIND "112 111 0:60 /sub /b/new rw - tmpfs run rw\n");
	expect(&f, "110 /data /data /data;111 /b /b /b;112 /b/new /b/new /b/new;");
	assert_int_equal(f.plan.v[2].origin, EXTERNAL_SUBMOUNT);
	assert_int_equal(f.plan.v[2].mount_index, 0);
	assert_string_equal(f.plan.v[2].below, "in");
	assert_string_equal(f.plan.v[2].source, "/run/sub");
	assert_string_equal(f.plan.v[2].note, "the container moved it here from /data/in");
	assert_true(info_of(&f, 112)->is_moved);
	assert_string_equal(info_of(&f, 112)->below, "in");
	/* another mount that has got the id */
	mount_table_done(&f.container);
	assert_int_equal(mount_table_parse(other, strlen(other), &f.container, &f.err), 0);
	assert_int_equal(plan(&f), 0);
	assert_int_equal(f.plan.v[2].origin, EXTERNAL_CGROUP);
}

/* It lies on itself in the volume, and the host has never seen it. */
/* Below /srv/a the host has what the container has at /data, and more of it since. */
static enum checkpoint_source submount_with(const char *more)
{
	AUTO(fixture_done) struct fixture f;
	AUTO(buf_done) struct buf host = { 0 };

	setup(&f, ROOT A_BIND B_BIND "112 110 0:60 /sub /data/in rw - tmpfs run rw\n"
				     "113 112 0:60 /x /data/in/x rw - tmpfs run rw\n");
	mount_table_done(&f.host);
	buf_str(&host, HOST "30 20 0:60 /sub /srv/a/in rw - tmpfs run rw\n"
			    "31 30 0:60 /x /srv/a/in/x rw - tmpfs run rw\n");
	buf_str(&host, more);
	assert_int_equal(mount_table_parse(host.p, host.n, &f.host, &f.err), 0);
	assert_int_equal(plan(&f), 0);
	assert_string_equal(f.info.v[4].source, "/srv/a/in/x");
	return f.info.v[4].source_state;
}

static void a_submount_that_the_host_has_covered_counts_as_replaced(void **state)
{
	(void)state;
	assert_int_equal(submount_with(""), CHECKPOINT_SOURCE_SAME);
	assert_int_equal(submount_with("32 31 0:70 / /srv/a/in/x rw - tmpfs new rw\n"),
			 CHECKPOINT_SOURCE_REPLACED);
	assert_int_equal(submount_with("32 30 0:70 / /srv/a/in rw - tmpfs new rw\n"),
			 CHECKPOINT_SOURCE_REPLACED);
	assert_int_equal(submount_with("32 20 0:70 / /srv rw - tmpfs new rw\n"),
			 CHECKPOINT_SOURCE_REPLACED);
	/* but not by the same once more, or by what lies beside it */
	assert_int_equal(submount_with("32 31 0:60 /x /srv/a/in/x rw - tmpfs run rw\n"),
			 CHECKPOINT_SOURCE_SAME);
	assert_int_equal(submount_with("32 31 0:60 /x /srv/a/in/x rw - tmpfs run rw\n"
				       "33 32 0:70 / /srv/a/in/x rw - tmpfs new rw\n"),
			 CHECKPOINT_SOURCE_REPLACED);
	assert_int_equal(submount_with("32 30 0:70 / /srv/a/in/xy rw - tmpfs new rw\n"),
			 CHECKPOINT_SOURCE_SAME);
}

static void a_read_only_path_in_a_volume_is_no_submount(void **state)
{
	static const char made[] = ROOT A_BIND B_BIND
		"112 110 254:0 /srv/a/keep /data/keep ro - ext4 /dev/vda rw\n";
	static const char head[] =
		"kedge-mounts 1\ndestination 0 /data\ndestination 1 /b\nmountinfo\n";
	auto_free char *record = xasprintf("%s%s", head, made);
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup_recorded(&f, record, made);
	expect(&f, "110 /data /data /data;111 /b /b /b;");
}

static void a_restored_containers_record_knows_what_was_moved_and_unmounted(void **state)
{
	static const char record[] = "kedge-mounts 1\ndestination 0 /data\ndestination 1 /b\n"
				     "mount 0 0\nmount 1 111\nsubmount 1 112 /in\n"
				     "mountinfo\n" ROOT
				     "111 100 254:0 /srv/b2 /c rw - ext4 /dev/vda rw\n"
				     "112 100 0:60 /sub /new rw - tmpfs run rw\n";
	AUTO(fixture_done) struct fixture f;

	(void)state;
	/* what somebody has bound to the place of the unmounted one isn't the entry's */
	setup_recorded(&f, record,
		       ROOT "111 100 254:0 /srv/b2 /c rw - ext4 /dev/vda rw\n"
			    "112 100 0:60 /sub /new rw - tmpfs run rw\n"
			    "113 100 254:0 /srv/b2/x /data rw - ext4 /dev/vda rw\n");
	expect(&f, "111 /c /b /c;112 /new /new /new;-0;");
	assert_string_equal(info_of(&f, 112)->below, "in");
	assert_int_equal(info_of(&f, 112)->mount_index, 1);
	assert_string_equal(f.plan.v[1].note, "the container moved it here from /b/in");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed_is_nothing_to_say),
		cmocka_unit_test(a_moved_mount_keeps_the_key_of_its_destination),
		cmocka_unit_test(two_mounts_that_changed_places_are_told_apart),
		cmocka_unit_test(without_a_record_a_moved_mount_is_known_by_what_it_shows),
		cmocka_unit_test(an_unmounted_entry_is_noted_and_warned_of),
		cmocka_unit_test(
			an_id_that_another_mount_has_got_since_is_not_taken_for_the_old_one),
		cmocka_unit_test(a_bind_of_the_same_made_before_the_unmount_takes_the_entrys_place),
		cmocka_unit_test(a_tmpfs_over_an_external_mount_leaves_it_to_mnt_auto),
		cmocka_unit_test(an_external_mount_over_a_tmpfs_is_left_to_mnt_auto_too),
		cmocka_unit_test(two_entries_on_one_path_have_keys_of_their_own),
		cmocka_unit_test(a_stack_that_mnt_auto_cannot_find_is_refused),
		cmocka_unit_test(what_became_of_a_source_is_noted),
		cmocka_unit_test(a_remount_entry_makes_no_mount),
		cmocka_unit_test(entries_get_their_destinations_as_keys_before_other_mounts_do),
		cmocka_unit_test(a_submount_that_was_moved_out_is_known_by_its_id),
		cmocka_unit_test(a_submount_that_the_host_has_covered_counts_as_replaced),
		cmocka_unit_test(a_read_only_path_in_a_volume_is_no_submount),
		cmocka_unit_test(a_restored_containers_record_knows_what_was_moved_and_unmounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
