/* SPDX-License-Identifier: Apache-2.0 */
/* Without cgroups: what needs them is for integration/. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/run/store.h"

#define NO_CONTAINER                        \
	{                                   \
		.dir_fd = -1, .lock_fd = -1 \
	}

/* Each test gets a state directory with the container "a" in it, begun and not yet saved. */
struct place {
	char dir[40];
	struct store store;
	struct container c;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->c = (struct container)NO_CONTAINER;
	strcpy(p->dir, "/tmp/kedge-container-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(store_open(p->dir, &p->store, NULL), 0);
	assert_int_equal(store_reserve(&p->store, "a", &p->c, NULL), 0);
	p->c.bundle = xstrdup("/b");
	p->c.rootfs = xstrdup("/b/r");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	container_done(&p->c);
	store_done(&p->store);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p);
	return 0;
}

/* A first process: a child that waits to be killed. */
static pid_t begin(struct container *c)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_int_equal(container_set_pid(c, pid, NULL), 0);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool is_free(const struct place *p)
{
	return faccessat(p->store.root_fd, "a", F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
}

/* The status as another process sees it, which hasn't our lock. */
static enum container_status seen_by_others(const struct place *p)
{
	struct container c = NO_CONTAINER;
	enum container_status status;

	assert_int_equal(container_load(&p->store, "a", &c, NULL), 0);
	status = container_status(&c);
	container_done(&c);
	return status;
}

/* --- status -------------------------------------------------------------------------------------- */

static void statuses_have_the_specs_names(void **state)
{
	(void)state;
	assert_string_equal(container_status_name(CONTAINER_CREATING), "creating");
	assert_string_equal(container_status_name(CONTAINER_CREATED), "created");
	assert_string_equal(container_status_name(CONTAINER_RUNNING), "running");
	assert_string_equal(container_status_name(CONTAINER_PAUSED), "paused");
	assert_string_equal(container_status_name(CONTAINER_STOPPED), "stopped");
}

static void a_half_made_one_is_creating_while_somebody_is_at_it(void **state)
{
	struct place *p = *state;

	assert_int_equal(seen_by_others(p), CONTAINER_CREATING);
	fd_close(&p->c.lock_fd);
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
}

static void one_without_process_is_creating_while_somebody_is_at_it(void **state)
{
	struct place *p = *state;

	assert_int_equal(store_save(&p->c, NULL), 0);
	assert_int_equal(seen_by_others(p), CONTAINER_CREATING);
	assert_int_equal(container_status(&p->c), CONTAINER_STOPPED);
	fd_close(&p->c.lock_fd);
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
}

static void asking_for_the_status_locks_nobody_out(void **state)
{
	struct place *p = *state;
	struct container other = NO_CONTAINER;

	fd_close(&p->c.lock_fd);
	assert_int_equal(container_load(&p->store, "a", &other, NULL), 0);
	assert_int_equal(container_status(&other), CONTAINER_STOPPED);
	assert_int_equal(container_lock(&p->c, NULL), 0);
	container_done(&other);
}

static void one_whose_process_lives_is_running(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);

	assert_int_equal(seen_by_others(p), CONTAINER_RUNNING);
	end(pid);
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
}

static void a_zombie_is_stopped(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);
	siginfo_t info;

	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void another_process_of_the_same_pid_is_not_ours(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);

	p->c.start_time--;
	assert_int_equal(store_save(&p->c, NULL), 0);
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
	end(pid);
}

static int listen_at(const struct place *p, const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/a/%s", p->dir, name);
	assert_int_equal(bind(sock, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(sock, 1), 0);
	return sock;
}

static void one_that_listens_for_start_is_created(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);
	auto_fd int sock = listen_at(p, CONTAINER_START);

	/* oftener than the queue is long, and nobody answers */
	for (int i = 0; i < 10; i++)
		assert_int_equal(seen_by_others(p), CONTAINER_CREATED);
	end(pid);
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
}

