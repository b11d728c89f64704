/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/run/store.h"

#define NO_CONTAINER                        \
	{                                   \
		.dir_fd = -1, .lock_fd = -1 \
	}

/* Each test gets a state directory of its own. */
struct place {
	char dir[32];
	char root[48];
	struct store store;
};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/kedge-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->root, sizeof(p->root), "%s/a/root", p->dir);
	assert_int_equal(store_open(p->root, &p->store, NULL), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	store_done(&p->store);
	assert_int_equal(fd_remove_tree(AT_FDCWD, p->dir, NULL), 0);
	free(p);
	return 0;
}

static void fill(struct container *c)
{
	c->oci_version = xstrdup("1.3.0");
	c->bundle = xstrdup("/b/ünd\"le");
	c->rootfs = xstrdup("/b/rootfs");
	c->created = xstrdup("2026-11-23T23:05:37.123456789Z");
	c->owner = xstrdup("root");
	c->stdio[0] = xstrdup("/dev/null");
	c->stdio[2] = xstrdup("pipe:[4711]");
	c->pid = 4194303;
	c->start_time = 1ULL << 60;
	c->annotations.v = arena_array(&c->arena, 2, sizeof(*c->annotations.v));
	c->annotations.n = 2;
	c->annotations.v[0] = (struct spec_pair){ arena_strdup(&c->arena, "org.example/a"),
						  arena_strdup(&c->arena, "1\n2") };
	c->annotations.v[1] =
		(struct spec_pair){ arena_strdup(&c->arena, "empty"), arena_strdup(&c->arena, "") };
	c->cgroup.path = xstrdup("/kedge/a");
	c->cgroup.v = xcalloc(2, sizeof(*c->cgroup.v));
	c->cgroup.n = 2;
	c->cgroup.v[0] = (struct cgroup_dir){ xstrdup("cpu,cpuacct"), xstrdup("/cg/cpu/kedge/a"),
					      xstrdup("/cg/cpu") };
	c->cgroup.v[1] = (struct cgroup_dir){ xstrdup(""), xstrdup("/cg/unified/kedge/a"),
					      xstrdup("/cg/unified") };
}

static void put(const struct container *c, const char *name, const char *text)
{
	assert_int_equal(fd_replace_text(c->dir_fd, name, text, 0600, NULL), 0);
}

static const char *annotation(const struct container *c, const char *key)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (!strcmp(c->annotations.v[i].key, key))
			return c->annotations.v[i].value;
	return NULL;
}

/* What `check` says in a process of its own. */
static int in_child(int (*check)(const struct place *p), const struct place *p)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check(p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* --- the directory of all ------------------------------------------------------------------------ */

static void the_state_directory_is_made_for_us_alone(void **state)
{
	const struct place *p = *state;
	struct stat st;

	assert_int_equal(stat(p->root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, geteuid());
	assert_string_equal(p->store.root, p->root);
	assert_true(fcntl(p->store.root_fd, F_GETFD) & FD_CLOEXEC);
}

static void a_state_directory_that_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0770, 0702, 0777 };
	const struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct store store = { .root_fd = -1 };
		struct err err = { 0 };

		assert_int_equal(chmod(p->root, modes[i]), 0);
		assert_int_equal(store_open(p->root, &store, &err), -1);
		assert_int_equal(err.kind, ERR_DENIED);
		assert_non_null(strstr(err.msg, p->root));
		assert_true(err.hint[0]);
		assert_int_equal(store.root_fd, -1);
	}
	assert_int_equal(chmod(p->root, 0755), 0);
	{
		struct store store = { .root_fd = -1 };

		assert_int_equal(store_open(p->root, &store, NULL), 0);
		store_done(&store);
		assert_int_equal(store.root_fd, -1);
		assert_null(store.root);
	}
}

static void a_state_directory_of_somebody_else_is_refused(void **state)
{
	const struct place *p = *state;
	struct store store = { .root_fd = -1 };
	struct err err = { 0 };

	if (geteuid()) {
		assert_int_equal(store_open("/", &store, &err), -1);
	} else {
		assert_int_equal(chown(p->root, 1, (gid_t)-1), 0);
		assert_int_equal(store_open(p->root, &store, &err), -1);
	}
	assert_int_equal(err.kind, ERR_DENIED);
}

