/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/destinations.h"

/* Mostly there is no symlink, and the text is the answer; that saves two calls for each mount. */
const char *destinations_resolve_one(int root_fd, const char *destination, struct arena *arena)
{
	/* ".." goes by text first: mount_plan.c, and runc */
	auto_free char *clean = path_normalize(destination), *path = NULL;
	auto_fd int plain = path_open_plain(root_fd, clean, O_PATH, NULL), fd = -1;

	if (plain >= 0) {
		path = take_ptr(&clean);
	} else if (errno == ELOOP) {
		fd = path_open(root_fd, clean, O_PATH, NULL);
		if (fd < 0 || path_resolve(root_fd, fd, &path, NULL))
			return NULL;
	}
	return arena_strdup(arena, path);
}
