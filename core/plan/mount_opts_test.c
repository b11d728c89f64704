/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mount.h>

#include "core/plan/mount_opts.h"

/* Parse a comma-separated list as if it were the mount's array of options. */
static struct mount_opts parse(struct arena *arena, const char *type, const char *list)
{
	struct spec_mount mount = { .destination = arena_strdup(arena, "/x"),
				    .type = arena_strdup(arena, type) };
	char *words = arena_strdup(arena, list), *word;
	struct mount_opts opts = { 0 };
	struct err err = { 0 };

	mount.options.v = arena_array(arena, strlen(list) + 2, sizeof(char *));
	while ((word = strsep(&words, ",")))
		mount.options.v[mount.options.n++] = word;
	assert_int_equal(mount_opts_parse(&mount, arena, &opts, &err), 0);
	assert_string_equal(err.msg, "");
	return opts;
}

static void words_become_flags_and_attributes(void **state)
{
	static const struct {
		const char *list;
		unsigned long flags, cleared;
		uint64_t set, clr;
	} cases[] = {
		{ "", 0, 0, 0, 0 },
		{ "defaults", 0, 0, 0, 0 },
		{ "ro", MS_RDONLY, 0, MOUNT_ATTR_RDONLY, 0 },
		{ "ro,rw", 0, MS_RDONLY, 0, MOUNT_ATTR_RDONLY },
		{ "rw,ro", MS_RDONLY, 0, MOUNT_ATTR_RDONLY, 0 },
		{ "nosuid,nodev,noexec", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0,
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0 },
		{ "nosymfollow", MS_NOSYMFOLLOW, 0, MOUNT_ATTR_NOSYMFOLLOW, 0 },
		{ "sync,dirsync,lazytime", MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME, 0, 0, 0 },
		{ "noatime", MS_NOATIME, 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "atime", 0, MS_NOATIME, 0, MOUNT_ATTR__ATIME },
		{ "relatime", MS_RELATIME, 0, 0, MOUNT_ATTR__ATIME },
		{ "noatime,strictatime", MS_NOATIME | MS_STRICTATIME, 0, MOUNT_ATTR_STRICTATIME,
		  MOUNT_ATTR__ATIME },
		{ "norelatime", 0, MS_RELATIME, 0, 0 },
		{ "nodiratime", MS_NODIRATIME, 0, MOUNT_ATTR_NODIRATIME, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_done) struct arena arena = { 0 };
		struct mount_opts o = parse(&arena, NULL, cases[i].list);

		assert_int_equal(o.flags, cases[i].flags);
		assert_int_equal(o.cleared, cases[i].cleared);
		assert_int_equal(o.attr_set, cases[i].set);
		assert_int_equal(o.attr_clr, cases[i].clr);
		assert_string_equal(o.data, "");
		assert_false(o.is_bind);
	}
}

