/* SPDX-License-Identifier: Apache-2.0 */
/* Where the container's cgroup lies, and making its directories. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/linux/cgroup_internal.h"
#include "core/plan/cgroup_values.h"

bool cgroup_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words) {
		size_t n = strcspn(words, ",");

		if (n == len && !memcmp(words, word, n))
			return true;
		words += n + (words[n] == ',');
	}
	return false;
}

const struct cgroup_dir *cgroup_v1(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cgroup_has_word(cg->v[i].controllers, controller))
			return &cg->v[i];
	return NULL;
}

const struct cgroup_dir *cgroup_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (!cg->v[i].controllers[0])
			return &cg->v[i];
	return NULL;
}

const char *cgroup_dir_of(const struct cgroup *cg, const char *controller)
{
	const struct cgroup_dir *d = *controller ? cgroup_v1(cg, controller) : cgroup_v2(cg);

	return d ? d->dir : NULL;
}

bool cgroup_has_v1(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->v[i].controllers[0])
			return true;
	return false;
}

bool cgroup_is_rootless(void)
{
	char map[128] = "";
	unsigned int inside, outside, count;

	if (geteuid())
		return true;
	if (cgroup_get("/proc/self", "uid_map", map, sizeof(map)))
		return false; /* no user namespaces in this kernel */
	return sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || inside || outside ||
	       count != UINT32_MAX;
}

static void dir_done(struct cgroup_dir *d)
{
	free(d->controllers);
	free(d->dir);
	free(d->root);
}

void cgroup_done(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		dir_done(&cg->v[i]);
	cgroup_let_go(cg);
	free(cg->v);
	free(cg->path);
	free(cg->unit);
	*cg = (struct cgroup){ 0 };
}

/* --- where --------------------------------------------------------------------------------------- */

static char *place(const struct cgroup_hierarchy *h, const char *path, bool is_v2_only)
{
	const char *slash = strrchr(h->own, '/');
	size_t own = strlen(h->own);

	if (path[0] == '/')
		return xasprintf("%s%s", h->root, path);
	if (is_v2_only)
		own = slash ? (size_t)(slash - h->own) : 0;
	return xasprintf("%s%.*s/%s", h->root, (int)own, h->own, path);
}

static int no_cgroups(struct err *err)
{
	if (cgroup_is_rootless())
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"no cgroup hierarchy is mounted, so the container could be "
		"neither limited nor kept from devices");
	return err_hint(err, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
}

int cgroup_locate_in(const struct cgroup_hierarchies *hs, const char *cgroups_path, const char *id,
		     struct cgroup *cg, struct err *err)
{
	const char *asked = cgroups_path && *cgroups_path ? cgroups_path : id;
	bool is_v2_only = cgroup_layout_of(hs) == CGROUP_V2;
	char *path;

	if (asked[0] != '/' && strchr(asked, ':')) {
		err_set(err, ERR_UNSUPPORTED,
			"cgroups path \"%s\" has systemd's form slice:prefix:name", asked);
		return err_hint(err, "call kedge with --systemd-cgroup, or have the caller use the "
				     "cgroupfs driver (Docker: --exec-opt "
				     "native.cgroupdriver=cgroupfs)");
	}
	path = cgroup_path_clean(asked, err);
	if (!path)
		return -1;
	if (!hs->n && no_cgroups(err)) {
		free(path);
		return -1;
	}
	cg->path = path;
	cg->v = xcalloc(hs->n, sizeof(*cg->v));
	for (; cg->n < hs->n; cg->n++)
		cg->v[cg->n] = (struct cgroup_dir){
			.controllers = xstrdup(hs->v[cg->n].controllers),
			.dir = place(&hs->v[cg->n], path, is_v2_only),
			.root = xstrdup(hs->v[cg->n].root),
		};
	return 0;
}

