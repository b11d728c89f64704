/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images_copy.h"
#include "proto/mnt.pb-c.h"

#define MAX 16

static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };

/* An entry ends with one unknown field (number 99, varint 5) that has to survive. */
static const uint8_t unknown[] = { 0x98, 0x06, 0x05 };

/* A directory with mountpoints-1.img, the root's, and perhaps mountpoints-2.img. */
struct fixture {
	char path[64];
	int fd;
	struct buf files[2];
	struct checkpoint_mount noted[MAX];
	struct checkpoint_info info;
	struct images_copy copy;
	struct external_mount rows[MAX];
	bool can[MAX];
	struct external_plan plan;
	enum external_propagation propagation[MAX];
	size_t joins[MAX];
	unsigned int peers[MAX], masters[MAX];
	unsigned long flags[MAX];
	struct images_copy_edit edit;
	struct err err;
};

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .path = "/tmp/kedge-copy-XXXXXX" };
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->info.v = f->noted;
	f->plan.v = f->rows;
	f->edit = (struct images_copy_edit){ .plan = &f->plan,
					     .info = &f->info,
					     .can_slave = f->can,
					     .propagation = f->propagation,
					     .joins = f->joins,
					     .flags = f->flags,
					     .peers = f->peers,
					     .masters = f->masters };
}

static void fixture_done(struct fixture *f)
{
	images_copy_done(&f->copy);
	unlinkat(f->fd, "mountpoints-1.img", 0);
	unlinkat(f->fd, "mountpoints-2.img", 0);
	rmdir(f->path);
	close(f->fd);
	buf_done(&f->files[0]);
	buf_done(&f->files[1]);
}

static void add(struct fixture *f, int file, const Criu__Image__MntEntry *given)
{
	Criu__Image__MntEntry e = *given;
	uint8_t bytes[1024];
	size_t n;

	e.base = (ProtobufCMessage)PROTOBUF_C_MESSAGE_INIT(&criu__image__mnt_entry__descriptor);
	e.root = e.root ? e.root : (char *)"/";
	e.source = e.source ? e.source : (char *)"none";
	e.options = (char *)"";
	e.mountpoint = e.mountpoint ? e.mountpoint : (char *)"/";
	e.has_shared_id = e.shared_id != 0;
	e.has_master_id = e.master_id != 0;
	e.has_deleted = e.deleted;
	e.has_with_plugin = e.with_plugin;
	n = criu__image__mnt_entry__pack(&e, bytes);
	if (!f->files[file].n)
		image_file_put_magics(&f->files[file], magics);
	image_file_put_length(&f->files[file], n + sizeof(unknown));
	buf_add(&f->files[file], bytes, n);
	buf_add(&f->files[file], unknown, sizeof(unknown));
}

#define ADD(f, file, ...) add(f, file, &(const Criu__Image__MntEntry){ __VA_ARGS__ })

/* The root, of device 1. */
#define ADD_ROOT(f) ADD(f, 0, .mnt_id = 1, .root_dev = 1, .root = (char *)"/rootfs")

static int read_all(struct fixture *f)
{
	images_copy_done(&f->copy);
	err_clear(&f->err);
	for (int i = 0; i < 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "mountpoints-%d.img", i + 1);
		if (f->files[i].n)
			assert_int_equal(fd_replace_file(f->fd, name, &f->files[i], 0600, NULL), 0);
	}
	return images_copy_read(f->fd, 1, &f->info, &f->copy, &f->err);
}

/* A row of the plan for that mount. */
static struct external_mount *row(struct fixture *f, unsigned int id)
{
	f->rows[f->plan.n] = (struct external_mount){ .id = id, .key = "key", .source = "/src" };
	return &f->rows[f->plan.n++];
}

static void edit(struct fixture *f)
{
	if (read_all(f) || images_copy_edit(&f->copy, &f->edit, &f->err))
		fail_msg("%s", f->err.msg);
}

