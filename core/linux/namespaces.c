/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/linux/namespaces.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* Linux 5.6 */
#endif

static const struct {
	int flag;
	const char *name; /* in config.json */
	const char *file; /* in /proc/PID/ns */
} kinds[SPEC_NS_KINDS] = {
	[SPEC_NS_USER] = { CLONE_NEWUSER, "user", "user" },
	[SPEC_NS_PID] = { CLONE_NEWPID, "pid", "pid" },
	[SPEC_NS_NET] = { CLONE_NEWNET, "network", "net" },
	[SPEC_NS_IPC] = { CLONE_NEWIPC, "ipc", "ipc" },
	[SPEC_NS_UTS] = { CLONE_NEWUTS, "uts", "uts" },
	[SPEC_NS_MOUNT] = { CLONE_NEWNS, "mount", "mnt" },
	[SPEC_NS_CGROUP] = { CLONE_NEWCGROUP, "cgroup", "cgroup" },
	[SPEC_NS_TIME] = { CLONE_NEWTIME, "time", "time" },
};

uint64_t namespaces_clone_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (int i = 0; i < SPEC_NS_KINDS; i++)
		if (i != SPEC_NS_CGROUP && spec->ns[i].present && !spec->ns[i].path)
			flags |= (uint64_t)(unsigned int)kinds[i].flag;
	return flags;
}

int namespaces_all_flags(const struct spec *spec)
{
	int flags = 0;

	for (int i = 0; i < SPEC_NS_KINDS; i++)
		if (spec->ns[i].present)
			flags |= kinds[i].flag;
	return flags;
}

static const char *name_of_flag(int flag)
{
	for (int i = 0; i < SPEC_NS_KINDS; i++)
		if (kinds[i].flag == flag)
			return kinds[i].name;
	return "unknown";
}

static void fill_empty(int fds[SPEC_NS_KINDS])
{
	for (int i = 0; i < SPEC_NS_KINDS; i++)
		fds[i] = -1;
}

void namespaces_close(int fds[SPEC_NS_KINDS])
{
	for (int i = 0; i < SPEC_NS_KINDS; i++)
		fd_close(&fds[i]);
}

/* Non-blocking, for a path that leads to a pipe instead. */
static int open_one(enum spec_ns kind, const char *path, struct err *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int type;

	if (fd < 0)
		return err_sys(err, "open %s namespace %s", kinds[kind].name, path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type == kinds[kind].flag)
		return take_fd(&fd);
	if (type < 0)
		return err_set(err, ERR_INVALID, "%s namespace %s: it isn't a namespace",
			       kinds[kind].name, path);
	return err_set(err, ERR_INVALID, "%s namespace %s: it is a %s namespace", kinds[kind].name,
		       path, name_of_flag(type));
}