/* `start` was killed after it had let the program run, and before it removed the socket. */
static void one_that_listens_no_more_is_running(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);
	int sock = listen_at(p, CONTAINER_START);

	close(sock);
	assert_int_equal(faccessat(p->c.dir_fd, CONTAINER_START, F_OK, 0), 0);
	assert_int_equal(seen_by_others(p), CONTAINER_RUNNING);
	end(pid);
}

/* Its process may be there for long already: hooks run meanwhile. */
static void one_is_created_when_create_says_so_and_not_before(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);
	auto_fd int sock = listen_at(p, CONTAINER_START_NEW);

	assert_int_equal(seen_by_others(p), CONTAINER_CREATING);
	assert_int_equal(flock(p->c.lock_fd, LOCK_UN), 0); /* the process has it open as well */
	assert_int_equal(seen_by_others(p), CONTAINER_STOPPED);
	assert_int_equal(renameat(p->c.dir_fd, CONTAINER_START_NEW, p->c.dir_fd, CONTAINER_START),
			 0);
	assert_int_equal(seen_by_others(p), CONTAINER_CREATED);
	end(pid);
}

/* A directory that looks like a frozen cgroup v2. */
static void one_that_is_frozen_is_paused(void **state)
{
	struct place *p = *state;
	auto_free char *dir = xasprintf("%s/cg", p->dir);
	auto_free char *file = xasprintf("%s/cgroup.freeze", dir);
	pid_t pid;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(fd_replace_text(AT_FDCWD, file, "1\n", 0600, NULL), 0);
	p->c.cgroup.v = xcalloc(1, sizeof(*p->c.cgroup.v));
	p->c.cgroup.v[0] = (struct cgroup_dir){ xstrdup(""), xstrdup(dir), xstrdup(p->dir) };
	p->c.cgroup.n = 1;
	pid = begin(&p->c);
	assert_int_equal(seen_by_others(p), CONTAINER_PAUSED);
	assert_int_equal(fd_replace_text(AT_FDCWD, file, "0\n", 0600, NULL), 0);
	assert_int_equal(seen_by_others(p), CONTAINER_RUNNING);
	end(pid);
}

/* --- the first process --------------------------------------------------------------------------- */

static void the_first_process_is_recorded_with_its_start_time(void **state)
{
	struct place *p = *state;
	struct container got = NO_CONTAINER;
	struct proc_stat st;
	pid_t pid = begin(&p->c);

	assert_int_equal(proc_stat_read(pid, &st, NULL), 0);
	assert_int_equal(container_load(&p->store, "a", &got, NULL), 0);
	assert_int_equal(got.pid, pid);
	assert_true(got.start_time == st.start_time);
	container_done(&got);
	end(pid);
}