/* The edited entry with that id, read from the bytes. */
static const Criu__Image__MntEntry *edited(struct fixture *f, unsigned int id)
{
	static Criu__Image__MntEntry *last;
	const struct buf *b;

	for (size_t i = 0; i < f->copy.n; i++) {
		struct image_file file = { .name = f->copy.v[i].name };
		const uint8_t *p;
		size_t bytes;

		b = &f->copy.v[i].edited;
		file.p = (const uint8_t *)b->p;
		file.n = b->n;
		assert_int_equal(image_file_check(&file, magics), 0);
		while (file.at < file.n) {
			assert_int_equal(image_file_next(&file, &p, &bytes), 0);
			assert_memory_equal(p + bytes - sizeof(unknown), unknown, sizeof(unknown));
			if (last)
				criu__image__mnt_entry__free_unpacked(last, NULL);
			last = criu__image__mnt_entry__unpack(NULL, bytes, p);
			if (last->mnt_id == id)
				return last;
		}
	}
	fail_msg("no mount %u", id);
	return NULL;
}

static void expect_refusal(struct fixture *f, const char *text)
{
	assert_int_equal(read_all(f), -1);
	assert_int_equal(f->err.kind, ERR_INVALID);
	if (!strstr(f->err.msg, text))
		fail_msg("no \"%s\" in: %s", text, f->err.msg);
	assert_int_equal(f->copy.n, 0);
}

/* --- hostile images ------------------------------------------------------------------------------- */

static void a_plugin_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/p",
	    .with_plugin = true);
	expect_refusal(&f, "mountpoints-1.img: mount 2 (/p): the image wants a plugin");
}

static void one_id_for_two_mounts_is_refused_over_all_namespaces(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 1, .mnt_id = 1);
	expect_refusal(&f, "another mount has the same id");
}

static void a_parent_that_is_missing_or_elsewhere_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 7, .mountpoint = (char *)"/a");
	expect_refusal(&f, "mount 2 (/a): what it is mounted on isn't in the file");
	/* in another namespace it doesn't count */
	ADD(&f, 1, .mnt_id = 7);
	expect_refusal(&f, "mount 2 (/a): what it is mounted on isn't in the file");
}

static void parents_in_a_circle_are_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 3, .mountpoint = (char *)"/a");
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 2, .mountpoint = (char *)"/a");
	expect_refusal(&f, "its parents go in a circle");
}

static void a_second_root_is_refused_and_a_mount_on_the_root_is_none(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1);
	assert_int_equal(read_all(&f), 0);
	assert_int_equal(f.copy.v[f.copy.root].root_id, 1);
	ADD(&f, 0, .mnt_id = 3);
	expect_refusal(&f, "mount 3 (/): it is a second root");
}

static void a_mountpoint_outside_its_parents_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a");
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 2, .mountpoint = (char *)"/ab");
	expect_refusal(&f, "mount 3 (/ab): it doesn't lie below what it is mounted on");
}

static void a_mountpoint_with_dots_is_refused_in_every_namespace(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 1, .mnt_id = 4);
	ADD(&f, 1, .mnt_id = 5, .parent_mnt_id = 4, .mountpoint = (char *)"/a/../b");
	expect_refusal(&f, "mountpoints-2.img");
}

static void a_key_that_is_empty_or_has_control_characters_is_refused(void **state)
{
	static const char *const keys[] = { "", "a\nb", "\033[2J" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		AUTO(fixture_done) struct fixture f;

		setup(&f);
		ADD_ROOT(&f);
		ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a",
		    .ext_key = (char *)keys[i]);
		expect_refusal(&f, "mount 2 (/a): its key is empty, too long, or has control");
	}
}

static void a_peer_group_beyond_the_kernels_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .master_id = 0xffffffff);
	expect_refusal(&f, "peer group");
}

static void a_broken_file_is_refused_and_the_other_namespace_is_named(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 1, .mnt_id = 5);
	f.files[1].n -= 2;
	expect_refusal(&f, "mountpoints-2.img");
}

static void without_the_roots_file_nothing_is_read(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 1, .mnt_id = 5);
	expect_refusal(&f, "mountpoints-1.img is not in the directory");
}

