/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images_pages.h"
#include "proto/inventory.pb-c.h"
#include "proto/pagemap.pb-c.h"

#define IMAGE_MAGIC_PAGEMAP 0x56084025

#define FLAG_PRESENT 4U

/* How many pages of an entry lie in the pages image; before CRIU 3.0 there were no flags. */
static uint64_t pages_of(const Criu__Image__PagemapEntry *e)
{
	bool is_present = e->has_flags ? e->flags & FLAG_PRESENT : !e->in_parent;

	if (!is_present)
		return 0;
	return e->has_nr_pages ? e->nr_pages : e->compat_nr_pages;
}

static int add_pages(struct image_file *f, uint64_t *pages)
{
	Criu__Image__PagemapEntry *e;
	const uint8_t *p;
	size_t bytes;
	uint64_t more;

	if (image_file_next(f, &p, &bytes))
		return -1;
	e = criu__image__pagemap_entry__unpack(NULL, bytes, p);
	if (!e)
		return image_file_bad(f, "not a pagemap entry");
	more = pages_of(e);
	criu__image__pagemap_entry__free_unpacked(e, NULL);
	if (more > UINT64_MAX / 2 - *pages)
		return image_file_bad(f, "more pages than there can be");
	*pages += more;
	return 0;
}

static int read_head(struct image_file *f, unsigned int *pages_id)
{
	Criu__Image__PagemapHead *head;
	const uint8_t *p;
	size_t bytes;

	if (image_file_next(f, &p, &bytes))
		return -1;
	head = criu__image__pagemap_head__unpack(NULL, bytes, p);
	if (!head)
		return image_file_bad(f, "not the head of a pagemap");
	*pages_id = head->pages_id;
	criu__image__pagemap_head__free_unpacked(head, NULL);
	return 0;
}

/* Several pagemaps may share one pages image (shared memory): each must fit by itself. */
static int check_length(int dirfd, const char *pagemap, unsigned int pages_id, uint64_t pages,
			struct err *err)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "pages-%u.img", pages_id);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT && !pages)
			return 0;
		return err_set(err, ERR_INVALID, "%s: %s, but %s speaks of it", name,
			       strerror(errno), pagemap);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s: it is not a regular file", name);
	if ((uint64_t)st.st_size / page_bytes >= pages)
		return 0;
	return err_set(err, ERR_INVALID,
		       "%s: it has %llu bytes, but %s wants %llu pages of %llu bytes from it", name,
		       (unsigned long long)st.st_size, pagemap, (unsigned long long)pages,
		       (unsigned long long)page_bytes);
}

static int check_pagemap(int dirfd, const char *name, struct err *err)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_PAGEMAP };
	AUTO(image_file_done) struct image_file f = { .name = name, .err = err };
	unsigned int pages_id = 0;
	uint64_t pages = 0;

	if (image_file_load(dirfd, magics, &f) || read_head(&f, &pages_id))
		return -1;
	while (f.at < f.n)
		if (add_pages(&f, &pages))
			return -1;
	return check_length(dirfd, name, pages_id, pages, err);
}

static int need_image(int dirfd, const char *kind, unsigned int id, struct err *err)
{
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "%s-%u.img", kind, id);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_set(err, ERR_INVALID, "%s: %s, but pstree.img lists its task", name,
			       strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return err_set(err, ERR_INVALID, "%s: it is empty or not a regular file", name);
	return 0;
}

static int check_task(struct image_file *f, int dirfd)
{
	Criu__Image__PstreeEntry *e;
	const uint8_t *p;
	size_t bytes;
	int ret;

	if (image_file_next(f, &p, &bytes))
		return -1;
	e = criu__image__pstree_entry__unpack(NULL, bytes, p);
	if (!e)
		return image_file_bad(f, "not a process entry");
	ret = need_image(dirfd, "core", e->pid, f->err);
	/* one thread is the task itself; a zombie's has a number that CRIU never set */
	for (size_t i = 0; !ret && e->n_threads > 1 && i < e->n_threads; i++)
		ret = need_image(dirfd, "core", e->threads[i], f->err);
	criu__image__pstree_entry__free_unpacked(e, NULL);
	return ret;
}

int images_check_tasks(int dirfd, struct err *err)
{
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_PSTREE };
	AUTO(image_file_done) struct image_file f = { .name = "pstree.img", .err = err };

	if (image_file_load(dirfd, magics, &f))
		return -1;
	while (f.at < f.n)
		if (check_task(&f, dirfd))
			return -1;
	return 0;
}

int images_check_pages(int dirfd, struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	int ret = 0;
	DIR *d;

	if (fd < 0)
		return err_sys(err, "open the image directory");
	d = fdopendir(fd);
	if (!d) {
		fd_close(&fd);
		return err_sys(err, "list the image directory");
	}
	while (!ret && (e = readdir(d)))
		if (str_starts(e->d_name, "pagemap-"))
			ret = check_pagemap(dirfd, e->d_name, err);
	closedir(d);
	return ret;
}
