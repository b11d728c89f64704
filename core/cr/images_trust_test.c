/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/images_trust.h"

/* /tmp/…/images with a file in it, and a sibling "pre". */
struct fixture {
	char top[64];
	int top_fd;
	int fd;
	struct err err;
};

static void fixture_done(struct fixture *f)
{
	close(f->fd);
	close(f->top_fd);
	fd_remove_tree(AT_FDCWD, f->top, NULL);
}

static void setup(struct fixture *f)
{
	*f = (struct fixture){ .top = "/tmp/kedge-trust-XXXXXX" };
	assert_non_null(mkdtemp(f->top));
	f->top_fd = open(f->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->top_fd, "images", 0700), 0);
	assert_int_equal(mkdirat(f->top_fd, "pre", 0700), 0);
	f->fd = openat(f->top_fd, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(openat(f->fd, "core-1.img", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static int check(struct fixture *f)
{
	err_clear(&f->err);
	return images_trust_check(f->fd, "images", &f->err);
}

static void expect_refusal(struct fixture *f, const char *message)
{
	assert_int_equal(check(f), -1);
	assert_int_equal(f->err.kind, ERR_DENIED);
	assert_string_equal(f->err.msg, message);
	assert_non_null(strstr(f->err.hint, "--allow-unsafe-images"));
}

static void what_is_ours_alone_is_trusted(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(check(&f), 0);
	/* a symlink's mode says nothing */
	assert_int_equal(symlinkat("nowhere", f.fd, "link"), 0);
	assert_int_equal(check(&f), 0);
}

static void what_others_may_write_to_is_not(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(fchmodat(f.fd, "core-1.img", 0664, 0), 0);
	expect_refusal(&f, "images/core-1.img: other users may write to it");
	assert_int_equal(fchmodat(f.fd, "core-1.img", 0646, 0), 0);
	expect_refusal(&f, "images/core-1.img: other users may write to it");
	assert_int_equal(fchmodat(f.fd, "core-1.img", 0644, 0), 0);
	assert_int_equal(fchmod(f.fd, 01777), 0);
	expect_refusal(&f, "images: other users may write to it");
}

static void parents_are_looked_at_too_and_a_circle_of_them_ends(void **state)
{
	AUTO(fixture_done) struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(symlinkat("../pre", f.fd, "parent"), 0);
	assert_int_equal(check(&f), 0);
	assert_int_equal(fchmodat(f.top_fd, "pre", 0770, 0), 0);
	expect_refusal(&f, "images/parent: other users may write to it");
	assert_int_equal(fchmodat(f.top_fd, "pre", 0700, 0), 0);
	assert_int_equal(symlinkat("../images", f.top_fd, "pre/parent"), 0);
	assert_int_equal(check(&f), -1);
	assert_int_equal(f.err.kind, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ours_alone_is_trusted),
		cmocka_unit_test(what_others_may_write_to_is_not),
		cmocka_unit_test(parents_are_looked_at_too_and_a_circle_of_them_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