static void a_newline_needs_the_sidecars_word(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a\\012b");
	expect_refusal(&f, "mount 2 (/a\\012b): CRIU writes a newline like that");
	/* a sidecar that doesn't fit the image isn't believed */
	f.noted[0] = (struct checkpoint_mount){ .id = 2, .mountpoint = "/etc" };
	f.info.n = 1;
	expect_refusal(&f, "CRIU writes a newline like that");
	f.noted[0].mountpoint = "/a\nb";
	edit(&f);
	assert_string_equal(f.copy.v[0].mounts.v[1].mountpoint, "/a\nb");
	assert_string_equal(edited(&f, 2)->mountpoint, "/a\nb");
	/* or the four characters are its name */
	f.noted[0].mountpoint = "/a\\012b";
	edit(&f);
	assert_string_equal(edited(&f, 2)->mountpoint, "/a\\012b");
}

/* --- the copy ------------------------------------------------------------------------------------- */

static void each_external_mount_gets_a_key_of_its_own(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b",
	    .ext_key = (char *)"/dev/null", .deleted = true, .flags = MS_RDONLY | MS_UNBINDABLE);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a",
	    .ext_key = (char *)"/dev/null");
	ADD(&f, 0, .mnt_id = 4, .parent_mnt_id = 1, .mountpoint = (char *)"/c", .deleted = true);
	ADD_ROOT(&f);
	row(&f, 3)->flags = MS_NOEXEC;
	row(&f, 2);
	edit(&f);
	assert_string_equal(edited(&f, 3)->ext_key, "k0001");
	assert_false(edited(&f, 3)->deleted);
	/* the plan's flags, but what CRIU knows besides stays */
	assert_int_equal(edited(&f, 3)->flags, MS_NOEXEC | MS_UNBINDABLE);
	assert_string_equal(edited(&f, 2)->ext_key, "k0002");
	/* CRIU makes the source of an internal one */
	assert_null(edited(&f, 4)->ext_key);
	assert_true(edited(&f, 4)->deleted);
}

static void only_the_root_is_unbindable_no_more(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .root_dev = 1, .flags = MS_UNBINDABLE | MS_RELATIME);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/tmp", .root_dev = 2,
	    .flags = MS_UNBINDABLE);
	edit(&f);
	assert_int_equal(edited(&f, 1)->flags, MS_RELATIME);
	assert_int_equal(edited(&f, 2)->flags, MS_UNBINDABLE);
}

static void old_images_get_a_new_style_key(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a",
	    .root = (char *)"key", .has_ext_mount = true, .ext_mount = true);
	row(&f, 2);
	edit(&f);
	assert_string_equal(edited(&f, 2)->ext_key, "k0001");
	assert_false(edited(&f, 2)->ext_mount);
}

static void a_disk_of_criu_keeps_its_key(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a",
	    .ext_key = (char *)"CRIU:EXTERNAL_DEV");
	row(&f, 2)->key = "CRIU:EXTERNAL_DEV";
	edit(&f);
	assert_string_equal(edited(&f, 2)->ext_key, "CRIU:EXTERNAL_DEV");
}

static void
what_criu_took_although_it_is_internal_loses_its_key_and_has_its_source_again(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .root_dev = 1, .source = (char *)"/dev/vda");
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .root_dev = 1,
	    .ext_key = (char *)"CRIU:AUTOGENERATED", .source = (char *)"/host/path");
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .root_dev = 9,
	    .ext_key = (char *)"CRIU:AUTOGENERATED", .source = (char *)"/host/other");
	ADD(&f, 0, .mnt_id = 4, .parent_mnt_id = 1, .mountpoint = (char *)"/c", .root_dev = 10,
	    .ext_key = (char *)"CRIU:AUTOGENERATED", .source = (char *)"/host/third");
	f.noted[0] = (struct checkpoint_mount){ .id = 4, .fs_source = "sysfs" };
	f.info.n = 1;
	edit(&f);
	assert_string_equal(edited(&f, 4)->source, "sysfs");
	assert_null(edited(&f, 2)->ext_key);
	assert_string_equal(edited(&f, 2)->source, "/dev/vda");
	assert_null(edited(&f, 3)->ext_key);
	assert_string_equal(edited(&f, 3)->source, "none");
}