static void a_process_that_has_ended_cannot_be_the_first(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);
	struct err err = { 0 };

	end(pid);
	p->c.pid = 0;
	assert_int_equal(container_set_pid(&p->c, pid, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(p->c.pid, 0);
}

/* --- giving up ----------------------------------------------------------------------------------- */

static void abandoning_kills_the_process_and_frees_the_id(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);
	int status;

	assert_int_equal(container_abandon(&p->c, NULL), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(is_free(p));
	assert_int_equal(container_abandon(&p->c, NULL), 0);
}

static void a_half_made_one_is_abandoned_by_another_process(void **state)
{
	struct place *p = *state;
	struct container other = NO_CONTAINER;

	fd_close(&p->c.lock_fd);
	assert_int_equal(container_load(&p->store, "a", &other, NULL), 0);
	assert_true(other.is_half_made);
	assert_int_equal(container_lock(&other, NULL), 0);
	assert_int_equal(container_abandon(&other, NULL), 0);
	assert_true(is_free(p));
	container_done(&other);
}

static void a_process_that_only_has_the_pid_is_spared(void **state)
{
	struct place *p = *state;
	pid_t pid = begin(&p->c);

	p->c.start_time--;
	assert_int_equal(container_abandon(&p->c, NULL), 0);
	assert_true(is_free(p));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	end(pid);
}

static void done_is_done(void **state)
{
	struct place *p = *state;
	int dir = p->c.dir_fd, lock = p->c.lock_fd;

	container_done(&p->c);
	assert_int_equal(fcntl(dir, F_GETFD), -1);
	assert_int_equal(fcntl(lock, F_GETFD), -1);
	container_done(&p->c);
	assert_int_equal(p->c.dir_fd, -1);
	assert_null(p->c.id);
}

/* --- beginning ----------------------------------------------------------------------------------- */

static struct spec spec_with_root(const struct place *p, const char *root)
{
	struct spec spec = { 0 };

	spec.oci_version = arena_strdup(&spec.arena, "1.3.0");
	spec.bundle = arena_strdup(&spec.arena, p->dir);
	spec.root.path = arena_strdup(&spec.arena, root);
	return spec;
}

/* What beginning the container `id` fails with; nothing new may be left in the store. */
static enum err_kind refused(struct place *p, const char *id, const char *root,
			     const char *cgroups_path)
{
	struct spec spec = spec_with_root(p, root);
	struct container_seed seed = { .store = &p->store, .id = id, .spec = &spec, .config = "{}" };
	struct container c = NO_CONTAINER;
	struct strv ids = { 0 };
	struct err err = { 0 };

	spec.cgroups_path = arena_strdup(&spec.arena, cgroups_path);
	assert_int_equal(container_begin(&seed, &c, &err), -1);
	assert_int_equal(c.dir_fd, -1);
	assert_int_equal(store_list(&p->store, &ids, NULL), 0);
	assert_int_equal(ids.n, 2); /* "a", and the rootfs that the tests put beside it */
	strv_done(&ids);
	container_done(&c);
	spec_done(&spec);
	return err.kind;
}

static void what_is_refused_at_once_leaves_the_id_free(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->store.root_fd, "r", 0700), 0);
	close(openat(p->store.root_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(refused(p, "b", "none", NULL), ERR_NOT_FOUND);
	assert_int_equal(refused(p, "b", "/nonexistent/root", NULL), ERR_NOT_FOUND);
	assert_int_equal(refused(p, "b", "file", NULL), ERR_INVALID);
	assert_int_equal(refused(p, "../b", "r", NULL), ERR_INVALID);
	assert_int_equal(refused(p, "a", "r", NULL), ERR_EXISTS);
	/* this one has its directory already, and must give it back */
	assert_int_equal(refused(p, "b", "r", "slice:prefix:name"), ERR_UNSUPPORTED);
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_have_the_specs_names),
		IN_PLACE(a_half_made_one_is_creating_while_somebody_is_at_it),
		IN_PLACE(one_without_process_is_creating_while_somebody_is_at_it),
		IN_PLACE(asking_for_the_status_locks_nobody_out),
		IN_PLACE(one_whose_process_lives_is_running),
		IN_PLACE(a_zombie_is_stopped),
		IN_PLACE(another_process_of_the_same_pid_is_not_ours),
		IN_PLACE(one_that_listens_for_start_is_created),
		IN_PLACE(one_that_listens_no_more_is_running),
		IN_PLACE(one_is_created_when_create_says_so_and_not_before),
		IN_PLACE(one_that_is_frozen_is_paused),
		IN_PLACE(the_first_process_is_recorded_with_its_start_time),
		IN_PLACE(a_process_that_has_ended_cannot_be_the_first),
		IN_PLACE(abandoning_kills_the_process_and_frees_the_id),
		IN_PLACE(a_half_made_one_is_abandoned_by_another_process),
		IN_PLACE(a_process_that_only_has_the_pid_is_spared),
		IN_PLACE(done_is_done),
		IN_PLACE(what_is_refused_at_once_leaves_the_id_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
