/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/linux/net_links.h"
#include "core/linux/net_look.h"
#include "core/linux/net_sockets.h"

/* What the child fills in; the memory is shared. */
struct shared {
	struct net_look look;
	struct err err;
};

static void look_at_iptables(const char *path, struct net_facts *facts)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c;

	if (fd >= 0 && read(fd, &c, 1) > 0 && !facts->odd)
		facts->odd = "there are iptables";
}

static int look_around(struct net_look *look, bool with_sysctls, struct err *err)
{
	if (net_links_look(&look->facts, err))
		return -1;
	look_at_iptables("/proc/thread-self/net/ip_tables_names", &look->facts);
	look_at_iptables("/proc/thread-self/net/ip6_tables_names", &look->facts);
	net_sockets_look(&look->facts);
	if (with_sysctls)
		net_sysctls_read(&look->sysctls);
	return 0;
}

static int look_from_child(int netns, bool with_sysctls, struct shared *shared, struct err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		if (setns(netns, CLONE_NEWNET))
			_exit(err_sys(&shared->err, "enter it") ? 1 : 0);
		_exit(look_around(&shared->look, with_sysctls, &shared->err) ? 1 : 0);
	}
	if (proc_wait(pid, &status, err))
		return -1;
	if (!status)
		return 0;
	if (!shared->err.kind)
		return err_set(err, ERR_SYS, "the process that looked ended with status %d",
			       status);
	if (err)
		*err = shared->err;
	return -1;
}

int net_look(pid_t pid, bool with_sysctls, struct net_look *out, struct err *err)
{
	char path[64];
	auto_fd int netns = -1;
	struct shared *shared;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(err, "open %s", path);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return err_sys(err, "share memory with a child");
	ret = look_from_child(netns, with_sysctls, shared, err);
	if (!ret)
		*out = shared->look;
	munmap(shared, sizeof(*shared));
	return ret ? err_wrap(err, "network namespace of process %d", (int)pid) : 0;
}
