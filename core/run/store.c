/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/run/store.h"

#define STATE_VERSION	1
#define STATE_MAX_BYTES (16U << 20)
#define ID_MAX_BYTES	255 /* runc allows 1024, but an id is a directory's name */

static int make_root(const char *root, struct err *err)
{
	if (path_make_parents(root, 0711, err))
		return -1;
	if (mkdir(root, 0700) && errno != EEXIST)
		return err_sys(err, "create %s", root);
	return 0;
}

static int check_root(const char *root, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(err, "stat %s", root);
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH)) {
		err_set(err, ERR_DENIED, "state directory %s: other users may write to it", root);
		return err_hint(err, "chown it to the user that runs kedge and chmod go-w it, or "
				     "name another with --root");
	}
	return 0;
}

int store_open(const char *root, struct store *store, struct err *err)
{
	auto_free char *abs = NULL;
	auto_fd int fd = -1;
	char cwd[PATH_MAX];

	if (root[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return err_sys(err, "find the working directory");
	abs = root[0] == '/' ? xstrdup(root) : xasprintf("%s/%s", cwd, root);
	fd = open(abs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (make_root(abs, err))
			return err_wrap(err, "state directory");
		fd = open(abs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(err, "state directory %s", abs);
	if (check_root(abs, fd, err))
		return -1;
	store->root = take_ptr(&abs);
	store->root_fd = take_fd(&fd);
	return 0;
}

void store_done(struct store *store)
{
	fd_close(&store->root_fd);
	free(take_ptr(&store->root));
}

int store_check_id(const char *id, struct err *err)
{
	size_t n = strlen(id);

	if (!n)
		return err_set(err, ERR_INVALID, "container id is empty");
	if (n > ID_MAX_BYTES)
		return err_set(err, ERR_INVALID,
			       "container id \"%.32s…\" is %zu bytes long: at most %d are allowed",
			       id, n, ID_MAX_BYTES);
	for (const char *p = id; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_+-.", *p))
			return err_set(err, ERR_INVALID,
				       "container id \"%s\": only letters, digits and _ + - . are "
				       "allowed",
				       id);
	if (!strcmp(id, ".") || !strcmp(id, "..") || !strcmp(id, STORE_CACHE))
		return err_set(err, ERR_INVALID, "container id \"%s\" is taken for a directory",
			       id);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Not every file system tells the type in the directory. */
static bool is_dir(int fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return !fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

int store_list(const struct store *store, struct strv *ids, struct err *err)
{
	int fd = openat(store->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return err_sys(err, "open %s", store->root);
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_sys(err, "list %s", store->root);
	}
	while ((e = readdir(d)))
		if (!store_check_id(e->d_name, NULL) && is_dir(fd, e))
			strv_add(ids, e->d_name);
	closedir(d);
	if (ids->n)
		qsort(ids->v, ids->n, sizeof(*ids->v), by_name);
	return 0;
}

static int open_dir(const struct store *store, const char *id, struct container *c, struct err *err)
{
	c->store = store;
	c->dir_fd = openat(store->root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir_fd < 0)
		return err_sys(err, "open %s/%s", store->root, id);
	c->id = xstrdup(id);
	return 0;
}

static int taken(const char *id, struct err *err)
{
	err_set(err, ERR_EXISTS, "container with id \"%s\" exists already", id);
	return err_hint(err, "take another id, or `kedge delete %s` first", id);
}

int store_check_free(const char *root, const char *id, struct err *err)
{
	auto_free char *path = xasprintf("%s/%s", root, id);
	struct stat st;

	if (store_check_id(id, err))
		return -1;
	return lstat(path, &st) ? 0 : taken(id, err);
}

int store_reserve(const struct store *store, const char *id, struct container *c, struct err *err)
{
	c->dir_fd = c->lock_fd = -1;
	if (store_check_id(id, err))
		return -1;
	if (mkdirat(store->root_fd, id, 0711)) {
		if (errno != EEXIST)
			return err_sys(err, "create %s/%s", store->root, id);
		return taken(id, err);
	}
	/* one that `delete` took away before it was locked, or that isn't ours any more, stays so */
	return open_dir(store, id, c, err) || store_lock(c, err) ? -1 : 0;
}

int store_lock(struct container *c, struct err *err)
{
	auto_fd int fd = openat(c->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat mine, there;

	if (fd < 0)
		return err_sys(err, "open the directory of container %s", c->id);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return err_sys(err, "lock container %s", c->id);
	/* whoever had the lock may have deleted it, and another may have made it anew */
	if (fstat(fd, &mine) || fstatat(c->store->root_fd, c->id, &there, AT_SYMLINK_NOFOLLOW) ||
	    mine.st_ino != there.st_ino || mine.st_dev != there.st_dev)
		return err_set(err, ERR_NOT_FOUND, "container \"%s\" does not exist any more",
			       c->id);
	c->lock_fd = take_fd(&fd);
	return 0;
}

static json_t *cgroup_to_json(const struct cgroup *cg)
{
	json_t *dirs = json_array();

	for (size_t i = 0; i < cg->n; i++)
		json_array_append_new(dirs, json_pack("{s:s, s:s, s:s}", "controllers",
						      cg->v[i].controllers, "dir", cg->v[i].dir,
						      "root", cg->v[i].root));
	return json_pack("{s:s*, s:s*, s:o}", "path", cg->path, "unit", cg->unit, "dirs", dirs);
}

static int cgroup_from_json(const json_t *doc, struct cgroup *cg)
{
	const json_t *dirs = json_object_get(doc, "dirs");
	const char *path = json_string_value(json_object_get(doc, "path"));
	const char *unit = json_string_value(json_object_get(doc, "unit"));
	size_t n = json_array_size(dirs);

	cg->path = path ? xstrdup(path) : NULL;
	cg->unit = unit ? xstrdup(unit) : NULL;
	cg->v = xcalloc(n, sizeof(*cg->v));
	for (; cg->n < n; cg->n++) {
		const char *controllers, *dir, *root;

		if (json_unpack(json_array_get(dirs, cg->n), "{s:s, s:s, s:s}", "controllers",
				&controllers, "dir", &dir, "root", &root))
			return -1;
		cg->v[cg->n].controllers = xstrdup(controllers);
		cg->v[cg->n].dir = xstrdup(dir);
		cg->v[cg->n].root = xstrdup(root);
	}
	return 0;
}

static json_t *pairs_to_json(const struct spec_pairs *pairs)
{
	json_t *o = json_object();

	for (size_t i = 0; i < pairs->n; i++)
		json_object_set_new(o, pairs->v[i].key, json_string(pairs->v[i].value));
	return o;
}

static void pairs_from_json(json_t *doc, struct arena *arena, struct spec_pairs *pairs)
{
	const char *key;
	json_t *value;

	pairs->v = arena_array(arena, json_object_size(doc), sizeof(*pairs->v));
	json_object_foreach(doc, key, value)
	{
		if (!json_is_string(value))
			continue;
		pairs->v[pairs->n].key = arena_strdup(arena, key);
		pairs->v[pairs->n++].value = arena_strdup(arena, json_string_value(value));
	}
}

char *container_state_json(const struct container *c, enum container_status status)
{
	json_t *doc = json_pack("{s:s*, s:s, s:s, s:i, s:s*, s:o}", "ociVersion", c->oci_version,
				"id", c->id, "status", container_status_name(status), "pid",
				status == CONTAINER_STOPPED ? 0 : (int)c->pid, "bundle", c->bundle,
				"annotations", pairs_to_json(&c->annotations));
	char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;

	json_decref(doc);
	return text ? text : xstrdup("{}");
}

int store_save(const struct container *c, struct err *err)
{
	json_t *doc = json_pack(
		"{s:i, s:s*, s:s, s:i, s:I, s:s*, s:s*, s:s*, s:s*, s:[s?,s?,s?], s:o, s:o}",
		"version", STATE_VERSION, "ociVersion", c->oci_version, "id", c->id, "pid",
		(int)c->pid, "startTime", (json_int_t)c->start_time, "bundle", c->bundle, "rootfs",
		c->rootfs, "created", c->created, "owner", c->owner, "stdio", c->stdio[0],
		c->stdio[1], c->stdio[2], "annotations", pairs_to_json(&c->annotations), "cgroup",
		cgroup_to_json(&c->cgroup));
	auto_free char *text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;

	json_decref(doc);
	if (!text)
		return err_set(err, ERR_INVALID, "state of container %s is no valid UTF-8", c->id);
	if (fd_replace_text(c->dir_fd, "state.json", text, 0600, err))
		return err_wrap(err, "record container %s", c->id);
	return 0;
}

static char *copy_string(const json_t *doc, const char *key)
{
	const char *s = json_string_value(json_object_get(doc, key));

	return s ? xstrdup(s) : NULL;
}

static char *copy_item(const json_t *list, size_t i)
{
	const char *s = json_string_value(json_array_get(list, i));

	return s ? xstrdup(s) : NULL;
}

/* Processes and cgroups first: `delete` needs them, whatever else can't be read. */
static int from_json(json_t *doc, struct container *c)
{
	int ret = cgroup_from_json(json_object_get(doc, "cgroup"), &c->cgroup);

	c->pid = (pid_t)json_integer_value(json_object_get(doc, "pid"));
	c->start_time = (unsigned long long)json_integer_value(json_object_get(doc, "startTime"));
	c->oci_version = copy_string(doc, "ociVersion");
	c->bundle = copy_string(doc, "bundle");
	c->rootfs = copy_string(doc, "rootfs");
	c->created = copy_string(doc, "created");
	c->owner = copy_string(doc, "owner");
	for (size_t i = 0; i < ARRAY_LEN(c->stdio); i++)
		c->stdio[i] = copy_item(json_object_get(doc, "stdio"), i);
	pairs_from_json(json_object_get(doc, "annotations"), &c->arena, &c->annotations);
	if (json_integer_value(json_object_get(doc, "version")) != STATE_VERSION)
		return -1;
	return ret || !c->bundle || !c->rootfs || c->pid < 0 ? -1 : 0;
}

void store_forget(struct container *c)
{
	free(take_ptr(&c->oci_version));
	free(take_ptr(&c->bundle));
	free(take_ptr(&c->rootfs));
	free(take_ptr(&c->created));
	free(take_ptr(&c->owner));
	for (size_t i = 0; i < ARRAY_LEN(c->stdio); i++)
		free(take_ptr(&c->stdio[i]));
	cgroup_done(&c->cgroup);
	arena_done(&c->arena);
	c->annotations = (struct spec_pairs){ 0 };
	c->pid = 0;
	c->start_time = 0;
	c->is_half_made = c->is_busy = false;
}

int store_read(struct container *c, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct err e = { 0 };
	json_t *doc;

	store_forget(c);
	if (fd_read_file(c->dir_fd, "state.json", STATE_MAX_BYTES, &b, &e)) {
		c->is_half_made = true;
		if (e.kind == ERR_NOT_FOUND || e.kind == ERR_LIMIT)
			return 0;
		return err_set(err, e.kind, "container %s: %s", c->id, e.msg);
	}
	doc = json_loadb(b.p, b.n, 0, NULL);
	c->is_half_made = !doc || from_json(doc, c);
	json_decref(doc);
	return 0;
}

int store_load(const struct store *store, const char *id, struct container *c, struct err *err)
{
	c->dir_fd = c->lock_fd = -1;
	if (store_check_id(id, err))
		return -1;
	if (open_dir(store, id, c, err)) {
		if (errno != ENOENT)
			return -1;
		err_set(err, ERR_NOT_FOUND, "container \"%s\" does not exist", id);
		return err_hint(err, "`kedge --root %s list` shows the containers", store->root);
	}
	return store_read(c, err);
}

int store_remove(const struct container *c, struct err *err)
{
	if (fd_remove_tree(c->store->root_fd, c->id, err))
		return err_wrap(err, "state of container %s", c->id);
	return 0;
}
