/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <cmocka.h>

#include "core/plan/mount_check.h"

#define REL MS_RELATIME

/* A restored container: its mounts, the plan for them, and what the comparison says. */
struct world {
	struct mount_expect_row rows[8];
	struct mount_expect expect;
	struct mount_table actual;
	struct mount_repairs repairs;
	struct findings findings;
	struct err err;
};

static const char plain[] = "900 800 0:50 / / rw,relatime - overlay overlay rw\n"
			    "910 900 8:1 /srv/a /data ro,relatime - ext4 /dev/sda rw\n"
			    "920 900 0:51 / /tmp rw,nosuid,noatime - tmpfs tmpfs rw\n"
			    "930 920 0:52 / /tmp/in rw,relatime - tmpfs tmpfs rw\n";

static struct mount_expect_row *add(struct world *w, struct mount_expect_row row)
{
	w->expect.v = w->rows;
	if (!row.host_fd)
		row.host_fd = -1;
	w->rows[w->expect.n] = row;
	return &w->rows[w->expect.n++];
}

/* The plan that `plain` fulfils, ids and order as an image would have them. */
static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	add(w, (struct mount_expect_row){ 44, 42, "/tmp/in", .fstype = "tmpfs", .flags = REL });
	add(w, (struct mount_expect_row){ 42, 40, "/tmp", .fstype = "tmpfs",
					  .flags = MS_NOSUID | MS_NOATIME });
	add(w, (struct mount_expect_row){ 41, 40, "/data", .source = "/srv/a", .is_external = true,
					  .has_identity = true, .major = 8, .minor = 1,
					  .root = "/srv/a", .flags = MS_RDONLY | REL });
	add(w, (struct mount_expect_row){ 40, 30, "/", .flags = REL });
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	mount_table_done(&w->actual);
	mount_repairs_done(&w->repairs);
	test_free(w);
	return 0;
}

static struct mount_expect_row *row_at(struct world *w, const char *mountpoint)
{
	for (size_t i = 0; i < w->expect.n; i++)
		if (!strcmp(w->rows[i].mountpoint, mountpoint))
			return &w->rows[i];
	fail_msg("no row %s", mountpoint);
	return NULL;
}

/* What is found, or "". */
static const char *check(struct world *w, const char *mountinfo, bool may_repair)
{
	mount_table_done(&w->actual);
	mount_repairs_done(&w->repairs);
	memset(&w->err, 0, sizeof(w->err));
	w->findings = (struct findings){ .err = &w->err };
	if (mount_table_parse(mountinfo, strlen(mountinfo), &w->actual, &w->err))
		fail_msg("%s", w->err.msg);
	mount_check(&w->expect, &w->actual, may_repair, &w->repairs, &w->findings);
	findings_end(&w->findings);
	return w->err.msg;
}

/* `plain` with `from` replaced. */
static const char *with(const char *from, const char *to)
{
	static char text[4096];
	const char *at = strstr(plain, from);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - plain), plain, to, at + strlen(from));
	return text;
}

static void assert_one_repair(const struct world *w, enum mount_repair_kind kind, unsigned int id)
{
	assert_int_equal(w->repairs.n, 1);
	assert_int_equal(w->repairs.v[0].kind, kind);
	assert_int_equal(w->repairs.v[0].actual->id, id);
}

static void what_is_as_planned_needs_nothing(void **state)
{
	struct world *w = *state;

	assert_string_equal(check(w, plain, true), "");
	assert_int_equal(w->repairs.n, 0);
	assert_string_equal(check(w, plain, false), "");
}

static void the_order_of_mountinfo_does_not_matter(void **state)
{
	struct world *w = *state;

	assert_string_equal(check(w,
				  "930 920 0:52 / /tmp/in rw,relatime - tmpfs tmpfs rw\n"
				  "920 900 0:51 / /tmp rw,nosuid,noatime - tmpfs tmpfs rw\n"
				  "910 900 8:1 /srv/a /data ro,relatime - ext4 /dev/sda rw\n"
				  "900 800 0:50 / / rw,relatime - overlay overlay rw\n",
				  false),
			    "");
}

