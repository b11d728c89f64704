/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With the real kernel, in mount namespaces of its own: one is the host, one that of a process
 * which stands for the restored root task. Needs root.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/fd.h"
#include "core/cr/inside.h"
#include "core/linux/mount_fd.h"

static char top[] = "/tmp/kedge-inside-XXXXXX"; /* a tmpfs: "src", shared, and the root "c" */

struct world {
	pid_t pid;
	int wish, answer; /* pipes: a byte sends it into a chroot */
	struct arena arena;
	struct mount_table table;
	struct mount_expect expect;
	struct err err;
};

static void must(int ret, int line)
{
	if (ret)
		fail_msg("line %d: %m", line);
}
#define OK(call) must((call) < 0, __LINE__)

static char *at(const char *path)
{
	static char text[4][300];
	static unsigned int i;

	i = (i + 1) % 4;
	snprintf(text[i], sizeof(text[i]), "%s/%s", top, path);
	return text[i];
}

static void write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	OK(fd);
	close(fd);
}

/*
 * The stand-in: a root of its own with a proc, a tmpfs and two binds of one source. When it is
 * asked to it changes its root to /tmp.
 */
static int be_container(int wish, int answer)
{
	char c = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("c", at("c"), "tmpfs", 0, NULL) || chdir(at("c")) || mkdir("proc", 0755) ||
	    mkdir("tmp", 0755) || mkdir("a", 0755) || mkdir("b", 0755) ||
	    symlink("/proc/sys", "link") || symlink("/a", "to-a") ||
	    mount("proc", "proc", "proc", 0, NULL) || mount("t", "tmp", "tmpfs", MS_NOSUID, NULL) ||
	    mount(at("src"), "a", NULL, MS_BIND, NULL) ||
	    mount(at("src"), "b", NULL, MS_BIND, NULL) ||
	    mount(NULL, "a", NULL, MS_PRIVATE, NULL) || mount(NULL, "b", NULL, MS_PRIVATE, NULL) ||
	    syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		return 1;
	if (write(answer, &c, 1) != 1 || read(wish, &c, 1) != 1 || chroot("/tmp") ||
	    write(answer, &c, 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void look(struct world *w)
{
	AUTO(buf_done) struct buf text = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", w->pid);
	mount_table_done(&w->table);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	assert_int_equal(mount_table_parse(text.p, text.n, &w->table, NULL), 0);
}

static void await(const struct world *w)
{
	char c;

	assert_int_equal(read(w->answer, &c, 1), 1);
}

/* Start it, and take what it has for the plan. */
static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));
	int wish[2], answer[2];

	OK(pipe2(wish, O_CLOEXEC));
	OK(pipe2(answer, O_CLOEXEC));
	w->pid = fork();
	if (!w->pid)
		_exit(be_container(wish[0], answer[1]));
	close(wish[0]);
	close(answer[1]);
	w->wish = wish[1];
	w->answer = answer[0];
	await(w);
	look(w);
	w->expect.v = test_calloc(w->table.n + 1, sizeof(*w->expect.v));
	for (; w->expect.n < w->table.n; w->expect.n++) {
		const struct mount_row *row = &w->table.v[w->expect.n];

		w->expect.v[w->expect.n] =
			(struct mount_expect_row){ .id = row->id,
						   .parent = row->parent,
						   .mountpoint =
							   arena_strdup(&w->arena, row->mountpoint),
						   .flags = row->flags,
						   .host_fd = -1 };
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	close(w->wish);
	close(w->answer);
	arena_done(&w->arena);
	test_free(w->expect.v);
	mount_table_done(&w->table);
	test_free(w);
	return 0;
}

static struct mount_expect_row *planned(struct world *w, const char *mountpoint)
{
	for (size_t i = 0; i < w->expect.n; i++)
		if (!strcmp(w->expect.v[i].mountpoint, mountpoint))
			return &w->expect.v[i];
	fail_msg("no %s", mountpoint);
	return NULL;
}

static const struct mount_row *found(struct world *w, const char *mountpoint)
{
	look(w);
	return mount_table_topmost(&w->table, mountpoint);
}

static size_t settled(struct world *w)
{
	size_t n = 99;

	if (inside_settle(w->pid, &w->expect, &n, &w->err))
		fail_msg("%s", w->err.msg);
	return n;
}

static void refused(int ret, const struct err *err, const char *text)
{
	assert_int_equal(ret, -1);
	if (!strstr(err->msg, text))
		fail_msg("no \"%s\" in: %s", text, err->msg);
}

/* --- repairs ---------------------------------------------------------------------------------- */

static void what_is_right_stays_as_it_is(void **state)
{
	assert_int_equal(settled(*state), 0);
}

static void flags_are_made_exactly_what_is_planned(void **state)
{
	struct world *w = *state;

	planned(w, "/")->flags |= MS_RDONLY;
	planned(w, "/a")->flags = MS_RDONLY | MS_NODEV | MS_NOATIME | 256;
	planned(w, "/tmp")->flags = MS_NOEXEC | MS_STRICTATIME | MS_NODIRATIME;
	assert_int_equal(settled(w), 3);
	assert_int_equal(found(w, "/a")->flags, MS_RDONLY | MS_NODEV | MS_NOATIME | 256);
	assert_int_equal(found(w, "/tmp")->flags, MS_NOEXEC | MS_STRICTATIME | MS_NODIRATIME);
	assert_true(found(w, "/")->flags & MS_RDONLY);
	assert_int_equal(found(w, "/b")->flags, planned(w, "/b")->flags);
	assert_int_equal(settled(w), 0);
	planned(w, "/a")->flags = MS_RELATIME;
	assert_int_equal(settled(w), 1);
	assert_int_equal(found(w, "/a")->flags, MS_RELATIME);
}

static unsigned int host_group(void)
{
	AUTO(buf_done) struct buf text = { 0 };
	AUTO(mount_table_done) struct mount_table table = { 0 };

	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &text, NULL), 0);
	assert_int_equal(mount_table_parse(text.p, text.n, &table, NULL), 0);
	return mount_table_topmost(&table, at("src"))->shared;
}

