/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "core/plan/image_check.h"

enum { DISK = 0, PROC = 1, SYSFS = 2, TMPFS = 5, CGROUP = 12, AUTO_FS = 16, OVERLAY = 17 };
enum { ROOT = 1, PROC_ID, DEV_ID, DATA_ID, SYS_ID, FIRST_FREE };

#define TIGHT (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* A container as kedge dumps it, and room for what an attacker adds. */
struct fixture {
	struct spec spec;
	struct spec_mount entries[8];
	struct image_mount v[16];
	size_t n;
	struct err err;
};

static struct image_mount *add(struct fixture *f, unsigned int id, unsigned int fstype,
			       const char *mountpoint)
{
	struct image_mount *m = &f->v[f->n++];

	*m = (struct image_mount){
		.id = id,
		.parent = ROOT,
		.minor = id,
		.fstype = fstype,
		.mountpoint = mountpoint,
		.root = "/",
		.source = "source",
		.options = "",
	};
	return m;
}

/* A part of another mount's file system. */
static struct image_mount *add_bind(struct fixture *f, unsigned int id, unsigned int of,
				    const char *root, const char *mountpoint)
{
	struct image_mount *m = add(f, id, 0, mountpoint);

	m->minor = of;
	m->root = root;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id == of)
			m->fstype = f->v[i].fstype;
	return m;
}

static void declare(struct fixture *f, const char *type, const char *destination,
		    struct spec_strings options)
{
	f->entries[f->spec.mounts.n++] = (struct spec_mount){
		.destination = (char *)destination,
		.type = (char *)type,
		.source = (char *)"source",
		.options = options,
	};
}

static struct fixture sound(void)
{
	static char *tight[] = { (char *)"nosuid", (char *)"noexec", (char *)"nodev" };
	static char *masked[] = { (char *)"/proc/keys" };
	static char *protected[] = { (char *)"/proc/sys" };
	struct fixture f = { 0 };

	f.spec.masked_paths = (struct spec_strings){ .v = masked, .n = 1 };
	f.spec.readonly_paths = (struct spec_strings){ .v = protected, .n = 1 };
	f.spec.ns[SPEC_NS_CGROUP].present = true;
	declare(&f, "proc", "/proc", (struct spec_strings){ 0 });
	declare(&f, "sysfs", "/sys", (struct spec_strings){ .v = tight, .n = 3 });
	add_bind(&f, 20, PROC_ID, "/sys", "/proc/sys");
	add(&f, PROC_ID, PROC, "/proc");
	add(&f, DEV_ID, TMPFS, "/dev");
	add(&f, SYS_ID, SYSFS, "/sys")->flags = TIGHT | MS_RDONLY;
	add(&f, DATA_ID, DISK, "/data")->key = "/data";
	add(&f, ROOT, DISK, "/")->parent = 99;
	f.v[0].flags = MS_RDONLY;
	f.v[0].parent = PROC_ID;
	f.v[0].fstype = PROC;
	f.v[4].root = "/srv/data";
	f.v[5].root = "/bundle/rootfs";
	return f;
}

static struct image_mount *at(struct fixture *f, const char *mountpoint)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].mountpoint, mountpoint))
			return &f->v[i];
	fail_msg("nothing at %s", mountpoint);
	return NULL;
}

static int check(struct fixture *f, const struct fixture *outer)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct live_mounts live = { 0 };
	const struct image_check_input in = {
		.live = &live,
		.mounts = f->v,
		.n_mounts = f->n,
		.root_id = f->v[5].id,
		.outer = outer ? outer->v : NULL,
		.n_outer = outer ? outer->n : 0,
	};
	struct findings findings = { .err = &f->err };

	f->spec.mounts.v = f->entries;
	f->err = (struct err){ 0 };
	assert_int_equal(live_mounts_build(&f->spec, NULL, &arena, &live, NULL), 0);
	image_check(&in, &findings);
	return findings_end(&findings);
}

static void refused(struct fixture *f, const char *text)
{
	assert_int_equal(check(f, NULL), -1);
	if (!strstr(f->err.msg, text))
		fail_msg("no \"%s\" in: %s", text, f->err.msg);
}

static void accepted(struct fixture *f)
{
	if (check(f, NULL))
		fail_msg("refused: %s", f->err.msg);
}

static void may_mount(struct fixture *f)
{
	f->spec.process.capabilities[SPEC_CAP_BOUNDING] = 1ULL << 21;
}