static void a_missing_mount_is_found(void **state)
{
	struct world *w = *state;

	assert_string_equal(
		check(w, with("910 900 8:1 /srv/a /data ro,relatime - ext4 /dev/sda rw\n", ""),
		      true),
		"/data (/srv/a): it isn't mounted");
	assert_int_equal(w->repairs.n, 0);
}

static void a_mount_too_many_is_found(void **state)
{
	struct world *w = *state;

	w->rows[0] = w->rows[--w->expect.n]; /* without /tmp/in */
	assert_string_equal(check(w, plain, true),
			    "/tmp/in: something is mounted there that isn't planned (tmpfs, / of "
			    "device 0:52)");
}

static void a_mount_on_another_parent_is_not_the_planned_one(void **state)
{
	struct world *w = *state;

	assert_string_equal(check(w, with("930 920", "930 900"), false),
			    "/tmp/in: it isn't mounted; /tmp/in: something is mounted there that "
			    "isn't planned (tmpfs, / of device 0:52)");
}

static void another_source_is_found_and_nothing_repaired_on_it(void **state)
{
	struct world *w = *state;

	assert_string_equal(check(w, with("/srv/a /data ro", "/srv/b /data rw"), true),
			    "/data (/srv/a): what is mounted there is not /srv/a (/srv/a of device "
			    "8:1), but /srv/b of device 8:1");
	assert_int_equal(w->repairs.n, 0);
	assert_int_equal(w->findings.n, 1);
	check(w, with("8:1", "8:2"), true);
	assert_int_equal(w->findings.n, 1);
	row_at(w, "/data")->has_identity = false;
	assert_string_equal(check(w, with("8:1", "8:2"), true), "");
}

static void another_file_system_is_found(void **state)
{
	struct world *w = *state;

	assert_string_equal(
		check(w, with("/tmp rw,nosuid,noatime - tmpfs", "/tmp rw,nosuid,noatime - ext4"),
		      true),
		"/tmp: it is of type ext4, but was to be tmpfs");
}

static void lost_id_mappings_are_found(void **state)
{
	struct world *w = *state;

	row_at(w, "/data")->is_idmapped = true;
	assert_string_equal(check(w, plain, true),
			    "/data (/srv/a): its owners aren't mapped, but were to be (\"idmap\")");
}

static void flags_are_repaired_or_else_found(void **state)
{
	struct world *w = *state;
	const char *text = with("/data ro", "/data rw,nosuid");

	assert_string_equal(check(w, text, true), "");
	assert_one_repair(w, MOUNT_REPAIR_FLAGS, 910);
	assert_ptr_equal(w->repairs.v[0].row, row_at(w, "/data"));
	assert_string_equal(check(w, text, false),
			    "/data (/srv/a): it is writable, nosuid, but was to be read-only, "
			    "suid");
	assert_string_equal(check(w, with("nosuid,noatime", "nosuid,relatime"), false),
			    "/tmp: it is relatime, but was to be noatime");
	row_at(w, "/tmp")->flags |= 256; /* MS_NOSYMFOLLOW */
	assert_string_equal(check(w, plain, false),
			    "/tmp: it is symfollow, but was to be nosymfollow");
}

static void what_an_image_has_beside_flags_is_passed_over(void **state)
{
	struct world *w = *state;

	row_at(w, "/data")->flags |= MS_SLAVE | MS_REC;
	assert_string_equal(check(w, plain, false), "");
}

static void several_findings_make_one_message(void **state)
{
	struct world *w = *state;

	row_at(w, "/")->flags |= MS_RDONLY;
	row_at(w, "/tmp")->flags |= MS_NOEXEC;
	assert_string_equal(check(w, plain, false), "/: it is writable, but was to be read-only; "
						    "/tmp: it is exec, but was to be noexec");
}

