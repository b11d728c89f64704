/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/cr/images.h"
#include "core/cr/images_pages.h"
#include "core/cr/inspect.h"
#include "core/cr/sidecar.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A container's images, one of which is exchanged for the input. */
#define SOUND "core/cr/testdata/images"

static void read_inventory(int dirfd)
{
	struct image_inventory inventory;
	struct err err = { 0 };

	images_read_inventory(dirfd, &inventory, &err);
	images_check_tasks(dirfd, &err);
}

static void read_pages(int dirfd)
{
	struct err err = { 0 };

	images_check_pages(dirfd, &err);
}

static void read_stats(int dirfd)
{
	struct image_dump_stats stats;
	struct err err = { 0 };

	images_read_dump_stats(dirfd, &stats, &err);
}

static void read_descriptors(int dirfd)
{
	AUTO(strv_done) struct strv descriptors = { 0 };
	struct err err = { 0 };

	sidecar_read_descriptors(dirfd, &descriptors, &err);
}

static void read_mounts(int dirfd)
{
	AUTO(images_mounts_done) struct image_mounts mounts = { 0 };
	struct err err = { 0 };

	images_read_mounts(dirfd, &mounts, &err);
}

/* The beginning of a file tells which one it is: its magics, or JSON's first character. */
static const struct {
	const char *name;
	const char *begin;
	size_t n;
	void (*read)(int dirfd);
} files[] = {
	{ "inventory.img", "\x16\x31\x31\x58", 4, read_inventory },
	{ "pstree.img", "\x19\x43\x56\x54\x30\x30\x27\x50", 8, read_inventory },
	{ "ids-1.img", "\x19\x43\x56\x54\x30\x20\x43\x54", 8, read_inventory },
	{ "pagemap-1.img", "\x19\x43\x56\x54\x25\x40\x08\x56", 8, read_pages },
	{ "core-1.img", "\x19\x43\x56\x54\x47\x38\x05\x55", 8, read_pages },
	{ "stats-dump", "\x40\x59\x10\x55", 4, read_stats },
	{ "descriptors.json", "[", 1, read_descriptors },
	{ "mountpoints-13.img", "", 0, read_mounts },
};

static char *dir_path; /* in $TMPDIR, which hack/fuzz makes and removes */
static int dir_fd = -1;

static void write_file(const char *name, const void *p, size_t bytes)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, p, bytes, NULL))
		abort();
}

/* As the checkpoint left it; what it doesn't have is taken away. */
static void put_back(const char *name)
{
	AUTO(buf_done) struct buf b = { 0 };
	auto_free char *path = xasprintf("%s/%s", SOUND, name);

	if (fd_read_file(AT_FDCWD, path, 1 << 20, &b, NULL))
		unlinkat(dir_fd, name, 0);
	else
		write_file(name, b.p, b.n);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	dir_path = xasprintf("%s/images-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir_path))
		abort();
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put_back(files[i].name);
	return 0;
}

static size_t find_file(const uint8_t *data, size_t size)
{
	size_t i = 0;

	while (size < files[i].n || memcmp(data, files[i].begin, files[i].n) != 0)
		i++;
	return i;
}

/* First what reads this very file alone, so that sound ones among the others don't pass for coverage. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(inspection_done) struct inspection inspection = { .dir_fd = -1, .images_fd = -1 };
	const size_t i = find_file(data, size);

	write_file(files[i].name, data, size);
	files[i].read(dir_fd);
	inspect_images(dir_path, NULL, &inspection, NULL);
	put_back(files[i].name);
	return 0;
}
