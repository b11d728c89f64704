/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A spec owns its strings and has them as char *; these ones are literals that nobody writes to. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/seccomp.h"
#include "core/linux/seccomp_cache.h"

/* Each test has a fresh directory `top`; the cache is top/a/b and doesn't exist yet. */
struct place {
	char top[64];
	char dir[80];
};

static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static const struct seccomp_filter sample = { .bpf = code, .n = 2, .flags = 2, .notify = true };
static const struct seccomp_cache_key key = { .v = { 0xab, 1, 2, 3 } };

static int setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->top, sizeof(p->top), "/tmp/seccomp_cache_test.XXXXXX");
	if (!mkdtemp(p->top))
		return -1;
	snprintf(p->dir, sizeof(p->dir), "%s/a/b", p->top);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int ret = fd_remove_tree(AT_FDCWD, p->top, NULL);

	free(p);
	return ret;
}

static void put(const struct place *p, const struct seccomp_cache_key *k)
{
	struct err err = { 0 };

	if (seccomp_cache_put(p->dir, k, &sample, &err))
		fail_msg("%s", err.msg);
}

static bool has(const struct place *p, const struct seccomp_cache_key *k)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };

	return seccomp_cache_get(p->dir, k, &f);
}

static char *file_of(const struct place *p, const struct seccomp_cache_key *k)
{
	char name[2 * SHA256_BYTES + 1];

	sha256_hex(k->v, name);
	return xasprintf("%s/%s", p->dir, name);
}

static size_t count_files(const struct place *p)
{
	DIR *d = opendir(p->dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void what_was_put_comes_back_from_a_private_directory(void **state)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	const struct place *p = *state;
	struct stat st;

	assert_false(has(p, &key));
	put(p, &key);
	assert_true(seccomp_cache_get(p->dir, &key, &f));
	assert_int_equal(f.n, 2);
	assert_int_equal(f.flags, 2);
	assert_true(f.notify);
	assert_memory_equal(f.bpf, code, sizeof(code));
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_file_with_any_byte_changed_is_a_miss(void **state)
{
	AUTO(buf_done) struct buf good = { 0 };
	const struct place *p = *state;
	auto_free char *path = file_of(p, &key);

	put(p, &key);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 4096, &good, NULL), 0);
	for (size_t i = 0; i < good.n; i++) {
		/* The flags (bytes 44 to 47) are the one field that nothing vouches for. */
		if (i >= 44 && i < 48)
			continue;
		good.p[i] ^= 0x40;
		assert_int_equal(fd_replace_file(AT_FDCWD, path, &good, 0600, NULL), 0);
		good.p[i] ^= 0x40;
		if (has(p, &key))
			fail_msg("byte %zu went unnoticed", i);
	}
}

static void a_file_of_the_wrong_length_is_a_miss(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	const struct place *p = *state;
	auto_free char *path = file_of(p, &key);

	put(p, &key);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 4096, &b, NULL), 0);
	buf_add(&b, "", 1);
	assert_int_equal(fd_replace_file(AT_FDCWD, path, &b, 0600, NULL), 0);
	assert_false(has(p, &key));
	for (size_t n = 0; n < b.n - 1; n++) {
		assert_int_equal(truncate(path, (off_t)n), 0);
		assert_false(has(p, &key));
		assert_int_equal(fd_replace_file(AT_FDCWD, path,
						 &(struct buf){ .p = b.p, .n = b.n - 1 }, 0600,
						 NULL),
				 0);
	}
	assert_true(has(p, &key));
}

static void a_filter_under_another_ones_name_is_a_miss(void **state)
{
	const struct seccomp_cache_key other = { .v = { 0xcd } };
	const struct place *p = *state;
	auto_free char *from = file_of(p, &key), *to = file_of(p, &other);

	put(p, &key);
	assert_int_equal(rename(from, to), 0);
	assert_false(has(p, &other));
}

static void links_and_files_that_others_may_write_are_misses(void **state)
{
	const struct place *p = *state;
	auto_free char *path = file_of(p, &key), *aside = xasprintf("%s/aside", p->top);

	put(p, &key);
	assert_int_equal(chmod(path, 0620), 0);
	assert_false(has(p, &key));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(has(p, &key));
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(symlink(aside, path), 0);
	assert_false(has(p, &key));
}

static void a_directory_that_others_may_enter_is_not_used(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	put(p, &key);
	assert_int_equal(chmod(p->dir, 0750), 0);
	assert_false(has(p, &key));
	assert_int_equal(seccomp_cache_put(p->dir, &key, &sample, &err), -1);
	assert_int_equal(err.kind, ERR_DENIED);
}