static void what_was_to_be_private_is_made_private(void **state)
{
	struct world *w = *state;

	assert_string_equal(check(w, with("ro,relatime -", "ro,relatime shared:7 -"), true), "");
	assert_one_repair(w, MOUNT_REPAIR_PRIVATE, 910);
	assert_string_equal(check(w, with("ro,relatime -", "ro,relatime master:7 -"), false),
			    "/data (/srv/a): it is a slave, but was to be private");
	row_at(w, "/data")->is_unbindable = true;
	assert_string_equal(check(w, plain, true), "");
	assert_one_repair(w, MOUNT_REPAIR_PRIVATE, 910);
	assert_string_equal(check(w, plain, false),
			    "/data (/srv/a): it is private, but was to be unbindable");
}

static void a_peer_of_the_host_joins_its_group(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = row_at(w, "/data");
	const char *own = with("ro,relatime -", "ro,relatime shared:7 -");

	row->propagation = EXTERNAL_SHARED;
	row->group = 3;
	assert_string_equal(check(w, own, true),
			    "/data (/srv/a): it is shared with others, but was to be shared with "
			    "the host's mount");
	row->host_fd = 5;
	assert_string_equal(check(w, own, true), "");
	assert_one_repair(w, MOUNT_REPAIR_GROUP, 910);
	assert_string_not_equal(check(w, own, false), "");
	assert_string_equal(check(w, with("ro,relatime -", "ro,relatime shared:3 -"), true), "");
	assert_int_equal(w->repairs.n, 0);
}

static void a_group_that_is_not_known_is_joined_in_any_case(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = row_at(w, "/data");
	const char *own = with("ro,relatime -", "ro,relatime shared:7 -");

	row->propagation = EXTERNAL_SHARED;
	row->host_fd = 5;
	assert_string_equal(check(w, own, true), "");
	assert_one_repair(w, MOUNT_REPAIR_GROUP, 910);
	assert_string_equal(check(w, own, false), "");
	assert_string_not_equal(check(w, plain, false), "");
}

static void a_slave_must_have_the_right_master(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = row_at(w, "/data");
	const char *slave = with("ro,relatime -", "ro,relatime master:7 -");

	row->propagation = EXTERNAL_SLAVE;
	assert_string_equal(check(w, slave, true), "");
	row->group = 7;
	assert_string_equal(check(w, slave, true), "");
	row->group = 8;
	assert_string_equal(check(w, slave, true),
			    "/data (/srv/a): it is a slave of another, but was to be a slave of "
			    "the host's mount");
	row->host_fd = 5;
	assert_string_equal(check(w, slave, true), "");
	assert_one_repair(w, MOUNT_REPAIR_GROUP, 910);
	assert_string_equal(check(w, plain, false),
			    "/data (/srv/a): it is private, but was to be a slave of the host's "
			    "mount");
}

static void a_slave_that_shares_needs_both(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = row_at(w, "/data");

	row->propagation = EXTERNAL_SLAVE_SHARED;
	assert_string_equal(
		check(w, with("ro,relatime -", "ro,relatime shared:9 master:7 -"), false), "");
	assert_string_equal(check(w, with("ro,relatime -", "ro,relatime master:7 -"), true), "");
	assert_one_repair(w, MOUNT_REPAIR_SHARED, 910);
	row->host_fd = 5;
	row->flags |= MS_NODEV;
	assert_string_equal(check(w, plain, true), "");
	assert_int_equal(w->repairs.n, 3);
	assert_int_equal(w->repairs.v[0].kind, MOUNT_REPAIR_FLAGS);
	assert_int_equal(w->repairs.v[1].kind, MOUNT_REPAIR_GROUP);
	assert_int_equal(w->repairs.v[2].kind, MOUNT_REPAIR_SHARED);
}

static void peers_within_the_container_are_left_alone(void **state)
{
	struct world *w = *state;

	row_at(w, "/tmp")->propagation = EXTERNAL_OWN_GROUP;
	assert_string_equal(check(w, with("noatime -", "noatime shared:9 -"), true), "");
	assert_int_equal(w->repairs.n, 0);
	assert_string_equal(check(w, with("noatime -", "noatime master:9 -"), true), "");
	assert_string_equal(check(w, plain, true),
			    "/tmp: it is private, but was to be shared with mounts of the "
			    "container, or a slave of one");
}

