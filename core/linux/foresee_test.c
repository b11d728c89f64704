/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/linux/foresee.h"

#define MAX 40

/* A root file system "root", and what is bound from beside it. */
struct fixture {
	char dir[32];
	int dir_fd, root_fd;
	struct mount_plan_row rows[MAX];
	struct mount_plan mounts;
	struct arena arena;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/kedge-foresee-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->dir_fd = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->dir_fd, "root", 0755), 0);
	assert_int_equal(mkdirat(f->dir_fd, "vol", 0755), 0);
	f->root_fd = openat(f->dir_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	f->mounts.v = f->rows;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->root_fd);
	close(f->dir_fd);
	assert_int_equal(fd_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_done(&f->arena);
	free(f);
	return 0;
}

static void dir(struct fixture *f, const char *path)
{
	assert_int_equal(mkdirat(f->dir_fd, path, 0755), 0);
}

static void link_to(struct fixture *f, const char *path, const char *target)
{
	assert_int_equal(symlinkat(target, f->dir_fd, path), 0);
}

static struct mount_plan_row *mount_at(struct fixture *f, enum mount_kind kind,
				       const char *destination, const char *source)
{
	struct mount_plan_row *row = &f->rows[f->mounts.n];

	*row = (struct mount_plan_row){ .index = f->mounts.n++,
					.kind = kind,
					.destination = destination,
					.source = source,
					.opts = { .is_rec_bind = true } };
	return row;
}

static const char *source_below(void *ctx, const struct mount_plan_row *row, const char *place)
{
	struct fixture *f = ctx;

	assert_non_null(place);
	return row->source ? arena_printf(&f->arena, "%s/%s", f->dir, row->source) : NULL;
}

/* The places, each with a space behind it; "-" where there is none. */
static void expect(struct fixture *f, const char *text)
{
	const struct foresee_input in = { f->root_fd, &f->mounts, source_below, f };
	AUTO(buf_done) struct buf b = { 0 };
	const char *const *places = foresee_destinations(&in, &f->arena);

	for (size_t i = 0; i < f->mounts.n; i++)
		buf_addf(&b, "%s ", places[i] ? places[i] : "-");
	assert_string_equal(b.p ? b.p : "", text);
}

static void a_link_in_a_volume_leads_where_the_volume_has_it(void **state)
{
	struct fixture *f = *state;

	dir(f, "vol/v1");
	link_to(f, "vol/current", "v1");
	link_to(f, "vol/abs", "/vol/current/deep");
	mount_at(f, MOUNT_BIND, "/vol", "vol");
	mount_at(f, MOUNT_BIND, "/vol/current/log", "vol");
	mount_at(f, MOUNT_BIND, "/vol/abs/log", "vol");
	mount_at(f, MOUNT_BIND, "/vol/other", "vol");
	expect(f, "/vol /vol/v1/log /vol/v1/deep/log /vol/other ");
}

static void dots_in_a_link_lead_out_of_the_volume_and_never_out_of_the_root(void **state)
{
	struct fixture *f = *state;

	link_to(f, "vol/up", "./../../../../etc/./");
	link_to(f, "vol/missing", "no/such/../dir");
	link_to(f, "root/etc", "real");
	mount_at(f, MOUNT_BIND, "/a/vol", "vol");
	mount_at(f, MOUNT_BIND, "/a/vol/up/x", "vol");
	mount_at(f, MOUNT_BIND, "/a/vol/missing/x", "vol");
	expect(f, "/a/vol /real/x /a/vol/no/dir/x ");
}

static void a_link_in_the_root_leads_into_a_volume_and_to_what_is_not_there(void **state)
{
	struct fixture *f = *state;

	dir(f, "vol/v1");
	link_to(f, "vol/current", "v1");
	link_to(f, "root/log", "/vol/current/log");
	link_to(f, "root/gone", "later/on");
	mount_at(f, MOUNT_BIND, "/vol", "vol");
	mount_at(f, MOUNT_BIND, "/log", "vol");
	mount_at(f, MOUNT_BIND, "/gone/x", "vol");
	expect(f, "/vol /vol/v1/log /later/on/x ");
}

static void what_is_mounted_later_or_hidden_does_not_count(void **state)
{
	struct fixture *f = *state;

	dir(f, "vol/dir");
	link_to(f, "vol/link", "dir");
	dir(f, "root/a");
	link_to(f, "root/a/link", "from-root");
	mount_at(f, MOUNT_BIND, "/a/link/x", "vol");
	mount_at(f, MOUNT_BIND, "/a/b", "vol");
	mount_at(f, MOUNT_BIND, "/a", "vol");
	mount_at(f, MOUNT_BIND, "/a/b/link", "vol");
	expect(f, "/a/from-root/x /a/b /a /a/b/link ");
}

static void a_new_file_system_is_empty_unless_it_begins_with_a_copy(void **state)
{
	struct fixture *f = *state;

	dir(f, "root/run");
	dir(f, "root/etc");
	link_to(f, "root/run/link", "dir");
	link_to(f, "root/etc/link", "dir");
	mount_at(f, MOUNT_TMPFS, "/run", NULL);
	mount_at(f, MOUNT_BIND, "/run/link/x", "vol");
	mount_at(f, MOUNT_TMPFS, "/etc", NULL)->opts.is_copied_up = true;
	mount_at(f, MOUNT_BIND, "/etc/link/x", "vol");
	expect(f, "/run /run/link/x /etc /etc/dir/x ");
}

static void a_remount_and_a_source_that_is_not_there_have_no_links(void **state)
{
	struct fixture *f = *state;

	link_to(f, "vol/link", "dir");
	mount_at(f, MOUNT_BIND, "/vol", "vol");
	mount_at(f, MOUNT_REMOUNT, "/vol", NULL);
	mount_at(f, MOUNT_BIND, "/vol/link", "missing");
	mount_at(f, MOUNT_BIND, "/vol/link/link/x", "vol");
	expect(f, "/vol /vol /vol/dir /vol/dir/link/x ");
}

static void more_volumes_than_open_files_are_looked_into(void **state)
{
	struct fixture *f = *state;
	AUTO(buf_done) struct buf expected = { 0 };
	int next = dup(STDIN_FILENO);
	struct rlimit old, few;

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ (rlim_t)next + 8, old.rlim_max };
	dir(f, "vol/v1");
	link_to(f, "vol/current", "v1");
	for (int i = 0; i < MAX / 2; i++) {
		mount_at(f, MOUNT_BIND, arena_printf(&f->arena, "/v/%d", i), "vol");
		mount_at(f, MOUNT_BIND, arena_printf(&f->arena, "/v/%d/current/log", i), "vol");
		buf_addf(&expected, "/v/%d /v/%d/v1/log ", i, i);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	expect(f, expected.p);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void links_that_go_round_lead_nowhere(void **state)
{
	struct fixture *f = *state;

	link_to(f, "vol/a", "b");
	link_to(f, "vol/b", "/vol/a");
	mount_at(f, MOUNT_BIND, "/vol", "vol");
	mount_at(f, MOUNT_BIND, "/vol/a/x", "vol");
	expect(f, "/vol - ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_link_in_a_volume_leads_where_the_volume_has_it,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			dots_in_a_link_lead_out_of_the_volume_and_never_out_of_the_root, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_link_in_the_root_leads_into_a_volume_and_to_what_is_not_there, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(what_is_mounted_later_or_hidden_does_not_count,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_new_file_system_is_empty_unless_it_begins_with_a_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_remount_and_a_source_that_is_not_there_have_no_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_volumes_than_open_files_are_looked_into,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_that_go_round_lead_nowhere, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
