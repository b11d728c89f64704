/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan/external_dump.h"

/* The host: one disk, a tmpfs on /srv/a/in, a bind on /srv/sub/x, cgroup v1, /dev with null. */
#define HOST                                                                \
	"20 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n"                   \
	"21 20 0:50 / /srv/a/in rw shared:2 - tmpfs tm rw\n"                \
	"22 20 254:0 /srv/a2 /srv/sub/x rw shared:1 - ext4 /dev/vda rw\n"   \
	"23 20 0:6 / /dev rw - devtmpfs devtmpfs rw\n"                      \
	"24 20 0:22 / /sys rw - sysfs sysfs rw\n"                           \
	"25 24 0:30 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"                 \
	"26 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
	"27 20 0:60 / /run rw shared:9 - tmpfs run rw\n"

/* What every container has, on a root from the host's disk. */
#define BASE                                                   \
	"100 90 254:0 /srv/b/rootfs / rw - ext4 /dev/vda rw\n" \
	"101 100 0:70 / /proc rw - proc proc rw\n"             \
	"102 100 0:71 / /dev rw,nosuid - tmpfs tmpfs rw\n"     \
	"103 102 0:72 / /dev/pts rw - devpts devpts rw\n"      \
	"104 100 0:22 / /sys ro - sysfs sysfs ro\n"            \
	"105 101 0:70 /sys /proc/sys ro - proc proc rw\n"      \
	"106 101 0:71 /null /proc/keys rw - tmpfs tmpfs rw\n"  \
	"107 104 0:73 / /sys/firmware ro - tmpfs tmpfs ro\n"

#define A_BIND "110 100 254:0 /srv/a /data rw - ext4 /dev/vda rw\n"
#define B_BIND "111 100 254:0 /srv/b2 /b ro - ext4 /dev/vda rw\n"

struct fixture {
	struct spec spec;
	struct spec_mount mounts[4];
	char *options[4][2];
	struct mount_table container;
	struct mount_table host;
	struct external_args args;
	const char *destinations[4];
	struct external_plan plan;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	mount_table_done(&f->container);
	mount_table_done(&f->host);
	external_args_done(&f->args);
	external_plan_done(&f->plan);
}

static void parse(const char *text, struct mount_table *t)
{
	struct err err = { 0 };

	if (mount_table_parse(text, strlen(text), t, &err))
		fail_msg("%s", err.msg);
}

static void setup(struct fixture *f, const char *container)
{
	*f = (struct fixture){ .spec = { .bundle = (char *)"/srv/b" } };
	f->spec.mounts.v = f->mounts;
	parse(HOST, &f->host);
	parse(container, &f->container);
}

/* A bind with one option besides its type, "rbind" if NULL. */
static void bind(struct fixture *f, const char *destination, const char *source, const char *option)
{
	size_t i = f->spec.mounts.n++;

	f->options[i][0] = (char *)(option ? option : "rbind");
	f->mounts[i] = (struct spec_mount){
		.destination = (char *)destination,
		.source = (char *)source,
		.type = (char *)"bind",
		.options = { .v = f->options[i], .n = 1 },
	};
}

static void say(struct fixture *f, const char *word)
{
	AUTO(strv_done) struct strv external = { 0 };
	const struct strv none = { 0 };

	strv_add(&external, word);
	external_args_done(&f->args);
	if (external_args_parse(EXTERNAL_CHECKPOINT, &external, &none, &f->args, &f->err))
		fail_msg("%s", f->err.msg);
}

static int plan(struct fixture *f)
{
	struct external_dump_input in = {
		.spec = &f->spec,
		.container = &f->container,
		.host = &f->host,
		.args = &f->args,
		.destinations = f->destinations,
	};

	external_plan_done(&f->plan);
	err_clear(&f->err);
	return external_dump_plan(&in, &f->plan, NULL, &f->err);
}

/* The plan as text, which is all of it that matters here. */
static void expect(struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	if (plan(f))
		fail_msg("%s", f->err.msg);
	external_plan_print(&f->plan, &b);
	assert_string_equal(b.p ? b.p : "", text);
}