/* /one and /part of it share, /slave is theirs, /other has a group of its own. */
static void plan_groups(struct world *w)
{
	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 1, 0, "/", .flags = REL });
	add(w, (struct mount_expect_row){ 2, 1, "/part", .flags = REL,
					  .propagation = EXTERNAL_OWN_GROUP, .peers = 7 });
	add(w, (struct mount_expect_row){ 3, 1, "/one", .flags = REL,
					  .propagation = EXTERNAL_OWN_GROUP, .peers = 7 });
	add(w, (struct mount_expect_row){ 4, 1, "/slave", .flags = REL,
					  .propagation = EXTERNAL_OWN_GROUP, .master = 7 });
	add(w, (struct mount_expect_row){ 5, 1, "/other", .flags = REL,
					  .propagation = EXTERNAL_OWN_GROUP, .peers = 8 });
}

/* The same in mountinfo: what is between flags and " - " of each. */
static const char *groups(const char *part, const char *one, const char *slave, const char *other)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "900 800 0:50 / / rw,relatime - overlay overlay rw\n"
		 "910 900 8:1 /srv/sub /part rw,relatime %s - ext4 /dev/sda rw\n"
		 "920 900 8:1 /srv /one rw,relatime %s - ext4 /dev/sda rw\n"
		 "930 900 8:1 /srv /slave rw,relatime %s - ext4 /dev/sda rw\n"
		 "940 900 8:1 /srv /other rw,relatime %s - ext4 /dev/sda rw\n",
		 part, one, slave, other);
	return text;
}

static void peers_and_slaves_in_the_container_are_compared_by_who_is_whose(void **state)
{
	struct world *w = *state;

	plan_groups(w);
	assert_string_equal(
		check(w, groups("shared:31", "shared:31", "master:31", "shared:32"), true), "");
	assert_int_equal(w->repairs.n, 0);
	assert_string_equal(check(w, groups("shared:31", "shared:31", "master:32", "shared:32"),
				  true),
			    "/slave: it isn't a slave of /one, but was to be");
	assert_string_equal(check(w, groups("shared:31", "shared:31", "master:31", "shared:31"),
				  true),
			    "/other: it is a peer of /one, but was not to be");
	assert_string_equal(
		check(w, groups("shared:31", "shared:31", "shared:33 master:31", "shared:32"),
		      true),
		"/slave: it is a slave, and shared, but was to be shared with mounts of the "
		"container, or a slave of one");
}

static void a_mount_that_has_lost_its_peers_joins_the_one_that_shows_most(void **state)
{
	struct world *w = *state;
	const char *lost = groups("shared:33", "shared:31", "master:31", "shared:32");

	plan_groups(w);
	assert_string_equal(check(w, lost, false), "/part: it isn't a peer of /one, but was to be");
	assert_string_equal(check(w, lost, true), "");
	assert_one_repair(w, MOUNT_REPAIR_PEER, 910);
	assert_int_equal(w->repairs.v[0].peer->id, 920);
	assert_false(w->repairs.v[0].is_hidden);
}

static void what_lies_elsewhere_can_be_no_peer(void **state)
{
	struct world *w = *state;

	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 1, 0, "/", .flags = REL });
	add(w, (struct mount_expect_row){ 2, 1, "/a", .flags = REL,
					  .propagation = EXTERNAL_OWN_GROUP, .peers = 7 });
	add(w, (struct mount_expect_row){ 3, 1, "/b", .flags = REL,
					  .propagation = EXTERNAL_OWN_GROUP, .peers = 7 });
	assert_string_equal(check(w,
				  "900 800 0:50 / / rw,relatime - overlay overlay rw\n"
				  "910 900 8:1 /a /a rw,relatime shared:31 - ext4 /dev/sda rw\n"
				  "920 900 8:1 /b /b rw,relatime shared:32 - ext4 /dev/sda rw\n",
				  true),
			    "/b: it isn't a peer of /a, but was to be");
	assert_int_equal(w->repairs.n, 0);
}