int namespaces_open(const struct spec *spec, int fds[SPEC_NS_KINDS], struct err *err)
{
	fill_empty(fds);
	for (int i = 0; i < SPEC_NS_KINDS; i++) {
		const struct spec_namespace *ns = &spec->ns[i];

		if (!ns->present || !ns->path)
			continue;
		fds[i] = open_one((enum spec_ns)i, ns->path, err);
		if (fds[i] < 0) {
			namespaces_close(fds);
			return -1;
		}
	}
	return 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int enter(enum spec_ns kind, int fd, struct err *err)
{
	if (setns(fd, kinds[kind].flag))
		return err_sys(err, "enter the %s namespace", kinds[kind].name);
	return 0;
}

static int enter_user(int fd, struct err *err)
{
	struct stat ours, theirs;

	if (!stat("/proc/self/ns/user", &ours) && !fstat(fd, &theirs) &&
	    is_same_file(&ours, &theirs))
		return 0;
	return enter(SPEC_NS_USER, fd, err);
}

int namespaces_join(const int fds[SPEC_NS_KINDS], struct err *err)
{
	bool is_late[SPEC_NS_KINDS] = { false };
	int user = fds[SPEC_NS_USER];

	for (int i = 0; i < SPEC_NS_KINDS; i++) {
		if (i == SPEC_NS_USER || fds[i] < 0 || !enter((enum spec_ns)i, fds[i], err))
			continue;
		if (user < 0 || errno != EPERM)
			return -1;
		is_late[i] = true;
		if (err)
			err_clear(err);
	}
	if (user >= 0 && enter_user(user, err))
		return -1;
	for (int i = 0; i < SPEC_NS_KINDS; i++)
		if (is_late[i] && enter((enum spec_ns)i, fds[i], err))
			return -1;
	return 0;
}

/* The pid that a pidfd stands for, in our pid namespace; 0 or less when it has none there. */
static int pid_of(int pidfd)
{
	AUTO(buf_done) struct buf b = { 0 };
	const char *line;
	char path[64];
	int pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (fd_read_file(AT_FDCWD, path, 4096, &b, NULL))
		return -1;
	line = strstr(b.p, "Pid:");
	return line && sscanf(line, "Pid: %d", &pid) == 1 ? pid : -1;
}

static bool is_in_our_user_ns(int pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return !stat("/proc/self/ns/user", &ours) && !stat(path, &theirs) &&
	       is_same_file(&ours, &theirs);
}

static int join_one_by_one(int pidfd, int flags, struct err *err)
{
	int fds[SPEC_NS_KINDS], pid = pid_of(pidfd), ret = 0;

	fill_empty(fds);
	for (int i = 0; !ret && i < SPEC_NS_KINDS; i++) {
		char path[64];

		if (!(flags & kinds[i].flag))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i].file);
		fds[i] = open_one((enum spec_ns)i, path, err);
		ret = fds[i] < 0 ? -1 : 0;
	}
	/* The pid was the same process all the time if it still is. */
	if (!ret && pid_of(pidfd) != pid)
		ret = err_set(err, ERR_NOT_FOUND, "process %d has ended", pid);
	ret = ret ? ret : namespaces_join(fds, err);
	namespaces_close(fds);
	return ret;
}

int namespaces_join_pid(int pidfd, int flags, struct err *err)
{
	if (flags & CLONE_NEWUSER && is_in_our_user_ns(pid_of(pidfd)))
		flags &= ~CLONE_NEWUSER;
	if (!flags || !setns(pidfd, flags))
		return 0;
	if (errno == EINVAL || errno == EBADF)
		return join_one_by_one(pidfd, flags, err);
	return err_sys(err, "enter the container's namespaces");
}

static int write_id_map(pid_t pid, const char *file, const struct spec_id_maps *maps,
			struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };
	char path[64];

	for (size_t i = 0; i < maps->n; i++)
		buf_addf(&b, "%u %u %u\n", maps->v[i].container_id, maps->v[i].host_id,
			 maps->v[i].size);
	if (!maps->n)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (!fd_write_file(AT_FDCWD, path, b.p, err))
		return 0;
	if (err && err->sys == EINVAL)
		err->kind = ERR_INVALID;
	return err_hint(err, "the ranges must not overlap, and must be mapped here");
}

int namespaces_write_id_maps(pid_t pid, const struct spec_id_maps *uid_maps,
			     const struct spec_id_maps *gid_maps, struct err *err)
{
	if (write_id_map(pid, "uid_map", uid_maps, err))
		return -1;
	return write_id_map(pid, "gid_map", gid_maps, err);
}

static void add_offset(struct buf *b, const char *clock, const struct spec_time_offset *offset)
{
	if (offset->set)
		buf_addf(b, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
}

int namespaces_write_time_offsets(const struct spec *spec, struct err *err)
{
	AUTO(buf_done) struct buf b = { 0 };

	add_offset(&b, "monotonic", &spec->monotonic);
	add_offset(&b, "boottime", &spec->boottime);
	if (!b.n || !fd_write_file(AT_FDCWD, "/proc/self/timens_offsets", b.p, err))
		return 0;
	if (err && (err->sys == ERANGE || err->sys == EINVAL))
		err->kind = ERR_INVALID;
	return -1;
}