static void a_file_in_the_place_of_the_directory_is_refused(void **state)
{
	const struct place *p = *state;
	auto_free char *path = xasprintf("%s/file", p->dir);
	auto_free char *below = xasprintf("%s/file/root", p->dir);
	struct store store = { .root_fd = -1 };
	struct err err = { 0 };

	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(store_open(path, &store, &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
	assert_int_equal(store_open(below, &store, &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
}

static int open_relative(const struct place *p)
{
	struct store store;
	auto_free char *want = xasprintf("%s/r", p->dir);

	if (chdir(p->dir) || store_open("r", &store, NULL))
		return 1;
	if (strcmp(store.root, want) || access(want, F_OK))
		return 2;
	store_done(&store);
	return 0;
}

static void a_relative_state_directory_becomes_absolute(void **state)
{
	assert_int_equal(in_child(open_relative, *state), 0);
}

/* --- ids ----------------------------------------------------------------------------------------- */

static void ids_follow_runcs_rule(void **state)
{
	static const char *const good[] = { "a",   "0",	  "a.b",     "_",
					    "+x-", "...", ".hidden", "A_b+c-d.e" };
	static const char *const bad[] = { "",	  ".", "..",  "a/b", "/",  "../a", "a b",
					   "a\n", "é", "a:b", "a*",  "%s", "\x80", STORE_CACHE };
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(store_check_id(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err_clear(&err);
		assert_int_equal(store_check_id(bad[i], &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void an_id_is_no_longer_than_a_name_may_be(void **state)
{
	struct err err = { 0 };
	char id[5001];

	(void)state;
	memset(id, 'x', sizeof(id));
	id[255] = '\0';
	assert_int_equal(store_check_id(id, &err), 0);
	id[255] = 'x';
	id[256] = '\0';
	assert_int_equal(store_check_id(id, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	id[256] = 'x';
	id[5000] = '\0';
	assert_int_equal(store_check_id(id, &err), -1);
	assert_true(strlen(err.msg) < 200);
}

static void the_list_is_sorted_and_has_containers_only(void **state)
{
	static const char *const names[] = { "m", "z", "a", "k", "b" };
	const struct place *p = *state;
	struct strv ids = { 0 };

	assert_int_equal(store_list(&p->store, &ids, NULL), 0);
	assert_int_equal(ids.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct container c = NO_CONTAINER;

		assert_int_equal(store_reserve(&p->store, names[i], &c, NULL), 0);
		container_done(&c);
	}
	assert_int_equal(mkdirat(p->store.root_fd, STORE_CACHE, 0700), 0);
	assert_int_equal(mkdirat(p->store.root_fd, "no id", 0700), 0);
	close(openat(p->store.root_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(symlinkat("a", p->store.root_fd, "link"), 0);
	assert_int_equal(store_list(&p->store, &ids, NULL), 0);
	assert_int_equal(ids.n, 5);
	assert_string_equal(ids.v[0], "a");
	assert_string_equal(ids.v[1], "b");
	assert_string_equal(ids.v[2], "k");
	assert_string_equal(ids.v[3], "m");
	assert_string_equal(ids.v[4], "z");
	strv_done(&ids);
}

/* --- one container ------------------------------------------------------------------------------- */

static void what_is_saved_comes_back(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER, got = NO_CONTAINER;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	fill(&c);
	assert_int_equal(store_save(&c, NULL), 0);
	container_done(&c);
	assert_int_equal(store_load(&p->store, "a", &got, NULL), 0);
	assert_false(got.is_half_made);
	assert_string_equal(got.id, "a");
	assert_string_equal(got.oci_version, "1.3.0");
	assert_string_equal(got.bundle, "/b/ünd\"le");
	assert_string_equal(got.rootfs, "/b/rootfs");
	assert_string_equal(got.created, "2026-11-23T23:05:37.123456789Z");
	assert_string_equal(got.owner, "root");
	assert_string_equal(got.stdio[0], "/dev/null");
	assert_null(got.stdio[1]);
	assert_string_equal(got.stdio[2], "pipe:[4711]");
	assert_int_equal(got.pid, 4194303);
	assert_true(got.start_time == 1ULL << 60);
	assert_int_equal(got.annotations.n, 2);
	assert_string_equal(annotation(&got, "org.example/a"), "1\n2");
	assert_string_equal(annotation(&got, "empty"), "");
	assert_string_equal(got.cgroup.path, "/kedge/a");
	assert_int_equal(got.cgroup.n, 2);
	assert_string_equal(got.cgroup.v[0].controllers, "cpu,cpuacct");
	assert_string_equal(got.cgroup.v[0].dir, "/cg/cpu/kedge/a");
	assert_string_equal(got.cgroup.v[0].root, "/cg/cpu");
	assert_string_equal(got.cgroup.v[1].controllers, "");
	assert_string_equal(got.cgroup.v[1].dir, "/cg/unified/kedge/a");
	assert_int_equal(got.lock_fd, -1);
	container_done(&got);
}

static void the_state_is_ours_alone_and_leaves_no_temporary(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	struct stat st;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	fill(&c);
	assert_int_equal(store_save(&c, NULL), 0);
	assert_int_equal(fstatat(c.dir_fd, "state.json", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlinkat(c.dir_fd, "state.json", 0), 0);
	assert_int_equal(unlinkat(p->store.root_fd, "a", AT_REMOVEDIR), 0);
	container_done(&c);
}

static void a_state_that_json_cannot_hold_is_refused(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	struct err err = { 0 };

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	fill(&c);
	free(c.bundle);
	c.bundle = xstrdup("/b\xff");
	assert_int_equal(store_save(&c, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	container_done(&c);
}

static void a_container_that_is_not_there_is_not_found(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	struct err err = { 0 };

	assert_int_equal(container_load(&p->store, "a", &c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.msg, "container \"a\" does not exist");
	assert_int_equal(container_load(&p->store, "../a", &c, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(container_load(&p->store, STORE_CACHE, &c, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(c.dir_fd, -1);
}

static void a_symlink_is_no_container(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;

	assert_int_equal(symlinkat("/", p->store.root_fd, "a"), 0);
	assert_int_equal(container_load(&p->store, "a", &c, NULL), -1);
}

static void what_cannot_be_read_makes_it_half_made(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"7",
		"{}",
		"{\"version\":1}",
		"{\"version\":1,\"bundle\":7,\"rootfs\":\"/r\"}",
		"{\"version\":1,\"bundle\":\"/b\",\"rootfs\":\"/r\",\"pid\":-5}",
		"{\"version\":1,\"bundle\":\"/b\",\"rootfs\":\"/r\","
		"\"cgroup\":{\"dirs\":[{\"dir\":\"/d\"}]}}",
		"{\"version\":2,\"bundle\":\"/b\",\"rootfs\":\"/r\",\"pid\":5}",
		"\xff\xfe",
	};
	const struct place *p = *state;
	struct container c = NO_CONTAINER;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	assert_int_equal(store_read(&c, NULL), 0);
	assert_true(c.is_half_made);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put(&c, "state.json", texts[i]);
		assert_int_equal(store_read(&c, NULL), 0);
		if (!c.is_half_made)
			fail_msg("%s", texts[i]);
	}
	put(&c, "state.json", "{\"version\":1,\"bundle\":\"/b\",\"rootfs\":\"/r\"}");
	assert_int_equal(store_read(&c, NULL), 0);
	assert_false(c.is_half_made);
	assert_string_equal(c.bundle, "/b");
	container_done(&c);
}

/* Of another version of kedge, say: `delete` must still know whom to kill. */
static void processes_and_cgroups_are_known_even_of_a_half_made_one(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	put(&c, "state.json",
	    "{\"version\":2,\"pid\":5,\"startTime\":6,\"cgroup\":{\"path\":\"/p\",\"dirs\":"
	    "[{\"controllers\":\"cpu\",\"dir\":\"/d\",\"root\":\"/r\"}]}}");
	assert_int_equal(store_read(&c, NULL), 0);
	assert_true(c.is_half_made);
	assert_int_equal(c.pid, 5);
	assert_int_equal(c.start_time, 6);
	assert_int_equal(c.cgroup.n, 1);
	assert_string_equal(c.cgroup.v[0].dir, "/d");
	container_done(&c);
}

/* Too many open files, an I/O error: that the state can't be read now doesn't make it half made. */
static void a_state_that_cannot_be_read_now_is_an_error(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER, got = NO_CONTAINER;
	struct err err = { 0 };

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	assert_int_equal(mkdirat(c.dir_fd, "state.json", 0700), 0);
	assert_int_equal(container_load(&p->store, "a", &got, &err), -1);
	assert_int_equal(err.kind, ERR_SYS);
	assert_int_equal(got.dir_fd, -1);
	container_done(&c);
}

static void removing_takes_all_of_it_and_again_is_fine(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	put(&c, "config.json", "{}");
	assert_int_equal(mkdirat(c.dir_fd, "staging", 0700), 0);
	put(&c, "staging/f", "x");
	assert_int_equal(store_remove(&c, NULL), 0);
	assert_int_equal(faccessat(p->store.root_fd, "a", F_OK, 0), -1);
	assert_int_equal(store_remove(&c, NULL), 0);
	container_done(&c);
}

/* --- the lock ------------------------------------------------------------------------------------ */

static int try_lock(const struct place *p)
{
	auto_fd int fd = openat(p->store.root_fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return flock(fd, LOCK_EX | LOCK_NB) ? 1 : 0;
}

static void a_new_container_is_locked_until_it_is_done(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	assert_true(c.lock_fd >= 0 && c.lock_fd != c.dir_fd);
	assert_int_equal(in_child(try_lock, p), 1);
	container_done(&c);
	assert_int_equal(in_child(try_lock, p), 0);
}

static void an_id_is_taken_once(void **state)
{
	const struct place *p = *state;
	struct container a = NO_CONTAINER, b = NO_CONTAINER;
	struct err err = { 0 };

	assert_int_equal(store_reserve(&p->store, "a", &a, NULL), 0);
	assert_int_equal(store_reserve(&p->store, "a", &b, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_int_equal(b.dir_fd, -1);
	assert_int_equal(store_reserve(&p->store, "a/b", &b, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	/* the same by a look alone, which takes nothing */
	assert_int_equal(store_check_free(p->store.root, "a", &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_int_equal(store_check_free(p->store.root, "b", NULL), 0);
	assert_int_equal(store_check_free(p->store.root, "b", NULL), 0);
	assert_int_equal(store_check_free("/nonexistent", "b", NULL), 0);
	assert_int_equal(store_check_free(p->store.root, "a/b", &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	container_done(&a);
	container_done(&b);
}

/* Hold the lock, tell so through the pipe, and let `act` do something 100 ms later. */
static pid_t holder(const struct place *p, void (*act)(struct container *c))
{
	struct container c = NO_CONTAINER;
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (store_load(&p->store, "a", &c, NULL) || store_lock(&c, NULL) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		usleep(100000);
		act(&c);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void expect_success(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void finish_it(struct container *c)
{
	fill(c);
	c->pid = 99;
	if (store_save(c, NULL))
		_exit(1);
}

static void who_waits_for_the_lock_sees_what_was_done_meanwhile(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	pid_t pid;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	container_done(&c);
	assert_int_equal(container_load(&p->store, "a", &c, NULL), 0);
	assert_true(c.is_half_made);
	pid = holder(p, finish_it);
	assert_int_equal(container_lock(&c, NULL), 0);
	expect_success(pid);
	assert_false(c.is_half_made);
	assert_int_equal(c.pid, 99);
	assert_int_equal(c.cgroup.n, 2);
	container_done(&c);
}

static void remove_it(struct container *c)
{
	if (store_remove(c, NULL))
		_exit(1);
}

static void who_waits_for_a_container_that_is_deleted_is_told(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	struct err err = { 0 };
	pid_t pid;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	container_done(&c);
	assert_int_equal(container_load(&p->store, "a", &c, NULL), 0);
	pid = holder(p, remove_it);
	assert_int_equal(container_lock(&c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(c.lock_fd, -1);
	expect_success(pid);
	container_done(&c);
}

static void replace_it(struct container *c)
{
	if (store_remove(c, NULL) || mkdirat(c->store->root_fd, "a", 0700))
		_exit(1);
}

static void a_new_container_of_the_old_name_is_another_one(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	struct err err = { 0 };
	pid_t pid;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	container_done(&c);
	assert_int_equal(container_load(&p->store, "a", &c, NULL), 0);
	pid = holder(p, replace_it);
	assert_int_equal(container_lock(&c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	expect_success(pid);
	container_done(&c);
}

static void die(struct container *c)
{
	(void)c;
	raise(SIGKILL);
}

static void the_lock_goes_with_the_process_that_held_it(void **state)
{
	const struct place *p = *state;
	struct container c = NO_CONTAINER;
	pid_t pid;

	assert_int_equal(store_reserve(&p->store, "a", &c, NULL), 0);
	container_done(&c);
	assert_int_equal(container_load(&p->store, "a", &c, NULL), 0);
	pid = holder(p, die);
	assert_int_equal(container_lock(&c, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	container_done(&c);
}

/* --- the state document -------------------------------------------------------------------------- */

static void hooks_get_the_state_document_of_the_spec(void **state)
{
	struct container c = NO_CONTAINER;
	auto_free char *text = NULL;
	json_t *doc;

	(void)state;
	fill(&c);
	c.id = xstrdup("a");
	text = container_state_json(&c, CONTAINER_CREATED);
	doc = json_loads(text, 0, NULL);
	assert_non_null(doc);
	assert_string_equal(json_string_value(json_object_get(doc, "ociVersion")), "1.3.0");
	assert_string_equal(json_string_value(json_object_get(doc, "id")), "a");
	assert_string_equal(json_string_value(json_object_get(doc, "status")), "created");
	assert_int_equal(json_integer_value(json_object_get(doc, "pid")), 4194303);
	assert_string_equal(json_string_value(json_object_get(doc, "bundle")), "/b/ünd\"le");
	assert_string_equal(json_string_value(json_object_get(json_object_get(doc, "annotations"),
							      "org.example/a")),
			    "1\n2");
	json_decref(doc);
	container_done(&c);
}

static void a_stopped_container_has_no_pid(void **state)
{
	struct container c = NO_CONTAINER;
	auto_free char *text = NULL;

	(void)state;
	fill(&c);
	c.id = xstrdup("a");
	text = container_state_json(&c, CONTAINER_STOPPED);
	assert_non_null(strstr(text, "\"status\":\"stopped\""));
	assert_non_null(strstr(text, "\"pid\":0"));
	container_done(&c);
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(the_state_directory_is_made_for_us_alone),
		IN_PLACE(a_state_directory_that_others_may_write_is_refused),
		IN_PLACE(a_state_directory_of_somebody_else_is_refused),
		IN_PLACE(a_file_in_the_place_of_the_directory_is_refused),
		IN_PLACE(a_relative_state_directory_becomes_absolute),
		cmocka_unit_test(ids_follow_runcs_rule),
		cmocka_unit_test(an_id_is_no_longer_than_a_name_may_be),
		IN_PLACE(the_list_is_sorted_and_has_containers_only),
		IN_PLACE(what_is_saved_comes_back),
		IN_PLACE(the_state_is_ours_alone_and_leaves_no_temporary),
		IN_PLACE(a_state_that_json_cannot_hold_is_refused),
		IN_PLACE(a_container_that_is_not_there_is_not_found),
		IN_PLACE(a_symlink_is_no_container),
		IN_PLACE(what_cannot_be_read_makes_it_half_made),
		IN_PLACE(processes_and_cgroups_are_known_even_of_a_half_made_one),
		IN_PLACE(a_state_that_cannot_be_read_now_is_an_error),
		IN_PLACE(removing_takes_all_of_it_and_again_is_fine),
		IN_PLACE(a_new_container_is_locked_until_it_is_done),
		IN_PLACE(an_id_is_taken_once),
		IN_PLACE(who_waits_for_the_lock_sees_what_was_done_meanwhile),
		IN_PLACE(who_waits_for_a_container_that_is_deleted_is_told),
		IN_PLACE(a_new_container_of_the_old_name_is_another_one),
		IN_PLACE(the_lock_goes_with_the_process_that_held_it),
		cmocka_unit_test(hooks_get_the_state_document_of_the_spec),
		cmocka_unit_test(a_stopped_container_has_no_pid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
