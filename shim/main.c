/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - one binary, two names: the command line, and containerd's shim; and tools for CRIU
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "shim/cli/cli.h"
#include "shim/cli/criu_tools.h"
#include "shim/task/pause.h"
#include "shim/task/shim.h"
#include "shim/task/standin.h"

/* A caller may have closed 0, 1 or 2; what we open next must not become our stderr. */
static void fill_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", O_RDWR);
	}
}

int main(int argc, char **argv, char **envp)
{
	const char *name = argc ? str_last_part(argv[0]) : "";

	fill_stdio();
	/* ignored by a caller it is inherited, and then there are no children to wait for */
	signal(SIGCHLD, SIG_DFL);
	if (!strcmp(name, SHIM_NAME) || standin_is_meant(name))
		return shim_main(argv, envp);
	if (pause_is_meant(name))
		return pause_main();
	if (criu_tool_is_meant(name))
		return criu_tool_main(name, argv);
	return cli_main(argv, envp);
}