/* Whether a mount that the host makes in the source is seen in the container's /a. */
static bool propagates(struct world *w)
{
	bool seen;

	OK(mount("new", at("src/new"), "tmpfs", 0, NULL));
	seen = found(w, "/a/new");
	OK(umount2(at("src/new"), MNT_DETACH));
	return seen;
}

static void a_peer_of_the_host_is_one_again(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = planned(w, "/a");

	assert_false(propagates(w));
	row->propagation = EXTERNAL_SHARED;
	row->group = host_group();
	row->host_fd = open(at("src"), O_PATH | O_CLOEXEC);
	assert_int_equal(settled(w), 1);
	assert_int_equal(found(w, "/a")->shared, row->group);
	assert_true(propagates(w));
	assert_int_equal(settled(w), 0);
	row->propagation = EXTERNAL_SLAVE;
	assert_int_equal(settled(w), 1);
	assert_int_equal(found(w, "/a")->master, row->group);
	assert_int_equal(found(w, "/a")->shared, 0);
	assert_true(propagates(w));
	row->propagation = EXTERNAL_SLAVE_SHARED;
	assert_int_equal(settled(w), 1);
	assert_int_not_equal(found(w, "/a")->shared, 0);
	row->propagation = EXTERNAL_PRIVATE;
	row->is_unbindable = true;
	assert_int_equal(settled(w), 1);
	assert_true(found(w, "/a")->is_unbindable);
	assert_false(propagates(w));
	close(row->host_fd);
}

/*
 * Where the host's mount is hidden, or only a directory of it is bound: a clone is its peer, too.
 */
static void a_detached_clone_stands_for_the_hosts_mount(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = planned(w, "/a");

	row->propagation = EXTERNAL_SHARED;
	row->group = host_group();
	row->host_fd = mount_fd_clone(AT_FDCWD, at("src"), 0);
	OK(row->host_fd);
	assert_int_equal(settled(w), 1);
	close(row->host_fd);
	assert_int_equal(found(w, "/a")->shared, row->group);
	assert_true(propagates(w));
}

