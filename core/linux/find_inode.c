/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/linux/find_inode.h"

#define MAX_LEVELS 4
#define MAX_NAMES  8192

struct search {
	uint32_t inode;
	dev_t dev;
	unsigned int names; /* seen so far */
};

static char *search_dir(struct search *s, int dir_fd, unsigned int level);

static char *search_below(struct search *s, int dir_fd, const char *name, unsigned int level)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *below = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_dev != s->dev)
		return NULL;
	below = search_dir(s, take_fd(&fd), level + 1);
	return below ? xasprintf("%s/%s", name, below) : NULL;
}

/* Consumes `dir_fd`. What lies here is looked at before what lies deeper. */
static char *search_dir(struct search *s, int dir_fd, unsigned int level)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;
	char *found = NULL;

	if (!dir) {
		fd_close(&dir_fd);
		return NULL;
	}
	while (!found && (entry = readdir(dir)) && s->names++ < MAX_NAMES)
		if ((uint32_t)entry->d_ino == s->inode)
			found = xstrdup(entry->d_name);
	rewinddir(dir);
	while (!found && level < MAX_LEVELS && s->names < MAX_NAMES && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			found = search_below(s, dirfd(dir), entry->d_name, level);
	closedir(dir);
	return found;
}

char *find_inode(int dir_fd, uint32_t inode)
{
	auto_fd int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct search s = { .inode = inode };
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	s.dev = st.st_dev;
	return search_dir(&s, take_fd(&fd), 1);
}