static void what_a_container_has_is_accepted(void **state)
{
	struct fixture f = sound();

	(void)state;
	accepted(&f);
	add(&f, 30, TMPFS, "/proc/keys")->parent = PROC_ID;
	add(&f, 31, TMPFS, "/tmp");
	add_bind(&f, 32, ROOT, "/bundle/rootfs/etc", "/mnt");
	add_bind(&f, 33, DATA_ID, "/srv/data/sub", "/sub");
	accepted(&f);
	add(&f, 34, TMPFS, "/");
	accepted(&f);
}

static void a_path_in_a_file_system_may_not_climb(void **state)
{
	static const char *const roots[] = { "/bundle/rootfs/../..", "/bundle/rootfs/./etc",
					     "bundle/rootfs", "", "/bundle//rootfs/etc" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		struct fixture f = sound();

		add_bind(&f, 30, ROOT, roots[i], "/mnt");
		refused(&f, "/mnt: the image has a path in its file system that isn't in normal "
			    "form");
	}
}

static void a_disk_or_an_overlay_of_the_images_choice_is_refused(void **state)
{
	struct fixture f = sound();

	(void)state;
	may_mount(&f);
	add(&f, 30, AUTO_FS, "/mnt")->source = "/dev/vda";
	refused(&f, "/mnt: the image has a file system of the host there (disk, /dev/vda)");
	f = sound();
	may_mount(&f);
	add(&f, 30, OVERLAY, "/mnt")->options = "lowerdir=/etc";
	refused(&f, "/mnt: the image has a file system of the host there (overlay, ");
	f = sound();
	add(&f, 30, 4711, "/mnt");
	refused(&f, "/mnt: the image has a file system of the host there (unknown kind, ");
	f = sound();
	add_bind(&f, 30, ROOT, "/bundle/rootfs-of-another", "/mnt");
	refused(&f, "/mnt: the image has a part of a file system that isn't mounted in it");
}

/* Even with the same directories: CRIU would take them from the image. */
static void an_overlay_of_config_json_needs_a_key(void **state)
{
	static char *options[] = { (char *)"lowerdir=/l", (char *)"upperdir=/u",
				   (char *)"workdir=/w" };
	struct fixture f = sound();

	(void)state;
	declare(&f, "overlay", "/mnt", (struct spec_strings){ .v = options, .n = 3 });
	add(&f, 30, OVERLAY, "/mnt")->options = "lowerdir=/l,upperdir=/u,workdir=/w";
	refused(&f, "/mnt: the image has a file system of the host there (overlay, source), which "
		    "needs a key: checkpoint --external 'mnt[/mnt]:KEY'");
	at(&f, "/mnt")->key = "k";
	accepted(&f);
}

static void the_root_may_be_an_overlay(void **state)
{
	struct fixture f = sound();
	struct image_mount *m;

	(void)state;
	at(&f, "/")->fstype = OVERLAY;
	at(&f, "/")->root = "/";
	at(&f, "/")->options = "lowerdir=/l";
	accepted(&f);
	m = add_bind(&f, 30, ROOT, "/", "/mnt");
	m->options = "lowerdir=/l";
	accepted(&f);
	/* CRIU would mount this one anew */
	m->options = "lowerdir=/etc";
	refused(&f, "/mnt: the image has a file system of the host there (overlay, ");
}

static void what_the_kernel_tells_needs_an_entry_or_the_right_to_mount(void **state)
{
	struct fixture f = sound();

	(void)state;
	add(&f, 30, PROC, "/mnt");
	refused(&f, "/mnt: the image has a mount of type proc there, and config.json hasn't");
	may_mount(&f);
	accepted(&f);
	f = sound();
	add_bind(&f, 30, PROC_ID, "/sys", "/mnt");
	refused(&f, "/mnt: the image has a part of what the kernel shows in another place");
	may_mount(&f);
	accepted(&f);
}

static void cgroups_need_an_entry_and_a_namespace(void **state)
{
	struct fixture f = sound();

	(void)state;
	add(&f, 30, CGROUP, "/sys/fs/cgroup/cpu")->parent = SYS_ID;
	refused(&f,
		"/sys/fs/cgroup/cpu: the image has a mount of type cgroup there, and config.json hasn't");
	declare(&f, "cgroup", "/sys/fs/cgroup", (struct spec_strings){ 0 });
	accepted(&f);
	f.spec.ns[SPEC_NS_CGROUP].present = false;
	refused(&f, "/sys/fs/cgroup/cpu: the image has a cgroup hierarchy of the host");
}