static void the_oldest_files_go_when_there_are_too_many(void **state)
{
	const struct place *p = *state;
	struct seccomp_cache_key k = { .v = { 0 } };

	for (int i = 0; i < SECCOMP_CACHE_FILES; i++) {
		const struct timespec when[2] = { { .tv_sec = 1000 + i }, { .tv_sec = 1000 + i } };
		auto_free char *path = NULL;

		k.v[0] = (uint8_t)i;
		put(p, &k);
		path = file_of(p, &k);
		assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
	}
	assert_int_equal(count_files(p), SECCOMP_CACHE_FILES);
	put(p, &key);
	assert_int_equal(count_files(p), SECCOMP_CACHE_FILES);
	assert_true(has(p, &key));
	k.v[0] = 0;
	assert_false(has(p, &k));
	k.v[0] = 1;
	assert_true(has(p, &k));
}

static void every_field_of_the_profile_changes_the_key(void **state)
{
	struct spec_seccomp_arg arg = {
		.index = 1, .value = 2, .value_two = 3, .op = "SCMP_CMP_EQ"
	};
	char *names[] = { "ab", "c", NULL }, *shifted[] = { "a", "bc", NULL };
	struct spec_seccomp_rule rule = {
		.names = { names, 2 }, .action = "SCMP_ACT_ERRNO", .args = &arg, .n_args = 1
	};
	struct spec_seccomp sec = { .default_action = "SCMP_ACT_ALLOW",
				    .rules = &rule,
				    .n_rules = 1 };
	struct seccomp_cache_key keys[12];
	size_t n = 0;

	(void)state;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	keys[n++] = seccomp_cache_key(&sec, "2.6.0");
	rule.names.v = shifted;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	rule.has_errno = true;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	rule.errno_ret = 1;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	arg.value_two = 4;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	arg.op = "SCMP_CMP_NE";
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	sec.listener_path = "/x";
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	sec.flags = (struct spec_strings){ names, 1 };
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	sec.architectures = sec.flags;
	sec.flags.n = 0;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	sec.has_default_errno = true;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	rule.n_args = 0;
	keys[n++] = seccomp_cache_key(&sec, "2.5.4");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(keys[i].v, keys[j].v, SHA256_BYTES);
	keys[0] = seccomp_cache_key(&sec, "2.5.4");
	assert_memory_equal(keys[0].v, keys[n - 1].v, SHA256_BYTES);
}

static void compiling_twice_gives_the_same_filter_from_the_cache(void **state)
{
	AUTO(seccomp_filter_done) struct seccomp_filter a = { 0 }, b = { 0 };
	const struct spec_seccomp sec = { .default_action = "SCMP_ACT_ERRNO" };
	struct seccomp_cache_key k = seccomp_cache_key(&sec, seccomp_library_version());
	const struct place *p = *state;

	assert_int_equal(seccomp_compile(&sec, p->dir, &a, NULL), 0);
	assert_true(has(p, &k));
	assert_int_equal(seccomp_compile(&sec, p->dir, &b, NULL), 0);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.bpf, b.bpf, a.n * sizeof(*a.bpf));
	/* The second one did come from there: the cache is believed. */
	seccomp_filter_done(&b);
	assert_int_equal(seccomp_cache_put(p->dir, &k, &sample, NULL), 0);
	assert_int_equal(seccomp_compile(&sec, p->dir, &b, NULL), 0);
	assert_int_equal(b.n, sample.n);
}

static void a_cache_that_cannot_be_made_only_costs_time(void **state)
{
	AUTO(seccomp_filter_done) struct seccomp_filter f = { 0 };
	const struct spec_seccomp sec = { .default_action = "SCMP_ACT_ERRNO" };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(seccomp_compile(&sec, "/dev/null/x", &f, &err), 0);
	assert_true(f.n > 0);
	assert_int_equal(err.kind, ERR_NONE);
}

#define IN_A_PLACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(what_was_put_comes_back_from_a_private_directory),
		IN_A_PLACE(a_file_with_any_byte_changed_is_a_miss),
		IN_A_PLACE(a_file_of_the_wrong_length_is_a_miss),
		IN_A_PLACE(a_filter_under_another_ones_name_is_a_miss),
		IN_A_PLACE(links_and_files_that_others_may_write_are_misses),
		IN_A_PLACE(a_directory_that_others_may_enter_is_not_used),
		IN_A_PLACE(the_oldest_files_go_when_there_are_too_many),
		cmocka_unit_test(every_field_of_the_profile_changes_the_key),
		IN_A_PLACE(compiling_twice_gives_the_same_filter_from_the_cache),
		cmocka_unit_test(a_cache_that_cannot_be_made_only_costs_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