static void an_inner_namespace_binds_what_the_outer_one_shows_and_nothing_else(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .root_dev = 8,
	    .root = (char *)"/srv", .ext_key = (char *)"/a");
	ADD(&f, 1, .mnt_id = 11, .root_dev = 1, .root = (char *)"/rootfs");
	ADD(&f, 1, .mnt_id = 12, .parent_mnt_id = 11, .mountpoint = (char *)"/x", .root_dev = 8,
	    .root = (char *)"/srv/deep/er", .ext_key = (char *)"CRIU:AUTOGENERATED");
	row(&f, 2);
	edit(&f);
	assert_null(edited(&f, 12)->ext_key);
	ADD(&f, 1, .mnt_id = 13, .parent_mnt_id = 11, .mountpoint = (char *)"/y", .root_dev = 8,
	    .root = (char *)"/srvx", .ext_key = (char *)"CRIU:AUTOGENERATED");
	assert_int_equal(read_all(&f), 0);
	assert_int_equal(images_copy_edit(&f.copy, &f.edit, &f.err), -1);
	assert_non_null(strstr(f.err.msg, "mountpoints-2.img: mount 13 (/y)"));
}

static void layers_that_only_the_image_names_are_refused(void **state)
{
	static const Criu__Image__FsType types[] = { CRIU__IMAGE__FS_TYPE__FS_OVERLAYFS,
						     CRIU__IMAGE__FS_TYPE__FS_AUFS,
						     CRIU__IMAGE__FS_TYPE__FS_AUTO };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		AUTO(fixture_done) struct fixture f;

		setup(&f);
		ADD_ROOT(&f);
		ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a",
		    .root_dev = 1, .fstype = types[i]); /* bound from the root */
		edit(&f);
		ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b",
		    .root_dev = 9, .fstype = types[i]);
		assert_int_equal(read_all(&f), 0);
		assert_int_equal(images_copy_edit(&f.copy, &f.edit, &f.err), -1);
		assert_non_null(strstr(f.err.msg, "mount 3 (/b): it would be made of layers"));
	}
}

/* --- peer groups ---------------------------------------------------------------------------------- */

static void each_slave_of_an_outer_master_gets_one_of_its_own(void **state)
{
	AUTO(fixture_done) struct fixture f;
	uint32_t a, b;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .root_dev = 1, .root = (char *)"/rootfs", .master_id = 7);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .master_id = 7,
	    .ext_key = (char *)"/a", .root_dev = 2);
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .root_dev = 1,
	    .root = (char *)"/rootfs/x", .master_id = 7);
	row(&f, 2)->propagation = EXTERNAL_SLAVE;
	f.can[0] = true;
	f.edit.root_can_slave = true;
	edit(&f);
	a = edited(&f, 1)->master_id;
	b = edited(&f, 2)->master_id;
	assert_true(a > 7 && b > 7 && a != b);
	assert_true(edited(&f, 3)->master_id > 7 && edited(&f, 3)->master_id != a);
	for (int i = 0; i < 3; i++)
		assert_int_equal(f.propagation[i], EXTERNAL_SLAVE);
}

static void what_has_no_master_to_be_had_becomes_private(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .root_dev = 1, .root = (char *)"/rootfs", .master_id = 7);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .master_id = 7,
	    .ext_key = (char *)"/a", .root_dev = 2, .root = (char *)"/srv");
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .master_id = 7,
	    .shared_id = 9, .root_dev = 2, .root = (char *)"/srv/sub");
	row(&f, 2)->propagation = EXTERNAL_PRIVATE;
	edit(&f);
	assert_int_equal(edited(&f, 1)->master_id, 0);
	assert_int_equal(edited(&f, 2)->master_id, 0);
	assert_int_equal(edited(&f, 3)->master_id, 0);
	assert_int_equal(edited(&f, 3)->shared_id, 9);
	assert_int_equal(f.propagation[0], EXTERNAL_PRIVATE);
	assert_int_equal(f.propagation[2], EXTERNAL_OWN_GROUP);
}