int cgroup_locate(const char *cgroups_path, const char *id, struct cgroup *cg, struct err *err)
{
	AUTO(cgroup_hierarchies_done) struct cgroup_hierarchies hs = { 0 };

	if (cgroup_hierarchies_read(&hs, err))
		return -1;
	return cgroup_locate_in(&hs, cgroups_path, id, cg, err);
}

int cgroup_locate_spec(const struct spec *spec, const char *id, struct cgroup *cg, struct err *err)
{
	return spec->systemd_cgroup ? cgroup_locate_unit(spec->cgroups_path, id, cg, err)
				    : cgroup_locate(spec->cgroups_path, id, cg, err);
}

/* --- making -------------------------------------------------------------------------------------- */

/* Make `dir` and what lacks between the root and it. Returns 0 or the errno. */
static int make_path(const struct cgroup_dir *d, struct strv *made)
{
	auto_free char *path = xstrdup(d->dir);
	char *at = path + strlen(d->root);

	while (at) {
		at = strchr(at + 1, '/');
		if (at)
			*at = '\0';
		if (!mkdir(path, 0755))
			strv_add(made, path);
		else if (errno != EEXIST)
			return errno;
		if (at)
			*at = '/';
	}
	return 0;
}

/* A directory that somebody else made may be used if nobody lives there. */
static int check_existing(const struct cgroup *cg, const struct cgroup_dir *d, struct err *err)
{
	bool is_frozen = false;
	size_t n = 0;

	if (cgroup_count(d->dir, &n, err))
		return -1;
	if (n) {
		err_set(err, ERR_EXISTS,
			"container's cgroup is not empty: %zu process(es) found in %s", n, d->dir);
		return err_hint(err, "end them, or give the container another cgroupsPath");
	}
	if (cgroup_is_frozen(cg, &is_frozen, err))
		return -1;
	if (is_frozen)
		return err_set(err, ERR_STATE, "container's cgroup %s is frozen", d->dir);
	return 0;
}

/* 1: the hierarchy can't be written and needn't be */
static int make_dir(const struct cgroup *cg, const struct cgroup_dir *d, struct strv *made,
		    struct err *err)
{
	int errnum = mkdir(d->dir, 0755) ? errno : 0;
	bool is_new = !errnum || errnum == ENOENT;

	if (!errnum)
		strv_add(made, d->dir);
	else if (errnum == ENOENT)
		errnum = make_path(d, made);
	else if (errnum == EEXIST)
		errnum = 0;
	if (errnum && cg->path[0] != '/' &&
	    (errnum == EACCES || errnum == EPERM || errnum == EROFS) && cgroup_is_rootless())
		return 1;
	if (errnum) {
		errno = errnum;
		return err_sys(err, "make cgroup %s", d->dir);
	}
	if (!is_new && check_existing(cg, d, err))
		return -1;
	if (cgroup_has_word(d->controllers, "cpuset"))
		return cgroup_v1_cpuset_inherit(d, is_new, err);
	return 0;
}

static void leave_out(struct cgroup *cg, size_t i)
{
	log_debug("cgroup %s may not be made: going on without it", cg->v[i].dir);
	dir_done(&cg->v[i]);
	memmove(&cg->v[i], &cg->v[i + 1], (cg->n - i - 1) * sizeof(*cg->v));
	cg->n--;
}

static void undo(const struct strv *made)
{
	for (size_t i = made->n; i-- > 0;)
		rmdir(made->v[i]);
}

int cgroup_create(struct cgroup *cg, struct err *err)
{
	AUTO(strv_done) struct strv made = { 0 };

	for (size_t i = 0; i < cg->n;) {
		int ret = make_dir(cg, &cg->v[i], &made, err);

		if (ret < 0) {
			undo(&made);
			return -1;
		}
		if (ret)
			leave_out(cg, i);
		else
			i++;
	}
	if (cgroup_v2(cg) && !cgroup_has_v1(cg))
		cgroup_v2_enable_all(cgroup_v2(cg));
	return 0;
}

int cgroup_v2_fd(const struct cgroup *cg)
{
	const struct cgroup_dir *d = cgroup_v2(cg);

	return d ? open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}