static void expect_refusal(struct fixture *f, enum err_kind kind, const char *message)
{
	assert_int_equal(plan(f), -1);
	assert_string_equal(f->err.msg, message);
	assert_int_equal(f->err.kind, kind);
}

/* The problems of a refused plan, a line each. */
static void expect_problems(const struct fixture *f, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	for (size_t i = 0; i < f->plan.n; i++)
		if (f->plan.v[i].problem)
			buf_addf(&b, "%s: %s\n", f->plan.v[i].mountpoint, f->plan.v[i].problem);
	assert_string_equal(b.p ? b.p : "", text);
}

static void what_criu_makes_itself_gets_no_key(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE);
	expect(&f, "");
}

static void a_bind_of_the_config_is_keyed_by_its_destination(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND B_BIND);
	bind(&f, "/data/", "/srv/a", NULL);
	bind(&f, "/b", "../b2", NULL);
	expect(&f, "/data: key /data, config, ext4, host /srv/a\n"
		   "/b: key /b, config, ext4, host /srv/b/../b2\n");
	assert_int_equal(f.plan.v[1].mount_index, 1);
	assert_int_equal(f.plan.v[1].id, 111);
	assert_int_equal(f.plan.v[1].parent, 100);
}

static void a_destination_behind_a_symlink_is_found_where_it_leads(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a /run/x rw - ext4 /dev/vda rw\n");
	bind(&f, "/var/run/x", "/srv/a", NULL);
	f.destinations[0] = "/run/x";
	expect(&f, "/run/x: key /run/x, config, ext4, host /srv/a\n");
	say(&f, "mnt[/var/run/x]:k");
	expect(&f, "/run/x: key k, config, ext4, host /srv/a\n");
}

static void the_users_key_wins_for_its_mountpoint(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND B_BIND);
	bind(&f, "/data", "/srv/a", NULL);
	bind(&f, "/b", "/srv/b2", NULL);
	say(&f, "mnt[/data]:vol");
	expect(&f, "/data: key vol, config, ext4, host /srv/a\n"
		   "/b: key /b, config, ext4, host /srv/b2\n");
	assert_true(f.plan.v[0].is_user_mapped);
	assert_false(f.plan.v[1].is_user_mapped);
}

static void a_key_for_no_mount_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND);
	bind(&f, "/data", "/srv/a", NULL);
	say(&f, "mnt[/dta]:vol");
	expect_refusal(&f, ERR_INVALID, "--external 'mnt[/dta]:vol': nothing is mounted there");
}

/* No kernel says so, but a mountinfo read from a file may. */
static void a_key_for_a_mount_that_lies_on_itself_is_no_endless_search(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 110 0:90 / /x rw - tmpfs t rw\n");
	say(&f, "mnt[/x]:k");
	expect(&f, "/x: key k, user, tmpfs\n");
}

static void a_tracefs_below_a_bind_is_noted_and_criu_is_not_told(void **state)
{
	AUTO(criu_request_done) struct criu_request req;
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 0:22 / /host ro - sysfs sysfs rw\n"
		       "111 110 0:12 / /host/kernel/tracing ro - tracefs tracefs rw\n");
	mount_table_done(&f.host);
	parse(HOST "30 24 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n", &f.host);
	bind(&f, "/host", "/sys", NULL);
	expect(&f, "/host: key /host, config, sysfs, host /sys\n"
		   "/host/kernel/tracing: key /host/kernel/tracing, submount, tracefs, host "
		   "/sys/kernel/tracing\n");
	criu_request_init(&req, CRIU_DUMP);
	external_plan_request(&f.plan, false, &req);
	assert_int_equal(req.ext_mounts.n, 1);
	assert_string_equal(req.ext_mounts.v[0].key, "/host");
}

