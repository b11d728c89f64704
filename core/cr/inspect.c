/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images_left_out.h"
#include "core/cr/images_pages.h"
#include "core/cr/inspect.h"
#include "core/cr/sidecar.h"

#define MAX_NAMESPACES	1000
#define MAX_MOUNTS	100000
#define LOG_HEAD_BYTES	4096
#define PARENT_SYMLINK	"parent"
#define ARCHIVED_IMAGES "checkpoint"

/* CRIU's numbers; see proto/mnt.proto. */
static const char *const fstypes[] = {
	"disk",	  "proc",    "sysfs",	"devtmpfs",   "binfmt_misc", "tmpfs",
	"devpts", "simfs",   "pstore",	"securityfs", "fusectl",     "debugfs",
	"cgroup", "aufs",    "mqueue",	"fuse",	      "other",	     "overlay",
	"autofs", "tracefs", "unknown", "unknown",    "unknown",     "cgroup2",
};

const char *inspect_fstype(unsigned int number)
{
	return number < ARRAY_LEN(fstypes) ? fstypes[number] : "unknown";
}

size_t inspect_externals(const struct image_mounts *mounts)
{
	size_t n = 0;

	for (size_t i = 0; i < mounts->n; i++)
		n += mounts->v[i].key != NULL;
	return n;
}

/* --- the directory -------------------------------------------------------------------------------- */