static void nothing_is_looser_than_config_json_or_what_it_is_bound_from(void **state)
{
	struct fixture f = sound();

	(void)state;
	at(&f, "/sys")->flags = MS_RDONLY | MS_NOSUID | MS_NOEXEC;
	refused(&f, "/sys: the image has it without nodev, which config.json has");
	f = sound();
	at(&f, "/data")->flags = MS_RDONLY;
	add_bind(&f, 30, DATA_ID, "/srv/data/x", "/x");
	refused(&f, "/x: the image has it without ro, which what it is bound from has");
	at(&f, "/x")->flags = MS_RDONLY;
	accepted(&f);
	/* a second mount of the same place is writable: it may come from there */
	at(&f, "/x")->flags = 0;
	add_bind(&f, 31, DATA_ID, "/srv/data", "/data2")->key = "/data2";
	accepted(&f);
}

static void masks_mask(void **state)
{
	struct fixture f = sound();

	(void)state;
	at(&f, "/proc/sys")->flags = 0;
	refused(&f, "/proc/sys: the image has it writable");
	f = sound();
	add_bind(&f, 30, PROC_ID, "/keys", "/proc/keys")->parent = PROC_ID;
	refused(&f, "/proc/keys: the image has something there that masks nothing");
}

static void a_path_of_the_host_in_an_image_is_a_plain_one(void **state)
{
	struct fixture f = sound();

	(void)state;
	at(&f, "/data")->key = "CRIU:AUTOGENERATED";
	at(&f, "/data")->source = "/srv/../etc";
	refused(&f,
		"/data: the image has a path of the host that isn't absolute or in normal form");
	at(&f, "/data")->source = "etc";
	refused(&f, "/data: the image has a path of the host");
	at(&f, "/data")->source = "/srv/data";
	accepted(&f);
	at(&f, "/data")->key = "auto:/srv/./data";
	refused(&f, "/data: the image has a path of the host");
}

static void a_namespace_unshared_inside_has_copies(void **state)
{
	struct fixture outer = sound(), f = sound();

	(void)state;
	for (size_t i = 0; i < f.n; i++) {
		f.v[i].id += 100;
		f.v[i].parent += 100;
	}
	f.spec.mounts.n = 0;
	assert_int_equal(check(&f, &outer), 0);
	/* CRIU gives keys to the root task's mounts alone, and binds the others from there */
	at(&f, "/data")->key = NULL;
	at(&f, "/data")->minor = DATA_ID;
	add_bind(&f, 130, DATA_ID, "/srv/data/sub", "/sub")->parent = ROOT + 100;
	assert_int_equal(check(&f, &outer), 0);
	at(&f, "/sys")->flags = MS_RDONLY;
	assert_int_equal(check(&f, &outer), -1);
	at(&f, "/sys")->flags = MS_RDONLY | TIGHT;
	assert_int_equal(check(&f, &outer), 0);
	at(&f, "/data")->key = "/elsewhere";
	assert_int_equal(check(&f, &outer), -1);
	assert_non_null(strstr(f.err.msg, "/data: the image has a key that"));
}

static void a_hundred_thousand_mounts_take_no_time(void **state)
{
	static struct image_mount v[100000];
	static char path[] = "/";
	struct spec spec = { 0 };
	struct live_mounts live = { .spec = &spec };
	const struct image_check_input in = {
		.live = &live, .mounts = v, .n_mounts = 100000, .root_id = 100000
	};
	struct err err = { 0 };
	struct findings findings = { .err = &err };

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		v[i] = (struct image_mount){ .id = i + 1,
					     .parent = i + 2,
					     .mountpoint = path,
					     .root = path,
					     .source = "",
					     .options = "",
					     .fstype = TMPFS };
	image_check(&in, &findings);
	assert_int_equal(findings_end(&findings), 0);
	/* each of these could be bound from each */
	for (unsigned int i = 0; i < 50000; i++)
		v[i].root = "/x";
	image_check(&in, &findings);
	assert_int_equal(findings_end(&findings), -1);
	assert_non_null(strstr(err.msg, "more mounts"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_container_has_is_accepted),
		cmocka_unit_test(a_path_in_a_file_system_may_not_climb),
		cmocka_unit_test(a_disk_or_an_overlay_of_the_images_choice_is_refused),
		cmocka_unit_test(an_overlay_of_config_json_needs_a_key),
		cmocka_unit_test(the_root_may_be_an_overlay),
		cmocka_unit_test(what_the_kernel_tells_needs_an_entry_or_the_right_to_mount),
		cmocka_unit_test(cgroups_need_an_entry_and_a_namespace),
		cmocka_unit_test(nothing_is_looser_than_config_json_or_what_it_is_bound_from),
		cmocka_unit_test(masks_mask),
		cmocka_unit_test(a_path_of_the_host_in_an_image_is_a_plain_one),
		cmocka_unit_test(a_namespace_unshared_inside_has_copies),
		cmocka_unit_test(a_hundred_thousand_mounts_take_no_time),
	};

	return cmocka_run_group_tests_name("image_check", tests, NULL, NULL);
}