static void a_tracefs_that_nobody_bound_is_refused_unless_it_comes_by_itself(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 104 0:7 / /sys/kernel/debug rw - debugfs none rw\n"
		       "111 110 0:12 / /sys/kernel/debug/tracing rw - tracefs tracefs rw\n");
	assert_int_equal(plan(&f), 0);
	fixture_done(&f);
	setup(&f, BASE "110 104 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/sys/kernel/tracing: CRIU leaves a tracefs out, and it is no bind of "
		       "config.json's: unmount it there");
	say(&f, "mnt[/sys/kernel/tracing]:k");
	expect(&f, "/sys/kernel/tracing: key k, user, tracefs\n");
}

static void what_lies_on_a_tracefs_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 104 0:12 / /traces rw - tracefs tracefs rw\n"
		       "111 110 0:91 / /traces/x rw - tmpfs t rw\n");
	say(&f, "mnt[/traces]:k");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/traces/x: it lies on a tracefs, which CRIU leaves out: unmount it there");
}

static void one_key_for_two_mounts_is_refused(void **state)
{
	AUTO(strv_done) struct strv external = { 0 };
	const struct strv none = { 0 };
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND B_BIND);
	strv_add(&external, "mnt[/data]:k");
	strv_add(&external, "mnt[/b]:k");
	assert_int_equal(
		external_args_parse(EXTERNAL_CHECKPOINT, &external, &none, &f.args, &f.err), 0);
	expect_refusal(&f, ERR_INVALID, "--external: key \"k\" is given to both /data and /b");
}

static void a_default_key_makes_way_for_a_user_key_of_that_name(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND B_BIND);
	bind(&f, "/data", "/srv/a", NULL);
	bind(&f, "/b", "/srv/b2", NULL);
	say(&f, "mnt[/data]:/b");
	expect(&f, "/data: key /b, config, ext4, host /srv/a\n"
		   "/b: key k0001, config, ext4, host /srv/b2\n");
}

static void paths_that_would_break_a_key_get_a_number(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a /a]:x rw - ext4 /dev/vda rw\n"
		       "111 100 254:0 /srv/b2 /n\\012l rw - ext4 /dev/vda rw\n");
	bind(&f, "/a]:x", "/srv/a", NULL);
	bind(&f, "/n\nl", "/srv/b2", NULL);
	expect(&f, "/a]:x: key k0001, config, ext4, host /srv/a\n"
		   "/n\nl: key k0002, config, ext4, host /srv/b2\n");
	assert_string_equal(f.plan.v[1].criu_path, "/n\\012l");
}

static void submounts_of_a_bind_are_keyed_with_their_place_on_the_host(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND "112 110 0:50 / /data/in rw master:2 - tmpfs tm rw\n"
			      "113 100 254:0 /srv/sub /sub rw - ext4 /dev/vda rw\n"
			      "114 113 254:0 /srv/a2 /sub/x rw - ext4 /dev/vda rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	bind(&f, "/sub", "/srv/sub", NULL);
	expect(&f, "/data: key /data, config, ext4, host /srv/a\n"
		   "/data/in: key /data/in, submount, tmpfs, host /srv/a/in, slave\n"
		   "/sub: key /sub, config, ext4, host /srv/sub\n"
		   "/sub/x: key /sub/x, submount, ext4, host /srv/sub/x\n");
	assert_string_equal(f.plan.v[1].below, "in");
	assert_int_equal(f.plan.v[3].mount_index, 1);
}

static void a_tmpfs_of_the_host_is_never_left_for_criu_to_copy(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:60 / /hostrun rw - tmpfs run rw\n");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/hostrun: it shows / of a tmpfs of the host and isn't in config.json");
	assert_non_null(strstr(f.err.hint, "--external 'mnt[]'"));
	say(&f, "mnt[/hostrun]:k");
	expect(&f, "/hostrun: key k, user, tmpfs, host /run\n");
}

static void a_tmpfs_that_left_the_host_is_the_containers_own(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:99 / /data rw - tmpfs gone rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	expect(&f, "");
}

