/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a cgroup: moved in, listed, signalled. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/cgroup_internal.h"
#include "core/plan/cgroup_values.h"

#define ATTACH_TRIES	      6
#define PROC_CGROUP_MAX_BYTES (1UL << 20)

/* --- in ------------------------------------------------------------------------------------------ */

/* A sub-cgroup for exec. Zeroed: the container's own. */
struct sub_cgroup {
	char *controllers; /* those whose hierarchies it is in; "": all */
	char *path;	   /* no slash in front; "": the container's own */
};

static void sub_done(struct sub_cgroup *sub)
{
	free(sub->controllers);
	free(sub->path);
}

static int sub_parse(const struct cgroup *cg, const char *text, struct sub_cgroup *sub,
		     struct err *err)
{
	const char *colon = strchr(text, ':');
	auto_free char *rooted = xasprintf("/%s", colon ? colon + 1 : text);
	auto_free char *clean = cgroup_path_clean(rooted, NULL);
	auto_free char *words = xasprintf("%.*s", colon ? (int)(colon - text) : 0, text);
	char *save = NULL;

	if (colon == text)
		return err_set(err, ERR_INVALID, "sub-cgroup \"%s\" names no controller", text);
	sub->controllers = xstrdup(words);
	sub->path = xstrdup(clean ? clean + 1 : "");
	for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (!cgroup_v1(cg, w))
			return err_set(err, ERR_INVALID,
				       "sub-cgroup \"%s\": no v1 hierarchy has the controller %s",
				       text, w);
	return 0;
}

static bool sub_applies(const struct sub_cgroup *sub, const struct cgroup_dir *d)
{
	const char *at = sub->controllers;

	if (!sub->path || !*sub->path)
		return false;
	if (!*at)
		return true;
	while (*at) {
		size_t n = strcspn(at, ",");
		auto_free char *word = xasprintf("%.*s", (int)n, at);

		if (cgroup_has_word(d->controllers, word))
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

static char *sub_dir(const struct sub_cgroup *sub, const struct cgroup_dir *d)
{
	return sub_applies(sub, d) ? xasprintf("%s/%s", d->dir, sub->path) : xstrdup(d->dir);
}

/*
 * pid 0 is the caller, moved as a single thread by v1's "tasks": Linux 5.5 then takes no lock that
 * has to wait for RCU, 5 to 20 ms on a quiet machine.
 */
static int attach_dir(const char *dir, pid_t pid, struct err *err)
{
	const char *file = pid ? "cgroup.procs" : "tasks";
	char text[16];
	int errnum = EINVAL;

	snprintf(text, sizeof(text), "%d", (int)pid);
	/* EINVAL may mean that the process is so new that the scheduler hasn't seen it */
	for (int i = 0; i < ATTACH_TRIES && errnum == EINVAL; i++) {
		if (i)
			cgroup_sleep_us(500UL << i);
		errnum = cgroup_try(dir, file, text);
	}
	if (!errnum)
		return 0;
	errno = errnum;
	if (!pid)
		return err_sys(err, "enter cgroup %s", dir);
	return err_sys(err, "move process %d into cgroup %s", (int)pid, dir);
}

static int attach_all(const struct cgroup *cg, const char *sub_text, bool v1_only, pid_t pid,
		      struct err *err)
{
	AUTO(sub_done) struct sub_cgroup sub = { 0 };

	if (sub_text && sub_parse(cg, sub_text, &sub, err))
		return -1;
	for (size_t i = 0; i < cg->n; i++) {
		auto_free char *dir = NULL;

		if (v1_only && !cg->v[i].controllers[0])
			continue;
		dir = sub_dir(&sub, &cg->v[i]);
		if (attach_dir(dir, pid, err))
			return -1;
	}
	return 0;
}

int cgroup_attach(const struct cgroup *cg, pid_t pid, struct err *err)
{
	return attach_all(cg, NULL, false, pid, err);
}

int cgroup_enter(const struct cgroup *cg, const char *sub, struct err *err)
{
	return attach_all(cg, sub, true, 0, err);
}

/* The v2 directory of process `init` if it is below the container's; NULL if not. */
static char *dir_of_init(const struct cgroup_dir *d, pid_t init)
{
	AUTO(buf_done) struct buf text = { 0 };
	const char *ours = d->dir + strlen(d->root), *at;
	size_t len = strlen(ours);
	char path[32];
	char *line;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)init);
	if (fd_read_file(AT_FDCWD, path, PROC_CGROUP_MAX_BYTES, &text, NULL))
		return NULL;
	line = str_starts(text.p, "0::") ? text.p : strstr(text.p, "\n0::");
	if (!line)
		return NULL;
	line += line[0] == '\n';
	line[strcspn(line, "\n")] = '\0';
	/* the mount may show a part of the hierarchy, so that this begins further up */
	at = strstr(line, ours);
	return at && at[len] == '/' ? xasprintf("%s%s", d->dir, at + len) : NULL;
}