static void peers_stay_together_under_one_master(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .master_id = 7,
	    .shared_id = 9, .ext_key = (char *)"/a", .root_dev = 2);
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .master_id = 7,
	    .shared_id = 9, .root_dev = 2, .root = (char *)"/sub");
	row(&f, 2)->propagation = EXTERNAL_SLAVE_SHARED;
	f.can[0] = true;
	edit(&f);
	assert_true(edited(&f, 2)->master_id > 9);
	assert_int_equal(edited(&f, 3)->master_id, f.copy.v[0].v[1]->master_id);
	assert_int_equal(edited(&f, 3)->shared_id, 9);
	assert_int_equal(f.propagation[2], EXTERNAL_SLAVE_SHARED);
}

static void a_master_in_the_container_stays(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .shared_id = 4, .root_dev = 1);
	ADD(&f, 1, .mnt_id = 2, .master_id = 4, .root_dev = 1);
	edit(&f);
	assert_int_equal(edited(&f, 1)->shared_id, 4);
	assert_int_equal(edited(&f, 2)->master_id, 4);
	assert_int_equal(f.propagation[0], EXTERNAL_OWN_GROUP);
}

static void a_peer_of_the_hosts_joins_it_later_and_so_do_its_binds_inside(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .shared_id = 9,
	    .ext_key = (char *)"/a", .root_dev = 2);
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .shared_id = 9,
	    .root_dev = 2, .root = (char *)"/sub");
	row(&f, 2)->propagation = EXTERNAL_SHARED;
	f.rows[0].shared = 9;
	edit(&f);
	assert_int_equal(edited(&f, 2)->shared_id, 0);
	assert_int_equal(edited(&f, 3)->shared_id, 0);
	assert_int_equal(f.propagation[1], EXTERNAL_SHARED);
	assert_int_equal(f.propagation[2], EXTERNAL_SHARED);
	assert_int_equal(f.joins[0], SIZE_MAX);
	assert_int_equal(f.joins[1], 0);
	assert_int_equal(f.joins[2], 0);
}

static void a_group_that_the_live_config_asks_for_is_made(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .root_dev = 2,
	    .ext_key = (char *)"/a");
	row(&f, 2)->propagation = EXTERNAL_OWN_GROUP;
	edit(&f);
	assert_true(edited(&f, 2)->shared_id > 0);
	assert_int_equal(edited(&f, 2)->master_id, 0);
}

static void who_shares_with_whom_is_told(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .shared_id = 9,
	    .root_dev = 2);
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .master_id = 9,
	    .root_dev = 2);
	edit(&f);
	assert_int_equal(f.peers[1], 9);
	assert_int_equal(f.masters[1], 0);
	assert_int_equal(f.peers[2], 0);
	assert_int_equal(f.masters[2], 9);
}

static void peers_by_the_hosts_group_that_cannot_join_it_have_a_group_each(void **state)
{
	AUTO(fixture_done) struct fixture f;
	struct checkpoint_mount noted[] = { { .id = 2, .propagation = EXTERNAL_SHARED },
					    { .id = 3, .propagation = EXTERNAL_SHARED } };

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .shared_id = 9,
	    .ext_key = (char *)"/a", .root_dev = 2);
	ADD(&f, 0, .mnt_id = 3, .parent_mnt_id = 1, .mountpoint = (char *)"/b", .shared_id = 9,
	    .ext_key = (char *)"/b", .root_dev = 2);
	row(&f, 2)->propagation = EXTERNAL_OWN_GROUP;
	row(&f, 3)->propagation = EXTERNAL_OWN_GROUP;
	edit(&f);
	assert_int_equal(f.peers[1], 9); /* without a sidecar it may be the container's group */
	assert_int_equal(f.peers[2], 9);
	f.info.v = noted;
	f.info.n = 2;
	edit(&f);
	assert_true(f.peers[1] > 9 && f.peers[2] > 9 && f.peers[1] != f.peers[2]);
}