static void slaves_that_share_stay_peers_when_they_get_another_master(void **state)
{
	static const char mountinfo[] =
		"900 800 0:50 / / rw,relatime - overlay overlay rw\n"
		"910 900 8:1 / /a rw,relatime shared:31 - ext4 /dev/sda rw\n"
		"920 900 8:1 / /b rw,relatime shared:31 master:5 - ext4 /dev/sda rw\n";
	struct world *w = *state;

	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 1, 0, "/", .flags = REL });
	add(w, (struct mount_expect_row){ 2, 1, "/a", .flags = REL, .host_fd = 9, .group = 5,
					  .propagation = EXTERNAL_SLAVE_SHARED, .peers = 7 });
	add(w, (struct mount_expect_row){ 3, 1, "/b", .flags = REL, .host_fd = 9, .group = 5,
					  .propagation = EXTERNAL_SLAVE_SHARED, .peers = 7 });
	assert_string_equal(check(w, mountinfo, true), "");
	assert_int_equal(w->repairs.n, 3);
	assert_int_equal(w->repairs.v[0].kind, MOUNT_REPAIR_GROUP);
	assert_int_equal(w->repairs.v[1].kind, MOUNT_REPAIR_SHARED);
	assert_int_equal(w->repairs.v[2].kind, MOUNT_REPAIR_PEER);
	assert_int_equal(w->repairs.v[2].actual->id, 920);
	assert_int_equal(w->repairs.v[2].peer->id, 910);
}

static const char stacked[] = "900 800 0:50 / / rw,relatime - overlay overlay rw\n"
			      "910 900 8:1 /srv/a /data rw,relatime - ext4 /dev/sda rw\n"
			      "911 910 8:1 /srv/a/x /data/x rw,relatime - ext4 /dev/sda rw\n"
			      "920 910 0:51 / /data rw,relatime - tmpfs tmpfs rw\n"
			      "930 920 0:52 / /data/y rw,relatime - tmpfs tmpfs rw\n"
			      "940 900 0:53 / /a/b rw,relatime - tmpfs tmpfs rw\n"
			      "950 900 0:54 / /a rw,relatime - tmpfs tmpfs rw\n";

static void stacks_are_told_apart_and_what_they_cover_is_hidden(void **state)
{
	static const bool is_hidden[] = { false, true, true, false, false, true, false };
	struct world *w = *state;

	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 1, 99, "/", .fstype = "overlay" });
	add(w, (struct mount_expect_row){ 2, 1, "/data", .fstype = "ext4" });
	add(w, (struct mount_expect_row){ 3, 2, "/data/x", .fstype = "ext4" });
	add(w, (struct mount_expect_row){ 4, 2, "/data", .fstype = "tmpfs" });
	add(w, (struct mount_expect_row){ 5, 4, "/data/y", .fstype = "tmpfs" });
	add(w, (struct mount_expect_row){ 6, 1, "/a/b", .fstype = "tmpfs" });
	add(w, (struct mount_expect_row){ 7, 1, "/a", .fstype = "tmpfs" });
	for (size_t i = 0; i < w->expect.n; i++)
		w->rows[i].flags = MS_RDONLY | REL;
	assert_string_equal(check(w, stacked, true), "");
	assert_int_equal(w->repairs.n, 7);
	for (size_t i = 0; i < w->repairs.n; i++) {
		const struct mount_repair *r = &w->repairs.v[i];

		assert_int_equal(r->is_hidden, is_hidden[r->row - w->rows]);
		assert_string_equal(r->row->fstype, r->actual->fstype);
	}
}

static void twins_on_one_mountpoint_are_paired_by_age(void **state)
{
	struct world *w = *state;

	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 5, 1, "/d", .fstype = "ext4", .flags = REL });
	add(w, (struct mount_expect_row){ 4, 1, "/d", .fstype = "tmpfs", .flags = REL });
	add(w, (struct mount_expect_row){ 1, 0, "/", .flags = REL });
	assert_string_equal(check(w,
				  "900 800 0:50 / / rw,relatime - overlay overlay rw\n"
				  "911 900 8:1 / /d rw,relatime - ext4 /dev/sda rw\n"
				  "910 900 0:51 / /d rw,relatime - tmpfs tmpfs rw\n",
				  true),
			    "");
}