static void a_bind_made_inside_from_something_reachable_needs_no_key(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND "112 100 254:0 /srv/a/deep /x rw - ext4 /dev/vda rw\n"
			      "113 100 254:0 /srv/b/rootfs/etc /y rw - ext4 /dev/vda rw\n"
			      "114 100 0:71 /shm /z rw - tmpfs tmpfs rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	expect(&f, "/data: key /data, config, ext4, host /srv/a\n");
}

static void all_that_cannot_be_dumped_is_in_one_message(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 254:0 /srv/zz /x rw - ext4 /dev/vda rw\n"
		       "113 100 7:0 / /loop rw - ext4 /dev/loop0 rw\n"
		       "114 100 0:98 /part /p rw - tmpfs t rw\n");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/x: it shows /srv/zz of an ext4 of the host and isn't in config.json; "
		       "/loop: CRIU can't make an ext4; "
		       "/p: it shows /part of a tmpfs that is mounted nowhere else");
	expect_problems(&f, "/x: it shows /srv/zz of an ext4 of the host and isn't in config.json\n"
			    "/loop: CRIU can't make an ext4\n"
			    "/p: it shows /part of a tmpfs that is mounted nowhere else\n");
}

static void a_refused_plan_still_has_the_mounts_that_are_all_right(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND "113 100 7:0 / /loop rw - ext4 /dev/loop0 rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	assert_int_equal(plan(&f), -1);
	assert_int_equal(f.plan.n, 2);
	assert_string_equal(f.plan.v[0].key, "/data");
	assert_null(f.plan.v[0].problem);
	assert_null(f.plan.v[1].key);
	assert_int_equal(f.plan.v[1].origin, EXTERNAL_UNKNOWN);
}

static void auto_finds_the_host_path_and_keeps_it_in_the_key(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE A_BIND "112 100 254:0 /srv/zz /x rw - ext4 /dev/vda rw\n"
			      "113 100 0:60 /user /u rw - tmpfs run rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	say(&f, "mnt[]");
	expect(&f, "/data: key /data, config, ext4, host /srv/a\n"
		   "/x: key auto:/srv/zz, auto, ext4, host /srv/zz\n"
		   "/u: key auto:/run/user, auto, tmpfs, host /run/user\n");
}

static void auto_takes_no_path_that_the_host_has_covered(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 254:0 /srv/sub/x/deep /x rw - ext4 /dev/vda rw\n");
	say(&f, "mnt[]");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/x: it shows /srv/sub/x/deep of an ext4 of the host and isn't in "
		       "config.json");
}

static void auto_takes_shared_and_slave_mounts_only_with_their_letters(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 254:0 /srv/zz /x rw shared:40 master:1 - ext4 /dev/vda rw\n");
	say(&f, "mnt[]");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/x: it is a shared mount, which --external 'mnt[]:s' allows; "
		       "/x: it is a slave mount, which --external 'mnt[]:m' allows");
	say(&f, "mnt[]:s");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/x: it is a slave mount, which --external 'mnt[]:m' allows");
	say(&f, "mnt[]:sm");
	expect(&f, "/x: key auto:/srv/zz, auto, ext4, host /srv/zz, shared, slave\n");
}

static void propagation_that_the_config_asks_for_needs_no_letters(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a /s rw shared:1 - ext4 /dev/vda rw\n"
		       "111 100 254:0 /srv/b2 /m rw master:1 - ext4 /dev/vda rw\n"
		       "112 100 254:0 /srv/c /o rw shared:70 - ext4 /dev/vda rw\n"
		       "113 100 254:0 /srv/d /ms rw shared:71 master:1 - ext4 /dev/vda rw\n");
	bind(&f, "/s", "/srv/a", "rshared");
	bind(&f, "/m", "/srv/b2", "rslave");
	bind(&f, "/o", "/srv/c", "rshared");
	bind(&f, "/ms", "/srv/d", "rshared");
	assert_int_equal(plan(&f), 0);
	assert_int_equal(f.plan.n, 4);
	assert_int_equal(f.plan.v[0].propagation, EXTERNAL_SHARED);
	assert_int_equal(f.plan.v[1].propagation, EXTERNAL_SLAVE);
	assert_int_equal(f.plan.v[2].propagation, EXTERNAL_OWN_GROUP);
	assert_int_equal(f.plan.v[3].propagation, EXTERNAL_SLAVE_SHARED);
	assert_false(f.plan.is_auto);
}