static void recursive_words_stay_apart(void **state)
{
	static const struct {
		const char *list;
		uint64_t set, clr;
	} cases[] = {
		{ "rro", MOUNT_ATTR_RDONLY, 0 },
		{ "rro,rrw", 0, MOUNT_ATTR_RDONLY },
		{ "rrw,rro", MOUNT_ATTR_RDONLY, 0 },
		{ "rnosuid,rnodev,rnoexec",
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0 },
		{ "rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "ratime", 0, MOUNT_ATTR__ATIME },
		{ "rstrictatime,rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "rnoatime,rrelatime", 0, MOUNT_ATTR__ATIME },
		{ "rnosymfollow,rdiratime", MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NODIRATIME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_done) struct arena arena = { 0 };
		struct mount_opts o = parse(&arena, NULL, cases[i].list);

		assert_int_equal(o.rec_set, cases[i].set);
		assert_int_equal(o.rec_clr, cases[i].clr);
		assert_int_equal(o.flags | o.cleared | o.attr_set | o.attr_clr, 0);
	}
}

static void propagation_keeps_its_order(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_opts o = parse(&arena, NULL, "rbind,rslave,shared,ro,runbindable");

	(void)state;
	assert_int_equal(o.n_propagation, 3);
	assert_int_equal(o.propagation[0], MS_SLAVE | MS_REC);
	assert_int_equal(o.propagation[1], MS_SHARED);
	assert_int_equal(o.propagation[2], MS_UNBINDABLE | MS_REC);
	assert_int_equal(o.flags, MS_RDONLY);
}

static void a_bind_is_told_by_word_or_type(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_opts o;

	(void)state;
	o = parse(&arena, "none", "bind");
	assert_true(o.is_bind && !o.is_rec_bind);
	o = parse(&arena, NULL, "rbind");
	assert_true(o.is_bind && o.is_rec_bind);
	o = parse(&arena, "bind", "ro");
	assert_true(o.is_bind && !o.is_rec_bind);
	o = parse(&arena, "tmpfs", "ro");
	assert_false(o.is_bind);
}

static void switches_are_noticed(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_opts o = parse(&arena, "tmpfs", "tmpcopyup,remount");

	(void)state;
	assert_true(o.is_copied_up && o.is_remount && !o.is_idmapped);
	o = parse(&arena, NULL, "idmap");
	assert_true(o.is_idmapped && !o.is_rec_idmapped);
	o = parse(&arena, NULL, "ridmap");
	assert_true(o.is_idmapped && o.is_rec_idmapped);
}

static void mappings_alone_make_an_idmapped_mount(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct spec_id_map map = { 0, 1000, 1 };
	struct spec_mount mount = { .uid_maps = { &map, 1 }, .gid_maps = { &map, 1 } };
	struct mount_opts o = { 0 };

	(void)state;
	assert_int_equal(mount_opts_parse(&mount, &arena, &o, NULL), 0);
	assert_true(o.is_idmapped);
}

static void unknown_words_go_to_the_file_system(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_opts o = parse(&arena, "tmpfs", "mode=755,nosuid,,size=64k,RO,noswap");

	(void)state;
	assert_string_equal(o.data, "mode=755,size=64k,RO,noswap");
	assert_int_equal(o.flags, MS_NOSUID);
}

static void data_longer_than_a_page_is_refused(void **state)
{
	AUTO(arena_done) struct arena arena = { 0 };
	struct mount_opts o = { .data = "untouched" };
	struct spec_mount mount = { 0 };
	char longest[4097], *word = longest;
	struct err err = { 0 };

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	mount.options.v = &word;
	mount.options.n = 1;
	assert_int_equal(mount_opts_parse(&mount, &arena, &o, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(o.data, "untouched");
	longest[4095] = '\0';
	assert_int_equal(mount_opts_parse(&mount, &arena, &o, &err), 0);
}

/* bsearch() needs the order. That the search finds each word is seen by none reaching the data. */
static void every_word_is_found(void **state)
{
	const char *const *words = mount_opts_words();
	AUTO(arena_done) struct arena arena = { 0 };
	size_t n;

	(void)state;
	for (n = 0; words[n]; n++) {
		if (n)
			assert_true(strcmp(words[n - 1], words[n]) < 0);
		assert_string_equal(parse(&arena, NULL, words[n]).data, "");
	}
	assert_true(n > 60);
}

static void the_last_value_of_a_key_counts(void **state)
{
	(void)state;
	assert_string_equal(mount_opts_value("size=64k,mode=700", "mode"), "700");
	assert_string_equal(mount_opts_value("uid=1,xuid=2,uid=3,gid=4", "uid"), "3,gid=4");
	assert_null(mount_opts_value("xmode=1,mode,modes=2", "mode"));
	assert_null(mount_opts_value("", "mode"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_value_of_a_key_counts),
		cmocka_unit_test(words_become_flags_and_attributes),
		cmocka_unit_test(recursive_words_stay_apart),
		cmocka_unit_test(propagation_keeps_its_order),
		cmocka_unit_test(a_bind_is_told_by_word_or_type),
		cmocka_unit_test(switches_are_noticed),
		cmocka_unit_test(mappings_alone_make_an_idmapped_mount),
		cmocka_unit_test(unknown_words_go_to_the_file_system),
		cmocka_unit_test(data_longer_than_a_page_is_refused),
		cmocka_unit_test(every_word_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
