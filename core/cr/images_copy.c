/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images_copy.h"
#include "core/cr/images_left_out.h"
#include "core/plan/external_spec.h"
#include "core/plan/mountinfo.h"
#include "proto/mnt.pb-c.h"

#define MAX_NAMESPACES 1000
#define MAX_MOUNTS     100000 /* in all of them; the kernel's limit for one */
#define MAX_TEXT_BYTES 65536  /* a line of mountinfo that CRIU could read has less */
#define MAX_GROUP      (INT_MAX - 4 * MAX_MOUNTS)

static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };

static void file_done(struct images_copy_file *file)
{
	for (size_t i = 0; i < file->mounts.n && file->v; i++)
		criu__image__mnt_entry__free_unpacked(file->v[i], NULL);
	free(file->v);
	free(file->name);
	buf_done(&file->edited);
	images_mounts_done(&file->mounts);
}

void images_copy_done(struct images_copy *copy)
{
	for (size_t i = 0; i < copy->n; i++)
		file_done(&copy->v[i]);
	free(copy->v);
	*copy = (struct images_copy){ 0 };
}

/* --- reading ------------------------------------------------------------------------------------ */

/* N of mountpoints-N.img, as CRIU writes it. */
static bool is_mounts_file(const char *name, unsigned int *ns)
{
	static const char before[] = "mountpoints-", behind[] = ".img";
	unsigned long long n;
	auto_free char *number = NULL;
	size_t len = strlen(name);

	if (!str_starts(name, before) || len < sizeof(before) - 1 + sizeof(behind) ||
	    strcmp(name + len - (sizeof(behind) - 1), behind) != 0)
		return false;
	number = xasprintf("%.*s", (int)(len - sizeof(before) - sizeof(behind) + 2),
			   name + sizeof(before) - 1);
	if (str_to_u64(number, UINT_MAX, &n) || (number[0] == '0' && number[1]))
		return false;
	*ns = (unsigned int)n;
	return true;
}

static int read_file(int dirfd, struct images_copy_file *file, struct err *err)
{
	AUTO(image_file_done) struct image_file f = { .name = file->name, .err = err };
	const uint8_t *p;
	size_t bytes, n = 0;

	if (image_file_load(dirfd, magics, &f) ||
	    images_parse_mounts(file->name, f.p, f.n, &file->mounts, err))
		return -1;
	file->v = xcalloc(file->mounts.n, sizeof(*file->v));
	while (f.at < f.n && n < file->mounts.n) {
		if (image_file_next(&f, &p, &bytes))
			return -1;
		file->v[n] = criu__image__mnt_entry__unpack(NULL, bytes, p);
		if (!file->v[n++])
			return image_file_bad(&f, "not a mount entry");
	}
	return 0;
}

static int read_files(int dirfd, struct images_copy *copy, struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned int ns;
	int ret = 0;

	if (!dir) {
		fd_close(&fd);
		return err_sys(err, "open the image directory");
	}
	while (!ret && (entry = readdir(dir))) {
		if (!is_mounts_file(entry->d_name, &ns))
			continue;
		if (copy->n == MAX_NAMESPACES) {
			ret = err_set(err, ERR_INVALID, "there are more than %d files %s",
				      MAX_NAMESPACES, "mountpoints-N.img");
			break;
		}
		copy->v = xrealloc(copy->v, copy->n + 1, sizeof(*copy->v));
		copy->v[copy->n] =
			(struct images_copy_file){ .name = xstrdup(entry->d_name), .ns = ns };
		ret = read_file(dirfd, &copy->v[copy->n++], err);
	}
	closedir(dir);
	return ret;
}

/* --- checks ------------------------------------------------------------------------------------- */

struct node {
	const struct image_mount *mount;
	const struct images_copy_file *file;
	bool is_reached; /* the way up from here ends at the root */
	bool is_passed;
};

static int refuse(const struct node *node, struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "%s: mount %u (%.256s): %s", node->file->name,
		       node->mount->id, node->mount->mountpoint, why);
}