int cgroup_attach_exec(const struct cgroup *cg, const char *sub, pid_t pid, pid_t init,
		       struct err *err)
{
	const struct cgroup_dir *v2 = cgroup_v2(cg);
	auto_free char *dir = NULL;

	if (sub)
		return attach_all(cg, sub, false, pid, err);
	if (attach_all(cg, NULL, true, pid, err))
		return -1;
	if (!v2 || !attach_dir(v2->dir, pid, err))
		return 0;
	dir = dir_of_init(v2, init);
	if (!dir)
		return -1;
	log_debug("cgroup %s takes no process: using %s", v2->dir, dir);
	return attach_dir(dir, pid, err);
}

int cgroup_exec_fd(const struct cgroup *cg, const char *sub_text, pid_t init, int *fd,
		   struct err *err)
{
	const struct cgroup_dir *v2 = cgroup_v2(cg);
	AUTO(sub_done) struct sub_cgroup sub = { 0 };
	auto_free char *dir = NULL;
	char handed_down[8] = "";
	int found;

	if (sub_text && sub_parse(cg, sub_text, &sub, err))
		return -1;
	if (!v2) {
		*fd = -1;
		return 0;
	}
	/* a cgroup that hands controllers down takes no process */
	if (!sub_text &&
	    !cgroup_get(v2->dir, "cgroup.subtree_control", handed_down, sizeof(handed_down)) &&
	    handed_down[0])
		dir = dir_of_init(v2, init);
	if (!dir)
		dir = sub_dir(&sub, v2);
	found = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (found < 0)
		return err_sys(err, "open cgroup %s", dir);
	*fd = found;
	return 0;
}

/* --- list ---------------------------------------------------------------------------------------- */

/*
 * The hierarchy to look for the container's processes in: the freezer's, so that those that are
 * frozen are those that are found.
 */
static const struct cgroup_dir *main_dir(const struct cgroup *cg)
{
	const struct cgroup_dir *d = cgroup_v1(cg, "freezer");

	if (!d)
		d = cgroup_v2(cg);
	return d || !cg->n ? d : &cg->v[0];
}

static int by_value(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int cgroup_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *err)
{
	const struct cgroup_dir *d = main_dir(cg);
	AUTO(strv_done) struct strv dirs = { 0 };
	AUTO(buf_done) struct buf found = { 0 };
	size_t count, kept = 0;
	pid_t *v;

	if (d && cgroup_subtree(d->dir, &dirs, err))
		return -1;
	for (size_t i = 0; i < dirs.n; i++)
		if (cgroup_dir_pids(dirs.v[i], &found, err))
			return -1;
	count = found.n / sizeof(*v);
	v = xcalloc(count, sizeof(*v));
	if (count)
		memcpy(v, found.p, count * sizeof(*v));
	qsort(v, count, sizeof(*v), by_value);
	/* 0 is a process of another pid namespace; a process may move while it is listed */
	for (size_t i = 0; i < count; i++)
		if (v[i] > 0 && (!kept || v[i] != v[kept - 1]))
			v[kept++] = v[i];
	*pids = v;
	*n = kept;
	return 0;
}

/* --- signal -------------------------------------------------------------------------------------- */

static int signal_each(const struct cgroup *cg, int sig, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t n;

	if (cgroup_pids(cg, &pids, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (kill(pids[i], sig) && errno != ESRCH)
			return err_sys(err, "signal process %d", (int)pids[i]);
	return 0;
}

int cgroup_signal_all(const struct cgroup *cg, int sig, struct err *err)
{
	const struct cgroup_dir *v1 = cgroup_v1(cg, "freezer"), *v2 = cgroup_v2(cg);
	bool is_killed = false, was_frozen = false;
	struct err e;
	int ret;

	/* Linux 5.14; the freezer of v1 still holds what is killed */
	if (sig == SIGKILL && v2)
		is_killed = !cgroup_try(v2->dir, "cgroup.kill", "1");
	if (is_killed && !v1)
		return 0;
	if (!is_killed) {
		if (cgroup_is_frozen(cg, &was_frozen, err))
			return -1;
		if (!was_frozen && cgroup_set_frozen(cg, true, &e))
			log_debug("signalling without freezing: %s", e.msg);
	}
	ret = signal_each(cg, sig, err);
	if ((sig == SIGKILL || !was_frozen) && cgroup_set_frozen(cg, false, &e))
		log_debug("thaw: %s", e.msg);
	return ret;
}