static void mounts_that_criu_makes_get_their_flags_but_the_root(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 1, .root_dev = 1, .flags = MS_UNBINDABLE | MS_NOSUID);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/a", .root_dev = 2,
	    .flags = MS_UNBINDABLE | MS_NOSUID);
	f.flags[0] = f.flags[1] = MS_RDONLY;
	edit(&f);
	assert_int_equal(edited(&f, 1)->flags, MS_NOSUID);
	assert_int_equal(edited(&f, 2)->flags, MS_UNBINDABLE | MS_RDONLY);
}

static void what_criu_has_left_out_is_added_from_the_sidecar(void **state)
{
	AUTO(fixture_done) struct fixture f;
	const struct image_mounts *mounts;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 2, .parent_mnt_id = 1, .mountpoint = (char *)"/sys", .fstype = 2);
	ADD_ROOT(&f);
	f.noted[f.info.n++] =
		(struct checkpoint_mount){ .id = 2, .mountpoint = "/sys", .fstype = "sysfs" };
	f.noted[f.info.n++] = (struct checkpoint_mount){ .id = 3,
							 .parent = 2,
							 .mountpoint = "/sys/t",
							 .fstype = "tracefs",
							 .root = "/part",
							 .major = 3,
							 .minor = 9,
							 .shared = 7,
							 .flags = MS_RDONLY,
							 .key = "/sys/t" };
	/* CRIU makes it, or it is another kind: it was in the image then */
	f.noted[f.info.n++] = (struct checkpoint_mount){
		.id = 4, .parent = 2, .mountpoint = "/sys/u", .fstype = "tracefs"
	};
	f.noted[f.info.n++] = (struct checkpoint_mount){
		.id = 5, .parent = 2, .mountpoint = "/sys/v", .fstype = "tmpfs", .key = "k"
	};
	assert_int_equal(read_all(&f), 0);
	mounts = &f.copy.v[0].mounts;
	assert_int_equal(mounts->n, 3);
	assert_int_equal(mounts->v[0].id, 3);
	assert_int_equal(mounts->v[0].parent, 2);
	assert_int_equal(mounts->v[0].fstype, 19);
	assert_int_equal(mounts->v[0].shared, 7);
	assert_string_equal(mounts->v[0].key, "/sys/t");
	assert_int_equal(f.copy.v[0].v[0]->root_dev, 3U << 20 | 9);
	assert_string_equal(f.copy.v[0].v[0]->root, "/part");
	assert_int_equal(f.copy.v[0].v[0]->flags, MS_RDONLY);
	assert_int_equal(mounts->v[2].id, 1);
}

static void nothing_lies_on_what_criu_has_left_out(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	ADD(&f, 0, .mnt_id = 4, .parent_mnt_id = 3, .mountpoint = (char *)"/t/a", .fstype = 2);
	ADD_ROOT(&f);
	f.noted[f.info.n++] = (struct checkpoint_mount){
		.id = 3, .parent = 1, .mountpoint = "/t", .fstype = "tracefs", .key = "/t"
	};
	assert_int_equal(read_all(&f), -1);
	assert_non_null(
		strstr(f.err.msg, "mount 3 is one that CRIU leaves out, and mount 4 lies on it"));
	fixture_done(&f);
	setup(&f);
	ADD_ROOT(&f);
	for (unsigned int i = 0; i < 2; i++)
		f.noted[f.info.n++] = (struct checkpoint_mount){ .id = 3 + i,
								 .parent = i ? 3 : 1,
								 .mountpoint = i ? "/t/a" : "/t",
								 .fstype = "tracefs",
								 .key = i ? "/t/a" : "/t" };
	assert_int_equal(read_all(&f), -1);
	assert_non_null(
		strstr(f.err.msg, "mount 3 is one that CRIU leaves out, and mount 4 lies on it"));
}