static void peers_within_the_container_are_brought_together(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *a = planned(w, "/a"), *b = planned(w, "/b");

	a->propagation = b->propagation = EXTERNAL_SLAVE_SHARED;
	a->group = b->group = host_group();
	a->host_fd = b->host_fd = open(at("src"), O_PATH | O_CLOEXEC);
	a->peers = b->peers = 3;
	settled(w);
	assert_int_not_equal(found(w, "/a")->shared, 0);
	assert_int_equal(found(w, "/a")->shared, found(w, "/b")->shared);
	assert_int_equal(found(w, "/b")->master, a->group);
	assert_int_equal(settled(w), 0);
	assert_true(propagates(w));
	close(a->host_fd);
}

static void a_group_of_another_file_system_is_refused(void **state)
{
	struct world *w = *state;
	struct mount_expect_row *row = planned(w, "/tmp");

	row->propagation = EXTERNAL_SHARED;
	row->source = "/srv/t";
	row->host_fd = open(at("src"), O_PATH | O_CLOEXEC);
	refused(inside_settle(w->pid, &w->expect, NULL, &w->err), &w->err,
		"/tmp (/srv/t): it can't join the peer group");
	close(row->host_fd);
}

static void who_writes_is_in_the_way_of_read_only(void **state)
{
	struct world *w = *state;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root/tmp/open", w->pid);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	OK(fd);
	planned(w, "/tmp")->flags |= MS_RDONLY;
	refused(inside_settle(w->pid, &w->expect, NULL, &w->err), &w->err,
		"/tmp: it can't be read-only: a restored process has a file of it open for "
		"writing");
	close(fd);
	assert_int_equal(settled(w), 1);
}

static void every_difference_is_told(void **state)
{
	struct world *w = *state;

	planned(w, "/a")->fstype = "ext4";
	planned(w, "/b")->propagation = EXTERNAL_SHARED;
	refused(inside_settle(w->pid, &w->expect, NULL, &w->err), &w->err,
		"/a: it is of type tmpfs, but was to be ext4; /b: it is private, but was to be "
		"shared with the host's mount");
}

static void a_task_in_a_chroot_does_not_hide_the_mounts(void **state)
{
	struct world *w = *state;

	planned(w, "/a")->flags |= MS_NOEXEC;
	assert_int_equal(write(w->wish, "", 1), 1);
	await(w);
	assert_int_equal(settled(w), 1);
	assert_int_equal(settled(w), 0);
}

/* --- additions -------------------------------------------------------------------------------- */

static struct inside_addition tmpfs_at(const char *destination)
{
	const struct mount_fd_fs fs = { .type = "tmpfs", .data = "mode=0755", .flags = MS_NOEXEC };
	int fd = mount_fd_detached(&fs, NULL);

	OK(fd);
	return (struct inside_addition){
		.index = 7, .destination = destination, .tree_fd = fd, .is_dir = true
	};
}

static struct inside_addition bind_at(const char *source, const char *destination, bool is_dir)
{
	struct inside_addition m = { .index = 8, .destination = destination, .is_dir = is_dir };

	m.source = source;
	m.tree_fd = mount_fd_clone(AT_FDCWD, source, 0);
	OK(m.tree_fd);
	return m;
}

/* Whether the path is there, as the container sees it. */
static bool exists(const struct world *w, const char *path)
{
	char text[300];

	snprintf(text, sizeof(text), "/proc/%d/root%s", w->pid, path);
	return !access(text, F_OK);
}

static struct inside_attached attached(struct world *w, const struct inside_addition *v, size_t n)
{
	struct inside_attached a = INSIDE_ATTACHED_NONE;

	if (inside_attach(w->pid, v, n, &a, &w->err))
		fail_msg("%s", w->err.msg);
	for (size_t i = 0; i < n; i++)
		close(v[i].tree_fd);
	return a;
}

