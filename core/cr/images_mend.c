/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images_mend.h"
#include "proto/mnt.pb-c.h"

static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_MOUNTS };

/* One file: its entries as messages, unknown fields and all. */
struct mended_file {
	char *name;
	Criu__Image__MntEntry **v;
	size_t n;
	bool is_changed;
};

/* All of them: peer groups go across namespaces. */
struct mend {
	int dirfd;
	const struct mount_table *container;
	struct mended_file *files;
	size_t n;
	uint32_t last_group; /* the highest peer group id in use */
	struct err *err;
};

static void mend_done(struct mend *m)
{
	for (size_t i = 0; i < m->n; i++) {
		for (size_t k = 0; k < m->files[i].n; k++)
			criu__image__mnt_entry__free_unpacked(m->files[i].v[k], NULL);
		free(m->files[i].v);
		free(m->files[i].name);
	}
	free(m->files);
}

/* --- reading and writing -------------------------------------------------------------------------- */

static int read_entries(struct mend *m, struct mended_file *file)
{
	AUTO(image_file_done) struct image_file f = { .name = file->name, .err = m->err };
	const uint8_t *p;
	size_t bytes;

	if (image_file_load(m->dirfd, magics, &f))
		return -1;
	while (f.at < f.n) {
		if (image_file_next(&f, &p, &bytes))
			return -1;
		file->v = xrealloc(file->v, file->n + 1, sizeof(*file->v));
		file->v[file->n] = criu__image__mnt_entry__unpack(NULL, bytes, p);
		if (!file->v[file->n])
			return image_file_bad(&f, "not a mount entry");
		file->n++;
	}
	return 0;
}

static int write_entries(const struct mend *m, const struct mended_file *file)
{
	AUTO(buf_done) struct buf out = { 0 };

	image_file_put_magics(&out, magics);
	for (size_t i = 0; i < file->n; i++) {
		size_t bytes = criu__image__mnt_entry__get_packed_size(file->v[i]);
		auto_free uint8_t *p = xmalloc(bytes);

		criu__image__mnt_entry__pack(file->v[i], p);
		image_file_put_length(&out, bytes);
		buf_add(&out, p, bytes);
	}
	return fd_replace_file(m->dirfd, file->name, &out, 0600, m->err);
}

static bool is_mounts_file(const char *name)
{
	unsigned int n;
	int end = 0;

	return sscanf(name, "mountpoints-%u.img%n", &n, &end) == 1 && end && !name[end];
}

static int read_files(struct mend *m)
{
	int fd = openat(m->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int ret = 0;

	if (!dir) {
		fd_close(&fd);
		return err_sys(m->err, "open the image directory");
	}
	while (!ret && (entry = readdir(dir))) {
		if (!is_mounts_file(entry->d_name))
			continue;
		m->files = xrealloc(m->files, m->n + 1, sizeof(*m->files));
		m->files[m->n] = (struct mended_file){ .name = xstrdup(entry->d_name) };
		ret = read_entries(m, &m->files[m->n++]);
	}
	closedir(dir);
	return ret;
}

/* --- what is mended ------------------------------------------------------------------------------- */

static bool mend_deleted(Criu__Image__MntEntry *e)
{
	if (!e->ext_key || !e->deleted)
		return false;
	e->deleted = false;
	return true;
}

/* protobuf-c frees the string, so it has to be from malloc. */
static bool mend_mountpoint(const struct mend *m, Criu__Image__MntEntry *e)
{
	const struct mount_row *row = mount_table_find_id(m->container, e->mnt_id);

	if (!row || !strchr(row->mountpoint, '\n') || !str_eq(e->mountpoint, row->criu_mountpoint))
		return false;
	free(e->mountpoint);
	e->mountpoint = xstrdup(row->mountpoint);
	return true;
}

static bool has_peer(const struct mend *m, uint32_t group)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->files[i].n; k++)
			if (m->files[i].v[k]->shared_id == group)
				return true;
	return false;
}

/* Peers stay together: whoever shares with `e` gets its master as well. */
static void set_master(struct mend *m, Criu__Image__MntEntry *e, uint32_t master)
{
	uint32_t old = e->master_id;

	e->master_id = master;
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->files[i].n && e->shared_id; k++) {
			Criu__Image__MntEntry *peer = m->files[i].v[k];

			if (peer->shared_id == e->shared_id && peer->master_id == old) {
				peer->master_id = master;
				m->files[i].is_changed = true;
			}
		}
}

/* New ids lie above `first`, the old ones below. */
static bool mend_master(struct mend *m, Criu__Image__MntEntry *e, uint32_t first)
{
	if (!e->master_id || e->master_id > first || has_peer(m, e->master_id))
		return false;
	set_master(m, e, ++m->last_group);
	return true;
}

static void mend_entry(struct mend *m, struct mended_file *file, size_t index, uint32_t first)
{
	Criu__Image__MntEntry *e = file->v[index];

	file->is_changed |= mend_deleted(e);
	file->is_changed |= mend_mountpoint(m, e);
	file->is_changed |= mend_master(m, e, first);
}

static void find_last_group(struct mend *m)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->files[i].n; k++) {
			const Criu__Image__MntEntry *e = m->files[i].v[k];

			if (e->shared_id > m->last_group)
				m->last_group = e->shared_id;
			if (e->master_id > m->last_group)
				m->last_group = e->master_id;
		}
}

int images_mend(int dirfd, const struct mount_table *container, struct err *err)
{
	AUTO(mend_done) struct mend m = { .dirfd = dirfd, .container = container, .err = err };
	uint32_t first;

	if (read_files(&m))
		return -1;
	find_last_group(&m);
	first = m.last_group;
	for (size_t i = 0; i < m.n; i++)
		for (size_t k = 0; k < m.files[i].n; k++)
			mend_entry(&m, &m.files[i], k, first);
	for (size_t i = 0; i < m.n; i++)
		if (m.files[i].is_changed && write_entries(&m, &m.files[i]))
			return -1;
	return 0;
}