static int open_dirs(const char *dir, struct inspection *in, struct err *err)
{
	char resolved[PATH_MAX];
	struct stat st;

	in->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->dir_fd < 0) {
		err_sys(err, "image directory %s", dir);
		return errno != ENOTDIR
			       ? -1
			       : err_hint(err, "an archive has to be unpacked first: tar -xf");
	}
	in->dir = xstrdup(realpath(dir, resolved) ? resolved : dir);
	if (fstatat(in->dir_fd, "inventory.img", &st, AT_SYMLINK_NOFOLLOW))
		in->images_fd = openat(in->dir_fd, ARCHIVED_IMAGES,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	in->is_archive = in->images_fd >= 0;
	if (!in->is_archive)
		in->images_fd = openat(in->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return in->images_fd < 0 ? err_sys(err, "image directory %s", dir) : 0;
}

/* What a walk through the names finds. */
struct names {
	unsigned int ns[MAX_NAMESPACES];
	size_t n_ns;
	bool has_pages;
	bool has_tasks;
};

/* N of "mountpoints-N.img"; 0 if it isn't one. */
static unsigned int ns_of(const char *name)
{
	unsigned int id;
	int end = 0;

	if (sscanf(name, "mountpoints-%9u.img%n", &id, &end) != 1 || !end || name[end])
		return 0;
	return id;
}

static void add_file(struct inspection *in, const char *name, struct names *names)
{
	struct inspection_sizes *sizes = &in->sizes;
	unsigned int id = ns_of(name);
	uint64_t bytes;
	struct stat st;

	if (fstatat(in->images_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	bytes = (uint64_t)st.st_size;
	sizes->n_files++;
	sizes->total += bytes;
	if (str_starts(name, "pages-"))
		sizes->memory += bytes;
	if (str_starts(name, "tmpfs-"))
		sizes->tmpfs += bytes;
	names->has_pages |= str_starts(name, "pagemap-");
	names->has_tasks |= !strcmp(name, "pstree.img");
	if (id && names->n_ns < MAX_NAMESPACES)
		names->ns[names->n_ns++] = id;
}

static int compare_ids(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int list_files(struct inspection *in, struct names *names, struct err *err)
{
	int fd = openat(in->images_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		err_sys(err, "list %s", in->dir);
		fd_close(&fd);
		return -1;
	}
	while ((e = readdir(d)))
		add_file(in, e->d_name, names);
	closedir(d);
	qsort(names->ns, names->n_ns, sizeof(names->ns[0]), compare_ids);
	return 0;
}

/* --- mounts --------------------------------------------------------------------------------------- */

static size_t count_messages(struct image_file f)
{
	const uint8_t *p;
	size_t bytes, n = 0;

	f.err = NULL;
	while (f.at < f.n && !image_file_next(&f, &p, &bytes))
		n++;
	return n;
}

/* Unlike images_parse_mounts(): what can be read is shown, and the rest named. */
static void read_mounts(struct image_file *f, struct image_mounts *out, struct strv *problems)
{
	size_t max = count_messages(*f);
	bool has_root = false;

	max = max < MAX_MOUNTS ? max : MAX_MOUNTS;
	out->v = arena_array(&out->arena, max + 1, sizeof(*out->v));
	while (f->at < f->n && out->n < max) {
		struct image_mount *m = &out->v[out->n];
		struct image_file next = *f;
		const uint8_t *p;
		size_t bytes;

		if (image_file_next(&next, &p, &bytes))
			break; /* a bad entry has left room for what is cut off at the end */
		if (images_next_mount(f, &out->arena, m))
			strv_add(problems, f->err->msg);
		f->at = next.at;
		if (!m->mountpoint)
			continue;
		has_root |= !strcmp(m->mountpoint, "/");
		out->n++;
	}
	if (f->at < f->n || !has_root) {
		const uint8_t *p;
		size_t bytes;

		if (f->at == f->n || !image_file_next(f, &p, &bytes))
			image_file_bad(f, "the file ends without the root mount");
		strv_add(problems, f->err->msg);
	}
}

static void read_ns(struct inspection *in, unsigned int id, struct inspection_ns *ns)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };
	struct err err = { 0 };
	char name[64];
	AUTO(image_file_done) struct image_file f = { .name = name, .err = &err };

	snprintf(name, sizeof(name), "mountpoints-%u.img", id);
	ns->id = id;
	ns->is_root = in->has_inventory && in->inventory.mnt_ns == id;
	if (image_file_load(in->images_fd, magics, &f))
		strv_add(&in->problems, err.msg);
	else
		read_mounts(&f, &ns->mounts, &in->problems);
}

static void read_all_ns(struct inspection *in, const struct names *names)
{
	in->ns = xcalloc(names->n_ns + 1, sizeof(*in->ns));
	for (size_t i = 0; i < names->n_ns; i++) {
		size_t at = in->n_ns++;

		read_ns(in, names->ns[i], &in->ns[at]);
		if (in->ns[at].is_root && at) {
			struct inspection_ns root = in->ns[at];

			memmove(in->ns + 1, in->ns, at * sizeof(*in->ns));
			in->ns[0] = root;
		}
	}
}

/* --- statistics, log, what else lies there ------------------------------------------------------ */

/* A regular file's first bytes, or nothing. */
static void read_head(int dirfd, const char *name, char *out, size_t size)
{
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		n = read(fd, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
}

/* "(00.000031) Version: 4.1.1 (gitid 0)" */
static void read_version(int dirfd, struct inspection *in)
{
	static const char words[] = "Version: ";
	char head[LOG_HEAD_BYTES];
	const char *at;
	size_t n;

	read_head(dirfd, "dump.log", head, sizeof(head));
	at = strstr(head, words);
	if (!at)
		return;
	at += strlen(words);
	n = strspn(at, "0123456789.");
	if (n && n < 16)
		in->criu = arena_printf(&in->arena, "%.*s", (int)n, at);
}

static void read_stats(int dirfd, struct inspection *in)
{
	struct err err = { 0 };
	struct stat st;

	if (in->has_stats || fstatat(dirfd, "stats-dump", &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (images_read_dump_stats(dirfd, &in->stats, &err))
		strv_add(&in->problems, err.msg);
	else
		in->has_stats = true;
}

static int read_work(const char *work, struct inspection *in, struct err *err)
{
	auto_fd int fd = work ? open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (work && fd < 0)
		return err_sys(err, "work directory %s", work);
	for (size_t i = 0; i < 3; i++) {
		int dirs[] = { fd, in->images_fd, in->dir_fd };

		if (dirs[i] < 0 || (work && i))
			continue;
		read_stats(dirs[i], in);
		if (!in->criu)
			read_version(dirs[i], in);
	}
	if (!in->criu)
		in->criu = in->info.criu;
	return 0;
}

static void read_parent(struct inspection *in)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(in->images_fd, PARENT_SYMLINK, path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = '\0';
	in->parent = arena_strdup(&in->arena, path);
}

/* runc maps all masked files by one key, crun each by its own path. */
static const char *guess_engine(const struct inspection *in)
{
	if (in->info.engine)
		return in->info.engine;
	if (!in->descriptors.n)
		return "unknown";
	for (size_t i = 0; in->n_ns && i < in->ns[0].mounts.n; i++) {
		const struct image_mount *m = &in->ns[0].mounts.v[i];

		if (!m->key || strcmp(m->root, "/null") != 0)
			continue;
		return strcmp(m->key, m->mountpoint) ? "runc" : "crun";
	}
	return "runc or crun";
}

static void read_inventory(struct inspection *in)
{
	struct err err = { 0 };

	in->has_inventory = !images_read_inventory(in->images_fd, &in->inventory, &err);
	if (!in->has_inventory)
		strv_add(&in->problems, err.msg);
}

/* As a restore sees it, what CRIU has left out is there, too. */
static void add_left_out(struct inspection *in)
{
	struct err err = { 0 };
	size_t n;

	if (in->n_ns && in->ns[0].is_root &&
	    images_left_out_list(&in->ns[0].mounts, &in->info, &n, &err))
		strv_add(&in->problems, err.msg);
}

static void read_images(struct inspection *in, const struct names *names)
{
	struct err err = { 0 };

	/* of a memory dump there is nothing else to read */
	in->is_pre_dump = names->has_pages && !names->has_tasks && !names->n_ns;
	if (!in->is_pre_dump) {
		read_inventory(in);
		images_read_tasks(in->images_fd, &in->tasks, &in->problems);
		read_all_ns(in, names);
	}
	if (images_check_pages(in->images_fd, &err))
		strv_add(&in->problems, err.msg);
	if (sidecar_read_descriptors(in->images_fd, &in->descriptors, &err))
		strv_add(&in->problems, err.msg);
	if (sidecar_read_info(in->images_fd, &in->info, &err))
		strv_add(&in->problems, err.msg);
	add_left_out(in);
	read_parent(in);
}

/* The inventory, the tasks and the check of the pages may all stumble over one file. */
static void drop_repeats(struct strv *lines)
{
	AUTO(strv_done) struct strv all = *lines;

	*lines = (struct strv){ 0 };
	for (size_t i = 0; i < all.n; i++)
		if (!lines->n ||
		    (strcmp(lines->v[lines->n - 1], all.v[i]) && strcmp(lines->v[0], all.v[i])))
			strv_add(lines, all.v[i]);
}

int inspect_images(const char *dir, const char *work, struct inspection *out, struct err *err)
{
	auto_free struct names *names = xcalloc(1, sizeof(*names));

	*out = (struct inspection){ .dir_fd = -1, .images_fd = -1, .engine = "unknown" };
	if (open_dirs(dir, out, err) || list_files(out, names, err))
		return -1;
	read_images(out, names);
	if (read_work(work, out, err))
		return -1;
	out->engine = guess_engine(out);
	drop_repeats(&out->problems);
	return 0;
}

void inspection_done(struct inspection *in)
{
	for (size_t i = 0; i < in->n_ns; i++)
		images_mounts_done(&in->ns[i].mounts);
	free(take_ptr(&in->ns));
	in->n_ns = 0;
	images_tasks_done(&in->tasks);
	strv_done(&in->descriptors);
	checkpoint_info_done(&in->info);
	strv_done(&in->problems);
	fd_close(&in->dir_fd);
	fd_close(&in->images_fd);
	free(take_ptr(&in->dir));
	arena_done(&in->arena);
}