static void not_attached(struct world *w, struct inside_addition m, const char *text)
{
	struct inside_attached a = INSIDE_ATTACHED_NONE;
	size_t n = w->table.n;

	refused(inside_attach(w->pid, &m, 1, &a, &w->err), &w->err, text);
	assert_int_equal(a.pid, -1);
	close(m.tree_fd);
	look(w);
	assert_int_equal(w->table.n, n);
}

static void additions_are_mounted_one_in_another(void **state)
{
	static const unsigned long slave[] = { MS_SLAVE };
	struct world *w = *state;
	struct inside_addition v[] = {
		tmpfs_at("/new/dir"),
		bind_at(at("src"), "/new/dir/in/to", true),
		bind_at(at("src/file"), "/new/file", false),
		bind_at(at("src"), "/to-a/below", true),
	};
	struct inside_attached a;

	v[1].propagation = slave;
	v[1].n_propagation = 1;
	a = attached(w, v, ARRAY_LEN(v));
	inside_attached_done(&a, false);
	assert_true(found(w, "/new/dir")->flags & MS_NOEXEC);
	assert_int_equal(found(w, "/new/dir/in/to")->master, host_group());
	assert_non_null(found(w, "/new/file"));
	assert_non_null(found(w, "/a/below"));
	OK(rmdir(at("src/below")));
}

static void what_was_made_for_them_is_undone_also_when_the_tasks_are_dead(void **state)
{
	struct world *w = *state;
	struct inside_addition v[] = {
		bind_at(at("src"), "/new", true),
		bind_at(at("src/file"), "/new/made", false),
	};
	struct inside_attached a = attached(w, v, ARRAY_LEN(v));

	assert_int_equal(access(at("src/made"), F_OK), 0);
	kill(w->pid, SIGKILL);
	inside_attached_done(&a, true);
	assert_int_equal(access(at("src/made"), F_OK), -1);
}

static void a_failure_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct inside_addition v[] = {
		bind_at(at("src"), "/new/er", true),
		bind_at(at("src"), "/new/er/made", true),
		bind_at(at("src/file"), "/tmp", false),
	};
	struct inside_attached a = INSIDE_ATTACHED_NONE;
	size_t n = w->table.n;

	refused(inside_attach(w->pid, v, ARRAY_LEN(v), &a, &w->err), &w->err,
		"mount 8 (/tmp): the source is a file, the destination is a directory");
	look(w);
	assert_int_equal(w->table.n, n);
	assert_false(exists(w, "/new"));
	assert_int_equal(access(at("src/made"), F_OK), -1);
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		close(v[i].tree_fd);
}

static void what_is_not_as_it_was_to_be_is_taken_back(void **state)
{
	struct world *w = *state;
	const struct mount_expect_row want = { .fstype = "tmpfs",
					       .flags = MS_RDONLY | MS_NOEXEC | MS_RELATIME };
	struct inside_addition m = tmpfs_at("/new/er");

	m.expect = &want;
	not_attached(w, m,
		     "mount 7 (/new/er): it is rw,noexec,relatime, but was to be "
		     "ro,noexec,relatime");
	assert_false(exists(w, "/new"));
}

static void on_a_shared_mount_they_are_what_they_are_to_be(void **state)
{
	static const unsigned long private[] = { MS_PRIVATE };
	struct world *w = *state;
	const struct mount_expect_row want = { .fstype = "tmpfs",
					       .flags = MS_NOEXEC | MS_RELATIME };
	struct mount_expect_row *row = planned(w, "/b");
	struct inside_addition m = tmpfs_at("/b/made");
	struct inside_attached a;

	row->propagation = EXTERNAL_SHARED;
	row->host_fd = mount_fd_clone(AT_FDCWD, at("src"), 0);
	assert_int_equal(settled(w), 1);
	m.propagation = private;
	m.n_propagation = 1;
	m.expect = &want;
	a = attached(w, &m, 1);
	inside_attached_done(&a, false);
	assert_int_equal(found(w, "/b/made")->shared, 0);
	OK(umount2(at("src/made"), MNT_DETACH));
	OK(rmdir(at("src/made")));
	close(row->host_fd);
}

