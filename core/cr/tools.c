/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cr/tools.h"

#define TOOLS "tools"

static int link_tools(int dir_fd)
{
	char self[64];

	/* our binary may lie where no path leads to any more (sealed.h) */
	snprintf(self, sizeof(self), "/proc/%d/exe", (int)getpid());
	return symlinkat(self, dir_fd, TOOLS "/tar");
}

const char *tools_make(const struct container *c, char path[TOOLS_PATH_BYTES])
{
	snprintf(path, TOOLS_PATH_BYTES, "/proc/%d/fd/%d/" TOOLS, (int)getpid(), c->dir_fd);
	/* of a kedge that was killed */
	tools_remove(c);
	if (!mkdirat(c->dir_fd, TOOLS, 0700) && !link_tools(c->dir_fd))
		return path;
	log_debug("container %s: no tools for CRIU: errno %d", c->id, errno);
	return NULL;
}

void tools_remove(const struct container *c)
{
	fd_remove_tree(c->dir_fd, TOOLS, NULL);
}
