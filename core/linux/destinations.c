/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/linux/destinations.h"

const char *destinations_resolve_one(int root_fd, const char *destination, struct arena *arena)
{
	auto_fd int fd = path_open(root_fd, destination, O_PATH, NULL);
	auto_free char *path = NULL;

	if (fd < 0 || path_resolve(root_fd, fd, &path, NULL))
		return NULL;
	return arena_strdup(arena, path);
}

const char *const *destinations_resolve(int root_fd, const struct spec *spec, struct arena *arena)
{
	const char **paths = arena_array(arena, spec->mounts.n, sizeof(*paths));

	for (size_t i = 0; i < spec->mounts.n; i++)
		paths[i] = destinations_resolve_one(root_fd, spec->mounts.v[i].destination, arena);
	return paths;
}