static void an_explicit_key_is_as_good_as_the_letters(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a /s rw shared:1 - ext4 /dev/vda rw\n");
	bind(&f, "/s", "/srv/a", "rshared");
	say(&f, "mnt[/s]:k");
	expect(&f, "/s: key k, config, ext4, host /srv/a, shared\n");
}

static void a_bind_that_is_a_slave_because_the_host_is_shared_is_taken(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a /data rw master:1 - ext4 /dev/vda rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	expect(&f, "/data: key /data, config, ext4, host /srv/a, slave\n");
}

static void sharing_among_the_containers_own_mounts_is_no_matter(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a /data rw shared:77 - ext4 /dev/vda rw\n"
		       "111 100 0:80 / /t rw shared:78 - tmpfs t rw\n"
		       "112 100 0:80 / /t2 rw master:78 - tmpfs t rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	expect(&f, "/data: key /data, config, ext4, host /srv/a, shared\n");
}

static void a_slave_of_an_unseen_master_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:80 / /t rw master:5 - tmpfs t rw\n");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/t: it is a slave of a mount that the container doesn't have");
}

static void a_cgroup_view_is_external_without_a_cgroup_namespace(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "108 104 0:74 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		       "109 108 0:31 /c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
	expect(&f, "/sys/fs/cgroup/memory: key /sys/fs/cgroup/memory, cgroup, cgroup, host "
		   "/sys/fs/cgroup/memory/c1\n");
	f.spec.ns[SPEC_NS_CGROUP].present = true;
	expect(&f, "");
}

/* CRIU could bind it from the host's tree below /host, and another container would see the old cgroup. */
static void a_cgroup_view_stays_one_beside_a_bind_of_the_hosts_sys(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "108 104 0:74 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		       "109 108 0:31 /c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
		       "110 100 0:22 / /host ro - sysfs sysfs ro\n"
		       "111 110 0:30 / /host/fs/cgroup ro - tmpfs tmpfs rw\n"
		       "112 111 0:31 / /host/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
	bind(&f, "/host", "/sys", NULL);
	bind(&f, "/sys/fs/cgroup", "cgroup", "ro");
	f.mounts[1].type = (char *)"cgroup";
	assert_int_equal(plan(&f), 0);
	assert_string_equal(f.plan.v[0].mountpoint, "/sys/fs/cgroup/memory");
	assert_int_equal(f.plan.v[0].origin, EXTERNAL_CGROUP);
}

static void the_hosts_null_over_a_masked_file_is_external(void **state)
{
	static char *const masked[] = { (char *)"/proc/timer_list", NULL };
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 101 0:6 /null /proc/timer_list ro - devtmpfs devtmpfs rw\n");
	f.spec.masked_paths.v = (char **)masked;
	f.spec.masked_paths.n = 1;
	expect(&f, "/proc/timer_list: key /proc/timer_list, mask, devtmpfs, host /dev/null\n");
}

static void a_device_of_the_host_in_dev_is_external(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 102 0:6 /zero /dev/zero rw - devtmpfs devtmpfs rw\n");
	expect(&f, "/dev/zero: key /dev/zero, device, devtmpfs, host /dev/zero\n");
}

static void a_line_that_criu_cannot_read_is_refused_before_it_tries(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	AUTO(fixture_done) struct fixture f;

	(void)state;
	buf_str(&b, BASE "112 100 0:81 / /");
	for (int i = 0; i < 4059; i++)
		buf_str(&b, "x");
	buf_str(&b, " rw - tmpfs over rw\n");
	setup(&f, b.p);
	assert_int_equal(plan(&f), -1);
	assert_non_null(strstr(f.err.msg, "its line in mountinfo has 4095 bytes, CRIU reads 4094"));
}