static bool is_sane_key(const char *key)
{
	if (!*key || strlen(key) > PATH_MAX)
		return false;
	for (const char *p = key; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	return true;
}

static int check_node(const struct node *node, struct err *err)
{
	const struct image_mount *m = node->mount;

	if (m->has_plugin)
		return refuse(node, err, "the image wants a plugin of CRIU to mount it");
	if (m->key && !is_sane_key(m->key))
		return refuse(node, err, "its key is empty, too long, or has control characters");
	if (strlen(m->mountpoint) > PATH_MAX || strlen(m->root) > PATH_MAX ||
	    strlen(m->source) > MAX_TEXT_BYTES || strlen(m->options) > MAX_TEXT_BYTES)
		return refuse(node, err, "it has a text that is longer than any mount's");
	if (m->shared > MAX_GROUP || m->master > MAX_GROUP)
		return refuse(node, err, "its peer group has a number that no kernel gives");
	return 0;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return x->mount->id < y->mount->id ? -1 : x->mount->id > y->mount->id;
}

static struct node *find_node(struct node *nodes, size_t n, unsigned int id)
{
	const struct image_mount mount = { .id = id };
	const struct node wanted = { .mount = &mount };

	return bsearch(&wanted, nodes, n, sizeof(*nodes), compare_nodes);
}

/* The mount that `node` lies on; NULL for a root. */
static struct node *parent_of(struct node *nodes, size_t n, const struct node *node)
{
	struct node *parent = find_node(nodes, n, node->mount->parent);

	return parent && parent != node && parent->file == node->file ? parent : NULL;
}

/* Up from here, over what wasn't passed yet: to the root, or in a circle. */
static int climb(struct node *nodes, size_t n, struct node *from, struct err *err)
{
	struct node *node = from;

	while (node && !node->is_reached) {
		if (node->is_passed)
			return refuse(node, err, "its parents go in a circle");
		node->is_passed = true;
		node = parent_of(nodes, n, node);
	}
	for (node = from; node && !node->is_reached; node = parent_of(nodes, n, node))
		node->is_reached = true;
	return 0;
}

static int check_root(struct images_copy_file *file, const struct node *node, struct err *err)
{
	if (!str_eq(node->mount->mountpoint, "/"))
		return refuse(node, err, "what it is mounted on isn't in the file");
	if (file->root_id)
		return refuse(node, err, "it is a second root");
	file->root_id = node->mount->id;
	return 0;
}

static int check_tree(struct images_copy *copy, struct node *nodes, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct node *parent = parent_of(nodes, n, &nodes[i]);

		if (i && nodes[i - 1].mount->id == nodes[i].mount->id)
			return refuse(&nodes[i], err, "another mount has the same id");
		if (!nodes[i].mount->id)
			return refuse(&nodes[i], err, "no mount has the id 0");
		if (parent &&
		    !mount_path_below(nodes[i].mount->mountpoint, parent->mount->mountpoint))
			return refuse(&nodes[i], err, "it doesn't lie below what it is mounted on");
		if (climb(nodes, n, &nodes[i], err))
			return -1;
		if (!parent && check_root(&copy->v[nodes[i].file - copy->v], &nodes[i], err))
			return -1;
	}
	return 0;
}

static int check_files(struct images_copy *copy, struct err *err)
{
	auto_free struct node *nodes = NULL;
	size_t n = 0;

	for (size_t i = 0; i < copy->n; i++)
		n += copy->v[i].mounts.n;
	if (n > MAX_MOUNTS)
		return err_set(err, ERR_INVALID, "mountpoints-N.img: %zu mounts, more than %d", n,
			       MAX_MOUNTS);
	nodes = xcalloc(n, sizeof(*nodes));
	n = 0;
	for (size_t i = 0; i < copy->n; i++)
		for (size_t k = 0; k < copy->v[i].mounts.n; k++) {
			nodes[n] = (struct node){ .mount = &copy->v[i].mounts.v[k],
						  .file = &copy->v[i] };
			if (check_node(&nodes[n++], err))
				return -1;
		}
	qsort(nodes, n, sizeof(*nodes), compare_nodes);
	if (check_tree(copy, nodes, n, err))
		return -1;
	for (size_t i = 0; i < copy->n; i++)
		if (!copy->v[i].root_id)
			return err_set(err, ERR_INVALID, "%s: it has no root mount",
				       copy->v[i].name);
	return 0;
}

/* --- names -------------------------------------------------------------------------------------- */

/* Whether CRIU would have written `mountpoint` as `written`. */
static bool is_written_as(const char *mountpoint, const char *written)
{
	while (*mountpoint) {
		if (*mountpoint == '\n' && str_starts(written, "\\012")) {
			mountpoint++;
			written += 4;
		} else if (*mountpoint++ != *written++) {
			return false;
		}
	}
	return !*written;
}

static int restore_name(struct images_copy_file *file, size_t i, const struct checkpoint_info *info,
			struct err *err)
{
	struct image_mount *m = &file->mounts.v[i];
	const struct checkpoint_mount *noted;

	if (!strstr(m->mountpoint, "\\012"))
		return 0;
	noted = checkpoint_info_find(info, m->id);
	if (!noted || !is_written_as(noted->mountpoint, m->mountpoint)) {
		err_set(err, ERR_INVALID,
			"%s: mount %u (%.256s): CRIU writes a newline like that, so it can't be "
			"told what the mountpoint's name is",
			file->name, m->id, m->mountpoint);
		return err_hint(err, "restore it from a directory with a kedge.json, which has the "
				     "name");
	}
	m->mountpoint = arena_strdup(&file->mounts.arena, noted->mountpoint);
	free(file->v[i]->mountpoint);
	file->v[i]->mountpoint = xstrdup(noted->mountpoint);
	return 0;
}

static int restore_names(struct images_copy *copy, const struct checkpoint_info *info,
			 struct err *err)
{
	for (size_t i = 0; i < copy->n; i++)
		for (size_t k = 0; k < copy->v[i].mounts.n; k++)
			if (restore_name(&copy->v[i], k, info, err))
				return -1;
	return 0;
}

/* -------------------------------------------------------------------------------------------------- */

static int find_root(struct images_copy *copy, unsigned int root_ns, struct err *err)
{
	for (size_t i = 0; i < copy->n; i++)
		if (copy->v[i].ns == root_ns) {
			copy->root = i;
			return 0;
		}
	return err_set(err, ERR_INVALID, "mountpoints-%u.img is not in the directory", root_ns);
}

int images_copy_read(int dirfd, unsigned int root_ns, const struct checkpoint_info *info,
		     struct images_copy *copy, struct err *err)
{
	struct images_copy read = { 0 };

	if (read_files(dirfd, &read, err) || find_root(&read, root_ns, err) ||
	    images_left_out_add(&read.v[read.root], info, err) || check_files(&read, err) ||
	    restore_names(&read, info, err)) {
		images_copy_done(&read);
		return -1;
	}
	*copy = read;
	return 0;
}
