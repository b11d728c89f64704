/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/str.h"
#include "shim/task/pause.h"

bool pause_is_meant(const char *name)
{
	return !strcmp(name, PAUSE_NAME);
}

int pause_main(void)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return 1;
	while (!sigwait(&set, &sig)) {
		if (sig != SIGCHLD)
			return 0;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return 1;
}