static void proc_and_the_root_are_not_covered(void **state)
{
	struct world *w = *state;

	not_attached(w, tmpfs_at("/"), "mount 7 (/): nothing can be mounted over the root itself");
	not_attached(w, tmpfs_at("/proc"), "only a procfs may be mounted on /proc");
	not_attached(w, tmpfs_at("/proc/sys"), "nothing may be mounted there");
	not_attached(w, tmpfs_at("/link"), "a symlink leads it to /proc/sys");
	not_attached(w, bind_at(at("src/file"), "/proc/self/status", false), "/proc/");
	not_attached(w, tmpfs_at("/proc/self/root/tmp"), "open /proc/self/root/tmp");
}

static void a_destination_is_made_in_a_read_only_root(void **state)
{
	struct world *w = *state;
	struct inside_addition v[] = { tmpfs_at("/new/er") };
	struct inside_attached a;

	planned(w, "/")->flags |= MS_RDONLY;
	planned(w, "/b")->flags |= MS_RDONLY;
	assert_int_equal(settled(w), 2);
	a = attached(w, v, 1);
	assert_non_null(found(w, "/new/er"));
	assert_true(found(w, "/")->flags & MS_RDONLY);
	inside_attached_done(&a, true);
	assert_null(found(w, "/new/er"));
	assert_false(exists(w, "/new"));
	not_attached(w, tmpfs_at("/b/made"), "mount 7 (/b/made)");
	assert_int_equal(access(at("src/made"), F_OK), -1);
}

static void what_lies_below_another_mount_is_out_of_reach(void **state)
{
	struct world *w = *state;
	struct inside_addition v[] = { tmpfs_at("/a") };
	struct mount_expect_row *row = planned(w, "/a");
	struct inside_attached a = attached(w, v, 1);

	inside_attached_done(&a, false);
	w->expect.v[w->expect.n++] = (struct mount_expect_row){ .id = 1,
								.parent = row->id,
								.mountpoint = "/a",
								.flags = MS_NOEXEC | MS_RELATIME,
								.host_fd = -1 };
	assert_int_equal(settled(w), 0);
	row->source = "/srv/a";
	row->flags |= MS_RDONLY;
	refused(inside_settle(w->pid, &w->expect, NULL, &w->err), &w->err,
		"/a (/srv/a): it must be changed, but other mounts lie over it");
}

static int make_host(void **state)
{
	(void)state;
	OK(unshare(CLONE_NEWNS));
	OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	assert_non_null(mkdtemp(top));
	OK(mount("host", top, "tmpfs", 0, NULL));
	OK(mkdir(at("c"), 0755));
	OK(mkdir(at("src"), 0755));
	OK(mount("src", at("src"), "tmpfs", 0, NULL));
	OK(mount(NULL, at("src"), NULL, MS_SHARED, NULL));
	OK(mkdir(at("src/new"), 0755));
	write_file(at("src/file"));
	return 0;
}

static int remove_host(void **state)
{
	(void)state;
	OK(umount2(top, MNT_DETACH));
	OK(rmdir(top));
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_right_stays_as_it_is),
		T(flags_are_made_exactly_what_is_planned),
		T(a_peer_of_the_host_is_one_again),
		T(a_detached_clone_stands_for_the_hosts_mount),
		T(peers_within_the_container_are_brought_together),
		T(a_group_of_another_file_system_is_refused),
		T(who_writes_is_in_the_way_of_read_only),
		T(every_difference_is_told),
		T(a_task_in_a_chroot_does_not_hide_the_mounts),
		T(additions_are_mounted_one_in_another),
		T(what_was_made_for_them_is_undone_also_when_the_tasks_are_dead),
		T(a_failure_leaves_nothing),
		T(what_is_not_as_it_was_to_be_is_taken_back),
		T(on_a_shared_mount_they_are_what_they_are_to_be),
		T(proc_and_the_root_are_not_covered),
		T(a_destination_is_made_in_a_read_only_root),
		T(what_lies_below_another_mount_is_out_of_reach),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		printf("skipped: mounting needs root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_host, remove_host);
}