static void a_deleted_source_is_keyed_with_a_warning(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "110 100 254:0 /srv/a//deleted /data rw - ext4 /dev/vda rw\n");
	bind(&f, "/data", "/srv/a", NULL);
	expect(&f, "/data: key /data, config, ext4, host /srv/a, source deleted, note: its source "
		   "/srv/a was deleted on the host\n");
	assert_int_equal(f.plan.warnings.n, 1);
	assert_string_equal(f.plan.warnings.v[0],
			    "/data: its source /srv/a was deleted on the host; a restore will need "
			    "--external 'mnt[/data]:HOSTPATH'");
}

static void what_a_process_serves_is_refused_with_the_reason(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:98 / /f rw - fuse.sshfs s rw\n"
		       "113 100 0:99 / /m rw - autofs /etc/auto rw\n");
	assert_int_equal(plan(&f), -1);
	assert_non_null(strstr(f.err.msg, "/f: CRIU can't make a fuse.sshfs: it is served by a "));
	assert_non_null(strstr(f.err.msg, "/m: CRIU can't make an autofs: it waits for a daemon"));
}

static void two_mounts_beside_one_another_on_one_directory_are_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:98 / /f rw - tmpfs t rw\n"
		       "113 100 0:99 / /f rw - tmpfs t rw\n");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/f: it lies beside another mount on the same directory, and CRIU can't "
		       "tell which one is on top");
}

static void a_table_without_root_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, A_BIND);
	expect_refusal(&f, ERR_INVALID, "the container's mountinfo has no root mount");
}

static void criu_gets_the_longest_mountpoint_first(void **state)
{
	AUTO(fixture_done) struct fixture f;
	AUTO(criu_request_done) struct criu_request req;

	(void)state;
	setup(&f, BASE B_BIND A_BIND "112 110 0:50 / /data/in rw - tmpfs tm rw\n");
	bind(&f, "/b", "/srv/b2", NULL);
	bind(&f, "/data", "/srv/a", NULL);
	say(&f, "unix[7]");
	assert_int_equal(plan(&f), 0);
	criu_request_init(&req, CRIU_DUMP);
	external_plan_request(&f.plan, false, &req);
	assert_int_equal(req.ext_mounts.n, 3);
	assert_string_equal(req.ext_mounts.v[0].key, "/data/in");
	assert_string_equal(req.ext_mounts.v[1].key, "/data");
	assert_string_equal(req.ext_mounts.v[2].key, "/b");
	assert_string_equal(req.ext_mounts.v[2].value, "/b");
	assert_int_equal(req.external.n, 1);
	assert_string_equal(req.external.v[0], "unix[7]");
	assert_false(req.auto_ext_mounts);
}

static void names_that_are_one_to_criu_are_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:81 / /m/a\\012b rw - tmpfs t rw\n"
		       "113 100 0:82 / /m/a\\134012b rw - tmpfs t rw\n"
		       "114 100 0:83 / /m/c\\012d rw - tmpfs t rw\n"
		       "115 114 0:84 / /m/c\\012d rw - tmpfs t rw\n");
	expect_refusal(&f, ERR_UNSUPPORTED,
		       "/m/a\nb: CRIU can't tell its name, with a newline, from /m/a\\012b");
}

static void an_overlay_is_refused_unless_config_json_has_it(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f, BASE "112 100 0:81 / /o rw - overlay overlay rw,lowerdir=/lower\n");
	assert_int_equal(plan(&f), -1);
	assert_non_null(strstr(f.err.msg, "/o: CRIU can't make an overlay: its directories are "));
	bind(&f, "/o", "overlay", "lowerdir=/lower");
	f.mounts[0].type = (char *)"overlay";
	expect(&f, "");
}

