/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/report.h"
#include "proto/stats.pb-c.h"

static uint64_t bytes_in(int images_fd)
{
	int fd = openat(images_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	if (!dir) {
		fd_close(&fd);
		return 0;
	}
	while ((entry = readdir(dir)))
		if (!fstatat(images_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	closedir(dir);
	return bytes;
}

static uint64_t frozen_us(int work_fd)
{
	const struct image_magics magics = { IMAGE_MAGIC_SERVICE, IMAGE_MAGIC_STATS };
	AUTO(image_file_done) struct image_file f = { .name = "stats-dump" };
	Criu__Image__StatsEntry *stats;
	uint64_t us = 0;
	const uint8_t *p;
	size_t n;

	if (image_file_load(work_fd, magics, &f) || image_file_next(&f, &p, &n))
		return 0;
	stats = criu__image__stats_entry__unpack(NULL, n, p);
	if (stats && stats->dump)
		us = stats->dump->frozen_time;
	if (stats)
		criu__image__stats_entry__free_unpacked(stats, NULL);
	return us;
}

void cr_report_measure(int images_fd, int work_fd, struct cr_report *report)
{
	report->bytes = bytes_in(images_fd);
	report->frozen_us = frozen_us(work_fd);
}
