/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/plan/cgroup_owner.h"
#include "core/run/container.h"
#include "core/run/store.h"

#define KILL_WAIT_MS 10000

const char *container_status_name(enum container_status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused",
					     "stopped" };

	return names[status];
}

void container_done(struct container *c)
{
	fd_close(&c->dir_fd);
	fd_close(&c->lock_fd);
	free(take_ptr(&c->id));
	store_forget(c);
}

/* Whether another process is making, starting or removing the container right now. */
static bool is_locked(const struct container *c)
{
	auto_fd int fd = openat(c->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return c->lock_fd < 0 && fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

static bool has_file(const struct container *c, const char *name)
{
	return !faccessat(c->dir_fd, name, F_OK, 0);
}

static bool is_unfinished(const struct container *c)
{
	return c->is_half_made || !c->pid || has_file(c, CONTAINER_START_NEW);
}

/* One that is unfinished and that nobody is at may have been finished just now: so read it again. */
int container_load(const struct store *store, const char *id, struct container *c, struct err *err)
{
	int ret = store_load(store, id, c, err);

	if (!ret && is_unfinished(c)) {
		c->is_busy = is_locked(c);
		if (!c->is_busy)
			ret = store_read(c, err);
	}
	if (ret)
		container_done(c);
	return ret;
}

int container_lock(struct container *c, struct err *err)
{
	return store_lock(c, err) || store_read(c, err) ? -1 : 0;
}

/*
 * Whether the first process still listens on start.sock. That the file is there says little: a
 * `start` that was killed didn't remove it. The process hangs up on us and goes on waiting.
 */
static bool waits_for_start(const struct container *c)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	auto_fd int sock = -1;

	if (!has_file(c, CONTAINER_START))
		return false;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return true;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" CONTAINER_START, c->dir_fd);
	return !connect(sock, (struct sockaddr *)&sa, sizeof(sa)) ||
	       (errno != ECONNREFUSED && errno != ENOENT);
}

enum container_status container_status(const struct container *c)
{
	bool frozen = false;

	if (is_unfinished(c))
		return c->is_busy ? CONTAINER_CREATING : CONTAINER_STOPPED;
	if (!proc_is_alive(c->pid, c->start_time))
		return CONTAINER_STOPPED;
	if (has_file(c, CONTAINER_HOLDER))
		return CONTAINER_CREATING;
	if (!cgroup_is_frozen(&c->cgroup, &frozen, NULL) && frozen)
		return CONTAINER_PAUSED;
	return waits_for_start(c) ? CONTAINER_CREATED : CONTAINER_RUNNING;
}

static char *timestamp(void)
{
	struct timespec now;
	char text[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
	return xasprintf("%s.%09ldZ", text, now.tv_nsec);
}

/* The login name by /etc/passwd alone: getpwuid() would want NSS, which a static binary hasn't. */
static char *user_name(uid_t uid)
{
	FILE *f = uid ? fopen("/etc/passwd", "re") : NULL;
	char *name = uid ? NULL : xstrdup("root");
	struct passwd *pw;

	while (f && !name && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid)
			name = xstrdup(pw->pw_name);
	if (f)
		fclose(f);
	return name ? name : xasprintf("%u", (unsigned int)uid);
}

char *container_rootfs(const struct spec *spec, struct err *err)
{
	auto_free char *given = spec->root.path[0] == '/'
					? xstrdup(spec->root.path)
					: xasprintf("%s/%s", spec->bundle, spec->root.path);
	char resolved[PATH_MAX];
	struct stat st;

	if (!realpath(given, resolved) || stat(resolved, &st)) {
		err_sys(err, "rootfs %s", given);
		err_hint(err, "root.path of config.json names the container's root directory");
		return NULL;
	}
	if (!S_ISDIR(st.st_mode)) {
		err_set(err, ERR_INVALID, "rootfs %s is not a directory", given);
		return NULL;
	}
	return xstrdup(resolved);
}

static void copy_annotations(const struct spec_pairs *from, struct container *c)
{
	struct spec_pairs *to = &c->annotations;

	to->v = arena_array(&c->arena, from->n, sizeof(*to->v));
	for (; to->n < from->n; to->n++) {
		to->v[to->n].key = arena_strdup(&c->arena, from->v[to->n].key);
		to->v[to->n].value = arena_strdup(&c->arena, from->v[to->n].value);
	}
}

/*
 * `delete` kills what is in the recorded cgroups, so one in which others live may not be recorded,
 * not even until cgroup_create() refuses it: we may be killed before.
 */
static int refuse_populated(const struct cgroup *cg, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	if (cgroup_pids(cg, &pids, &n, err))
		return -1;
	if (!n)
		return 0;
	err_set(err, ERR_EXISTS, "container's cgroup is not empty: %zu process(es) found in %s", n,
		cg->path);
	return err_hint(err, "end them, or give the container another cgroupsPath");
}

/* A file's name may be any bytes; one that JSON can't hold is no reason to fail. */
static char *stdio_name(int fd)
{
	auto_free char *name = fd_path(fd);

	return name && str_is_utf8(name, strlen(name)) ? take_ptr(&name) : NULL;
}

/*
 * The cgroups are recorded before they are made: a kedge that is killed in between leaves nothing
 * that `delete` could not find.
 */
static int record(const struct spec *spec, const char *config, struct container *c, struct err *err)
{
	uint32_t uid;

	c->oci_version = xstrdup(spec->oci_version);
	c->bundle = xstrdup(spec->bundle);
	c->created = timestamp();
	c->owner = user_name(geteuid());
	for (int i = 0; i < 3; i++)
		c->stdio[i] = stdio_name(i);
	copy_annotations(&spec->annotations, c);
	if (fd_replace_text(c->dir_fd, "config.json", config, 0600, err))
		return err_wrap(err, "record container %s", c->id);
	if (cgroup_locate_spec(spec, c->id, &c->cgroup, err) || refuse_populated(&c->cgroup, err))
		return -1;
	if (store_save(c, err))
		return -1;
	if (c->cgroup.unit ? cgroup_start_unit(&c->cgroup, &spec->annotations, err)
			   : cgroup_create(&c->cgroup, err))
		return -1;
	if (!cgroup_owner(spec, &uid) || !cgroup_give(&c->cgroup, uid, err))
		return 0;
	cgroup_remove(&c->cgroup, NULL);
	return -1;
}

int container_begin(const struct container_seed *seed, struct container *c, struct err *err)
{
	auto_free char *rootfs = container_rootfs(seed->spec, err);

	if (!rootfs)
		return -1;
	if (store_reserve(seed->store, seed->id, c, err)) {
		container_done(c);
		return -1;
	}
	c->rootfs = take_ptr(&rootfs);
	if (record(seed->spec, seed->config, c, err)) {
		/* the cgroup that cgroup_create refused (populated, say) is not ours to clear */
		cgroup_done(&c->cgroup);
		store_remove(c, NULL);
		container_done(c);
		return -1;
	}
	return 0;
}

int container_set_pid(struct container *c, pid_t pid, struct err *err)
{
	struct proc_stat st;

	if (proc_stat_read(pid, &st, err))
		return err_wrap(err, "the container's first process has ended");
	c->pid = pid;
	c->start_time = st.start_time;
	return store_save(c, err);
}

/* Kill the first process by identity, also when no cgroup knows it, and wait until it is gone. */
static int kill_init(const struct container *c, struct err *err)
{
	auto_fd int pidfd = -1;
	int ended;

	if (!proc_is_alive(c->pid, c->start_time))
		return 0;
	pidfd = proc_open(c->pid, c->start_time, err);
	if (pidfd < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (proc_signal(pidfd, SIGKILL, err) && err->kind != ERR_NOT_FOUND)
		return -1;
	ended = proc_poll(pidfd, KILL_WAIT_MS, err);
	if (ended == 0)
		return err_set(err, ERR_TIMEOUT, "process %d does not die", (int)c->pid);
	return ended < 0 ? -1 : 0;
}

int container_abandon(struct container *c, struct err *err)
{
	struct err first = { 0 }, e = { 0 };

	cgroup_let_go(&c->cgroup);
	if (cgroup_signal_all(&c->cgroup, SIGKILL, &e))
		first = e;
	err_clear(&e);
	if (kill_init(c, &e) && !first.kind)
		first = e;
	err_clear(&e);
	if (cgroup_remove(&c->cgroup, &e) && !first.kind)
		first = e;
	if (!first.kind)
		store_remove(c, &first);
	if (!first.kind)
		return 0;
	if (err)
		*err = first;
	return err_wrap(err, "clean up container %s", c->id);
}
