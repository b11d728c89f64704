/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/base/fd.h"

/* Each test gets an empty directory. */
struct place {
	char dir[32];
	int fd;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/kedge-fd-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	close(p->fd);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p);
	return 0;
}

static void put(const struct place *p, const char *name, const char *text)
{
	auto_fd int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text), NULL), 0);
}

static void expect(const struct place *p, const char *name, const char *text)
{
	AUTO(buf_done) struct buf b = { 0 };

	assert_int_equal(fd_read_file(p->fd, name, 4096, &b, NULL), 0);
	assert_string_equal(b.p, text);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static bool is_there(const struct place *p, const char *name)
{
	return !faccessat(p->fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* --- owners -------------------------------------------------------------------------------------- */

static void an_fd_is_closed_at_the_end_of_its_scope(void **state)
{
	int number, kept;

	(void)state;
	{
		auto_fd int fd = open("/", O_PATH | O_CLOEXEC);
		auto_fd int other = open("/", O_PATH | O_CLOEXEC);

		number = fd;
		kept = take_fd(&other);
		assert_int_equal(other, -1);
		assert_true(is_open(number));
	}
	assert_false(is_open(number));
	assert_true(is_open(kept));
	fd_close(&kept);
	assert_int_equal(kept, -1);
}

static void closing_keeps_errno(void **state)
{
	int none = -1, bad = 1000000;

	(void)state;
	errno = ENOTDIR;
	fd_close(&none);
	fd_close(&bad);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(bad, -1);
}

/* --- files --------------------------------------------------------------------------------------- */

static void a_file_comes_back_as_it_was_written(void **state)
{
	const struct place *p = *state;
	AUTO(buf_done) struct buf b = { 0 }, big = { 0 };
	auto_fd int fd = openat(p->fd, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (unsigned int i = 0; i < 50000; i++)
		buf_add(&big, &i, sizeof(i));
	assert_int_equal(fd_write_all(fd, big.p, big.n, NULL), 0);
	assert_int_equal(fd_read_file(p->fd, "f", big.n, &b, NULL), 0);
	assert_int_equal(b.n, big.n);
	assert_memory_equal(b.p, big.p, big.n);
}

static void a_file_that_is_too_large_is_refused_and_named(void **state)
{
	const struct place *p = *state;
	struct buf b = { 0 };
	struct err err = { 0 };

	put(p, "f", "12345");
	assert_int_equal(fd_read_file(p->fd, "f", 4, &b, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.msg, "f: "));
	assert_null(b.p);
	assert_int_equal(fd_read_file(p->fd, "f", 5, &b, &err), 0);
	buf_done(&b);
}

static void an_empty_file_is_an_empty_string(void **state)
{
	const struct place *p = *state;

	put(p, "f", "");
	expect(p, "f", "");
}

static void a_missing_file_is_not_found_and_named(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };
	struct buf b = { 0 };

	assert_int_equal(fd_read_file(p->fd, "none", 10, &b, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, "none"));
	assert_int_equal(fd_write_file(p->fd, "none", "x", &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_false(is_there(p, "none"));
}

static void writing_a_control_file_neither_makes_nor_cuts_it(void **state)
{
	const struct place *p = *state;
	struct err err = { 0 };

	put(p, "f", "12345");
	assert_int_equal(fd_write_file(p->fd, "f", "ab", &err), 0);
	expect(p, "f", "ab345");
	assert_int_equal(fd_write_file(AT_FDCWD, "/dev/full", "ab", &err), -1);
	assert_int_equal(err.sys, ENOSPC);
	assert_non_null(strstr(err.msg, "write \"ab\" to /dev/full"));
}

static void a_replaced_file_is_a_new_one_with_its_mode(void **state)
{
	const struct place *p = *state;
	auto_fd int reader = -1;
	char old[16] = "";
	struct stat st;

	umask(0077);
	put(p, "f", "old");
	reader = openat(p->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_replace_text(p->fd, "f", "new!", 0644, NULL), 0);
	umask(0022);
	expect(p, "f", "new!");
	assert_int_equal(read(reader, old, sizeof(old) - 1), 3);
	assert_string_equal(old, "old");
	assert_int_equal(fstatat(p->fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_link_in_the_temporarys_place_is_not_followed(void **state)
{
	const struct place *p = *state;
	auto_free char *tmp = xasprintf("f.tmp%d", (int)getpid());

	put(p, "victim", "precious");
	assert_int_equal(linkat(p->fd, "victim", p->fd, tmp, 0), 0);
	assert_int_equal(fd_replace_text(p->fd, "f", "new", 0600, NULL), 0);
	expect(p, "victim", "precious");
	expect(p, "f", "new");
	assert_int_equal(symlinkat("victim", p->fd, tmp), 0);
	assert_int_equal(fd_replace_text(p->fd, "f", "newer", 0600, NULL), 0);
	expect(p, "victim", "precious");
	expect(p, "f", "newer");
	assert_false(is_there(p, tmp));
}

static void a_failed_replacement_leaves_nothing_behind(void **state)
{
	const struct place *p = *state;
	auto_free char *tmp = xasprintf("d.tmp%d", (int)getpid());
	struct err err = { 0 };

	assert_int_equal(mkdirat(p->fd, "d", 0755), 0);
	assert_int_equal(fd_replace_text(p->fd, "d", "x", 0600, &err), -1);
	assert_int_equal(err.sys, EISDIR);
	assert_false(is_there(p, tmp));
	assert_int_equal(fd_replace_text(p->fd, "none/f", "x", 0600, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

/* --- exec ---------------------------------------------------------------------------------------- */

static void cloexec_is_set_and_cleared(void **state)
{
	auto_fd int fd = open("/", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(fd_cloexec(fd, false), 0);
	assert_false(is_cloexec(fd));
	assert_int_equal(fd_cloexec(fd, true), 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(fd_cloexec(1000000, true), -1);
	assert_int_equal(errno, EBADF);
}

/* What `check` says in a process of its own, whose fds are no matter. */
static int in_child(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Number `fd` becomes an fd that stays open over exec, as a caller would leave it to us. */
static void inherit(int fd)
{
	auto_fd int root = open("/", O_PATH | O_CLOEXEC);

	if (dup2(root, fd) != fd)
		_exit(100);
	if (root == fd)
		take_fd(&root);
	fd_cloexec(fd, false);
}

static int mark_from_41(void)
{
	for (int fd = 40; fd < 45; fd++)
		inherit(fd);
	if (fd_cloexec_from(41, NULL) || is_cloexec(40))
		return 1;
	for (int fd = 41; fd < 45; fd++)
		if (!is_cloexec(fd))
			return 2;
	return 0;
}

static void fds_from_a_number_on_do_not_survive_exec(void **state)
{
	(void)state;
	assert_int_equal(in_child(mark_from_41), 0);
}

static int close_others(void)
{
	const int keep[] = { 70, -1, 45, 2, 43 };

	for (int fd = 3; fd < 90; fd++)
		inherit(fd);
	if (fd_close_others(0, keep, ARRAY_LEN(keep), NULL))
		return 1;
	for (int fd = 0; fd < 100; fd++)
		if (is_open(fd) != (fd < 3 || fd == 43 || fd == 45 || fd == 70))
			return fd;
	return 0;
}

static void all_fds_but_the_named_ones_are_closed(void **state)
{
	(void)state;
	assert_int_equal(in_child(close_others), 0);
}

static int close_ours(void)
{
	const int keep[] = { 4 };

	for (int fd = 3; fd < 20; fd++)
		inherit(fd);
	fd_cloexec(4, true); /* ours, to keep */
	fd_cloexec(5, true); /* ours, and in the way of the caller's */
	if (fd_close_others(4, keep, ARRAY_LEN(keep), NULL))
		return 1;
	for (int fd = 3; fd < 30; fd++)
		if (is_open(fd) != (fd == 3 || fd == 4 || fd == 6))
			return fd;
	return 0;
}

static void preserved_fds_are_the_callers_not_ours(void **state)
{
	(void)state;
	assert_int_equal(in_child(close_ours), 0);
}

static int close_all(void)
{
	inherit(60);
	return fd_close_others(0, NULL, 0, NULL) || is_open(60) ? 1 : 0;
}

static void nothing_needs_to_be_kept(void **state)
{
	(void)state;
	assert_int_equal(in_child(close_all), 0);
}

/* --- sockets ------------------------------------------------------------------------------------- */

static void an_fd_travels_with_its_data(void **state)
{
	const struct place *p = *state;
	int socks[2];
	char data[8] = "";
	struct err err = { 0 };

	put(p, "f", "hello");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	{
		auto_fd int fd = openat(p->fd, "f", O_RDONLY | O_CLOEXEC);

		assert_int_equal(fd_send(socks[0], fd, &err), 0);
		assert_int_equal(fd_send_with(socks[0], fd, "xyz", 3, &err), 0);
	}
	for (int i = 0; i < 2; i++) {
		auto_fd int got = fd_recv(socks[1], &err);
		char text[8] = "";

		assert_true(got >= 0);
		assert_true(is_cloexec(got));
		lseek(got, 0, SEEK_SET);
		assert_int_equal(read(got, text, sizeof(text) - 1), 5);
		assert_string_equal(text, "hello");
	}
	assert_int_equal(read(socks[1], data, sizeof(data) - 1), 2);
	assert_string_equal(data, "yz");
	close(socks[0]);
	close(socks[1]);
}

static void a_message_without_fd_is_refused(void **state)
{
	struct err err = { 0 };
	int socks[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	assert_int_equal(write(socks[0], "x", 1), 1);
	assert_int_equal(fd_recv(socks[1], &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	close(socks[0]);
	err_clear(&err);
	assert_int_equal(fd_recv(socks[1], &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	close(socks[1]);
}

static void send_two(int sock, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} ctl = { .buf = { 0 } };
	struct iovec iov = { .iov_base = ctl.buf, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = ctl.buf,
			      .msg_controllen = sizeof(ctl.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	const int fds[2] = { fd, fd };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	assert_int_equal(sendmsg(sock, &msg, 0), 1);
}

/* The lowest number that is free: the same before and after when nothing leaks. */
static int lowest_free(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	close(fd);
	return fd;
}

static void several_fds_at_once_are_refused_and_none_leaks(void **state)
{
	struct err err = { 0 };
	int socks[2], before;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	before = lowest_free();
	send_two(socks[0], 0);
	assert_int_equal(fd_recv(socks[1], &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(lowest_free(), before);
	close(socks[0]);
	close(socks[1]);
}

static void sending_to_nobody_is_an_error_and_no_signal(void **state)
{
	struct err err = { 0 };
	int socks[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	close(socks[1]);
	assert_int_equal(fd_send(socks[0], 0, &err), -1);
	assert_int_equal(err.sys, EPIPE);
	close(socks[0]);
}

static void a_unix_socket_is_found_by_its_path(void **state)
{
	const struct place *p = *state;
	auto_free char *path = xasprintf("%s/sock", p->dir);
	auto_fd int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct err err = { 0 };
	auto_fd int client = -1;

	assert_int_equal(fd_connect_unix(path, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	strcpy(sa.sun_path, path);
	assert_int_equal(bind(server, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(server, 1), 0);
	client = fd_connect_unix(path, &err);
	assert_true(client >= 0);
	assert_true(is_cloexec(client));
}

static void a_socket_path_that_is_too_long_is_refused(void **state)
{
	struct err err = { 0 };
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(fd_connect_unix(path, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void an_fd_tells_its_path(void **state)
{
	const struct place *p = *state;
	auto_free char *path = fd_path(p->fd);

	assert_string_equal(path, p->dir);
	assert_null(fd_path(1000000));
	assert_int_equal(errno, ENOENT);
}

/* --- removing ------------------------------------------------------------------------------------ */

static void a_tree_is_removed_and_what_links_name_stays(void **state)
{
	const struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "victim", 0755), 0);
	put(p, "victim/f", "precious");
	assert_int_equal(mkdirat(p->fd, "t", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "t/a", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "t/a/b", 0700), 0);
	put(p, "t/a/f", "x");
	assert_int_equal(symlinkat("../victim", p->fd, "t/link"), 0);
	assert_int_equal(symlinkat("victim", p->fd, "link"), 0);
	assert_int_equal(fd_remove_tree(p->fd, "t", NULL), 0);
	assert_int_equal(fd_remove_tree(p->fd, "link", NULL), 0);
	assert_false(is_there(p, "t"));
	assert_false(is_there(p, "link"));
	expect(p, "victim/f", "precious");
	assert_int_equal(fd_remove_tree(p->fd, "t", NULL), 0);
}

static void a_tree_may_be_64_levels_deep(void **state)
{
	const struct place *p = *state;
	AUTO(buf_done) struct buf path = { 0 };
	struct err err = { 0 };

	buf_str(&path, "t");
	for (int i = 0; i < 64; i++) {
		assert_int_equal(mkdirat(p->fd, path.p, 0755), 0);
		buf_str(&path, "/d");
	}
	assert_int_equal(fd_remove_tree(p->fd, "t", &err), 0);
	path.n = 0;
	buf_str(&path, "t");
	for (int i = 0; i < 65; i++) {
		assert_int_equal(mkdirat(p->fd, path.p, 0755), 0);
		buf_str(&path, "/d");
	}
	assert_int_equal(fd_remove_tree(p->fd, "t", &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(fd_remove_tree(p->fd, "t/d", &err), 0);
}

static char mounted_in[32];

/* 77: this user may not mount. */
static int remove_with_mount(void)
{
	auto_fd int dir = -1; /* of the new namespace, so it comes after it */
	auto_free char *from = xasprintf("%s/victim", mounted_in);
	auto_free char *to = xasprintf("%s/t/m", mounted_in);
	struct err err = { 0 };

	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(from, to, NULL, MS_BIND, NULL))
		return 77;
	dir = open(mounted_in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!fd_remove_tree(dir, "t", &err) || err.kind != ERR_STATE)
		return 1;
	if (!fd_remove_tree(dir, "t/m", &err) || err.kind != ERR_STATE)
		return 2;
	return faccessat(dir, "victim/f", F_OK, 0) ? 3 : 0;
}

/* A bind mount has the device of what it shows: the device tells nothing. */
static void what_is_mounted_in_a_tree_stays(void **state)
{
	const struct place *p = *state;
	int got;

	assert_int_equal(mkdirat(p->fd, "victim", 0755), 0);
	put(p, "victim/f", "precious");
	assert_int_equal(mkdirat(p->fd, "t", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "t/m", 0755), 0);
	strcpy(mounted_in, p->dir);
	got = in_child(remove_with_mount);
	if (got == 77)
		skip();
	assert_int_equal(got, 0);
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_fd_is_closed_at_the_end_of_its_scope),
		cmocka_unit_test(closing_keeps_errno),
		IN_PLACE(a_file_comes_back_as_it_was_written),
		IN_PLACE(a_file_that_is_too_large_is_refused_and_named),
		IN_PLACE(an_empty_file_is_an_empty_string),
		IN_PLACE(a_missing_file_is_not_found_and_named),
		IN_PLACE(writing_a_control_file_neither_makes_nor_cuts_it),
		IN_PLACE(a_replaced_file_is_a_new_one_with_its_mode),
		IN_PLACE(a_link_in_the_temporarys_place_is_not_followed),
		IN_PLACE(a_failed_replacement_leaves_nothing_behind),
		cmocka_unit_test(cloexec_is_set_and_cleared),
		cmocka_unit_test(fds_from_a_number_on_do_not_survive_exec),
		cmocka_unit_test(all_fds_but_the_named_ones_are_closed),
		cmocka_unit_test(preserved_fds_are_the_callers_not_ours),
		cmocka_unit_test(nothing_needs_to_be_kept),
		IN_PLACE(an_fd_travels_with_its_data),
		cmocka_unit_test(a_message_without_fd_is_refused),
		cmocka_unit_test(several_fds_at_once_are_refused_and_none_leaks),
		cmocka_unit_test(sending_to_nobody_is_an_error_and_no_signal),
		IN_PLACE(a_unix_socket_is_found_by_its_path),
		cmocka_unit_test(a_socket_path_that_is_too_long_is_refused),
		IN_PLACE(an_fd_tells_its_path),
		IN_PLACE(a_tree_is_removed_and_what_links_name_stays),
		IN_PLACE(a_tree_may_be_64_levels_deep),
		IN_PLACE(what_is_mounted_in_a_tree_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