static void a_sidecar_that_adds_nonsense_is_refused(void **state)
{
	AUTO(fixture_done) struct fixture f;
	struct checkpoint_mount *m;

	(void)state;
	setup(&f);
	ADD_ROOT(&f);
	m = &f.noted[f.info.n++];
	*m = (struct checkpoint_mount){
		.id = 3, .parent = 1, .mountpoint = "/a/../b", .fstype = "tracefs", .key = "k"
	};
	assert_int_equal(read_all(&f), -1);
	assert_non_null(strstr(f.err.msg, "kedge.json: mount 3: mountpoint \"/a/../b\""));
	m->mountpoint = "/b";
	m->parent = 9;
	assert_int_equal(read_all(&f), -1);
	assert_non_null(strstr(f.err.msg, "what it is mounted on isn't in the file"));
	m->parent = 1;
	m->key = "a\nb";
	assert_int_equal(read_all(&f), -1);
	assert_non_null(strstr(f.err.msg, "its key is empty, too long, or has control"));
	/* in a debugfs it comes by itself */
	m->parent = 2;
	f.noted[f.info.n++] = (struct checkpoint_mount){ .id = 2, .fstype = "debugfs" };
	assert_int_equal(read_all(&f), 0);
	assert_int_equal(f.copy.v[0].mounts.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_criu_has_left_out_is_added_from_the_sidecar),
		cmocka_unit_test(nothing_lies_on_what_criu_has_left_out),
		cmocka_unit_test(a_sidecar_that_adds_nonsense_is_refused),
		cmocka_unit_test(a_plugin_is_refused),
		cmocka_unit_test(one_id_for_two_mounts_is_refused_over_all_namespaces),
		cmocka_unit_test(a_parent_that_is_missing_or_elsewhere_is_refused),
		cmocka_unit_test(parents_in_a_circle_are_refused),
		cmocka_unit_test(a_second_root_is_refused_and_a_mount_on_the_root_is_none),
		cmocka_unit_test(a_mountpoint_outside_its_parents_is_refused),
		cmocka_unit_test(a_mountpoint_with_dots_is_refused_in_every_namespace),
		cmocka_unit_test(a_key_that_is_empty_or_has_control_characters_is_refused),
		cmocka_unit_test(a_peer_group_beyond_the_kernels_is_refused),
		cmocka_unit_test(a_broken_file_is_refused_and_the_other_namespace_is_named),
		cmocka_unit_test(without_the_roots_file_nothing_is_read),
		cmocka_unit_test(a_newline_needs_the_sidecars_word),
		cmocka_unit_test(each_external_mount_gets_a_key_of_its_own),
		cmocka_unit_test(only_the_root_is_unbindable_no_more),
		cmocka_unit_test(old_images_get_a_new_style_key),
		cmocka_unit_test(a_disk_of_criu_keeps_its_key),
		cmocka_unit_test(
			what_criu_took_although_it_is_internal_loses_its_key_and_has_its_source_again),
		cmocka_unit_test(
			an_inner_namespace_binds_what_the_outer_one_shows_and_nothing_else),
		cmocka_unit_test(layers_that_only_the_image_names_are_refused),
		cmocka_unit_test(each_slave_of_an_outer_master_gets_one_of_its_own),
		cmocka_unit_test(what_has_no_master_to_be_had_becomes_private),
		cmocka_unit_test(peers_stay_together_under_one_master),
		cmocka_unit_test(a_master_in_the_container_stays),
		cmocka_unit_test(a_peer_of_the_hosts_joins_it_later_and_so_do_its_binds_inside),
		cmocka_unit_test(a_group_that_the_live_config_asks_for_is_made),
		cmocka_unit_test(who_shares_with_whom_is_told),
		cmocka_unit_test(peers_by_the_hosts_group_that_cannot_join_it_have_a_group_each),
		cmocka_unit_test(mounts_that_criu_makes_get_their_flags_but_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