static void a_root_that_is_its_own_parent_is_not_hidden_by_itself(void **state)
{
	struct world *w = *state;

	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 1, 1, "/", .flags = MS_RDONLY | REL });
	assert_string_equal(check(w, "900 900 0:50 / / rw,relatime - overlay overlay rw\n", true),
			    "");
	assert_one_repair(w, MOUNT_REPAIR_FLAGS, 900);
	assert_false(w->repairs.v[0].is_hidden);
}

static void loops_of_parents_are_not_followed(void **state)
{
	struct world *w = *state;

	w->expect.n = 0;
	add(w, (struct mount_expect_row){ 1, 1, "/", .flags = REL });
	add(w, (struct mount_expect_row){ 2, 3, "/a", .flags = REL });
	add(w, (struct mount_expect_row){ 3, 2, "/a", .flags = REL });
	assert_string_equal(check(w, "900 900 0:50 / / rw,relatime - overlay overlay rw\n", true),
			    "/a: it isn't mounted; /a: it isn't mounted");
}

static void no_root_is_found(void **state)
{
	struct world *w = *state;

	assert_string_equal(check(w, "", true), "/: the container has no root mount");
	assert_string_equal(check(w, "910 900 8:1 / /data rw - ext4 /dev/sda rw\n", true),
			    "/: the container has no root mount");
	w->expect.n = 0;
	assert_string_equal(check(w, plain, true), "/: the plan has no root mount");
}

static void many_mounts_are_compared_quickly(void **state)
{
	enum { N = 20000 };
	struct world *w = *state;
	struct mount_expect_row *rows = test_calloc(N + 1, sizeof(*rows));
	AUTO(buf_done) struct buf text = { 0 };
	AUTO(arena_done) struct arena arena = { 0 };
	clock_t began;

	buf_str(&text, "100 99 0:50 / / rw,relatime - overlay overlay rw\n");
	rows[N] = (struct mount_expect_row){ 1, 0, "/", .flags = REL };
	for (unsigned int i = 0; i < N; i++) {
		buf_addf(&text, "%u 100 0:51 / /m/%u ro,relatime - tmpfs tmpfs rw\n", 1000 + i, i);
		rows[N - 1 - i] = (struct mount_expect_row){ 2 + i, 1,
							     arena_printf(&arena, "/m/%u", i),
							     .flags = REL | MS_NODEV };
	}
	w->expect = (struct mount_expect){ rows, N + 1 };
	began = clock();
	assert_string_equal(check(w, text.p, true), "");
	assert_int_equal(w->repairs.n, N);
	/* 30 ms here; a search through the table for each mount takes seconds */
	assert_true((clock() - began) / (CLOCKS_PER_SEC / 1000) < 1000);
	test_free(rows);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_as_planned_needs_nothing),
		T(the_order_of_mountinfo_does_not_matter),
		T(a_missing_mount_is_found),
		T(a_mount_too_many_is_found),
		T(a_mount_on_another_parent_is_not_the_planned_one),
		T(another_source_is_found_and_nothing_repaired_on_it),
		T(another_file_system_is_found),
		T(lost_id_mappings_are_found),
		T(flags_are_repaired_or_else_found),
		T(what_an_image_has_beside_flags_is_passed_over),
		T(several_findings_make_one_message),
		T(what_was_to_be_private_is_made_private),
		T(a_peer_of_the_host_joins_its_group),
		T(a_group_that_is_not_known_is_joined_in_any_case),
		T(a_slave_must_have_the_right_master),
		T(a_slave_that_shares_needs_both),
		T(peers_within_the_container_are_left_alone),
		T(peers_and_slaves_in_the_container_are_compared_by_who_is_whose),
		T(a_mount_that_has_lost_its_peers_joins_the_one_that_shows_most),
		T(what_lies_elsewhere_can_be_no_peer),
		T(slaves_that_share_stay_peers_when_they_get_another_master),
		T(stacks_are_told_apart_and_what_they_cover_is_hidden),
		T(twins_on_one_mountpoint_are_paired_by_age),
		T(a_root_that_is_its_own_parent_is_not_hidden_by_itself),
		T(loops_of_parents_are_not_followed),
		T(no_root_is_found),
		T(many_mounts_are_compared_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