static void a_covered_peer_of_the_host_is_warned_of(void **state)
{
#define SHARED(n) "110 100 254:0 /srv/a /vol/data rw shared:" n " - ext4 /dev/vda rw\n"
#define COVER	  "112 100 0:81 / /vol rw - tmpfs over rw\n"
	AUTO(fixture_done) struct fixture f;
	static const struct {
		const char *container;
		size_t warnings;
	} cases[] = { { BASE SHARED("1") COVER, 1 },
		      { BASE SHARED("1"), 0 },
		      { BASE SHARED("99") COVER, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		setup(&f, cases[i].container);
		bind(&f, "/vol/data", "/srv/a", NULL);
		assert_int_equal(plan(&f), 0);
		assert_int_equal(f.plan.warnings.n, cases[i].warnings);
		if (cases[i].warnings)
			assert_non_null(strstr(f.plan.warnings.v[0],
					       "/vol/data: it is shared with the host's mount"));
		if (i + 1 < ARRAY_LEN(cases))
			fixture_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_criu_makes_itself_gets_no_key),
		cmocka_unit_test(a_bind_of_the_config_is_keyed_by_its_destination),
		cmocka_unit_test(a_destination_behind_a_symlink_is_found_where_it_leads),
		cmocka_unit_test(the_users_key_wins_for_its_mountpoint),
		cmocka_unit_test(a_key_for_no_mount_is_refused),
		cmocka_unit_test(a_key_for_a_mount_that_lies_on_itself_is_no_endless_search),
		cmocka_unit_test(a_tracefs_below_a_bind_is_noted_and_criu_is_not_told),
		cmocka_unit_test(a_tracefs_that_nobody_bound_is_refused_unless_it_comes_by_itself),
		cmocka_unit_test(what_lies_on_a_tracefs_is_refused),
		cmocka_unit_test(one_key_for_two_mounts_is_refused),
		cmocka_unit_test(a_default_key_makes_way_for_a_user_key_of_that_name),
		cmocka_unit_test(paths_that_would_break_a_key_get_a_number),
		cmocka_unit_test(submounts_of_a_bind_are_keyed_with_their_place_on_the_host),
		cmocka_unit_test(a_tmpfs_of_the_host_is_never_left_for_criu_to_copy),
		cmocka_unit_test(a_tmpfs_that_left_the_host_is_the_containers_own),
		cmocka_unit_test(a_bind_made_inside_from_something_reachable_needs_no_key),
		cmocka_unit_test(all_that_cannot_be_dumped_is_in_one_message),
		cmocka_unit_test(a_refused_plan_still_has_the_mounts_that_are_all_right),
		cmocka_unit_test(auto_finds_the_host_path_and_keeps_it_in_the_key),
		cmocka_unit_test(auto_takes_no_path_that_the_host_has_covered),
		cmocka_unit_test(auto_takes_shared_and_slave_mounts_only_with_their_letters),
		cmocka_unit_test(propagation_that_the_config_asks_for_needs_no_letters),
		cmocka_unit_test(an_explicit_key_is_as_good_as_the_letters),
		cmocka_unit_test(a_bind_that_is_a_slave_because_the_host_is_shared_is_taken),
		cmocka_unit_test(sharing_among_the_containers_own_mounts_is_no_matter),
		cmocka_unit_test(a_slave_of_an_unseen_master_is_refused),
		cmocka_unit_test(a_cgroup_view_is_external_without_a_cgroup_namespace),
		cmocka_unit_test(a_cgroup_view_stays_one_beside_a_bind_of_the_hosts_sys),
		cmocka_unit_test(the_hosts_null_over_a_masked_file_is_external),
		cmocka_unit_test(a_device_of_the_host_in_dev_is_external),
		cmocka_unit_test(a_line_that_criu_cannot_read_is_refused_before_it_tries),
		cmocka_unit_test(a_deleted_source_is_keyed_with_a_warning),
		cmocka_unit_test(what_a_process_serves_is_refused_with_the_reason),
		cmocka_unit_test(two_mounts_beside_one_another_on_one_directory_are_refused),
		cmocka_unit_test(a_table_without_root_is_refused),
		cmocka_unit_test(criu_gets_the_longest_mountpoint_first),
		cmocka_unit_test(names_that_are_one_to_criu_are_refused),
		cmocka_unit_test(an_overlay_is_refused_unless_config_json_has_it),
		cmocka_unit_test(a_covered_peer_of_the_host_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
