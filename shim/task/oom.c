/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "shim/task/oom.h"
#include "shim/task/stats_file.h"

/* Empty the fd; whether there was anything. */
static bool drain(int fd)
{
	char events[1024] __attribute__((aligned(8)));
	bool any = false;

	while (read(fd, events, sizeof(events)) > 0)
		any = true;
	return any;
}

static uint64_t count_kills(const char *file)
{
	static const struct stats_field field[] = { { "oom_kill", 0 } };
	AUTO(buf_done) struct buf text = { 0 };
	uint64_t kills = 0;

	if (!fd_read_file(AT_FDCWD, file, 4096, &text, NULL) && text.n)
		stats_parse_pairs(text.p, field, 1, &kills);
	return kills;
}

/* v1 also tells when the cgroup is removed. */
static void check_v1(struct oom *oom)
{
	if (drain(oom->source.fd) && !access(oom->file, F_OK))
		oom->happened(oom);
}

/* memory.events changes for other reasons, too. */
static void check_v2(struct oom *oom)
{
	uint64_t kills = count_kills(oom->file);
	bool is_new = kills > oom->kills;

	drain(oom->source.fd);
	oom->kills = kills;
	if (is_new)
		oom->happened(oom);
}

void oom_check(struct oom *oom)
{
	if (oom->source.fd < 0)
		return;
	if (oom->is_v1)
		check_v1(oom);
	else
		check_v2(oom);
}

static void ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	oom_check((void *)((char *)source - offsetof(struct oom, source)));
}

/* Gives the eventfd; the kernel holds what it needs, also when `control` is closed. */
static int connect_v1(const char *dir, const char *file, struct err *err)
{
	auto_free char *control = xasprintf("%s/cgroup.event_control", dir);
	auto_fd int watched = open(file, O_RDONLY | O_CLOEXEC);
	auto_fd int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	if (watched < 0)
		return err_sys(err, "open %s", file);
	if (fd < 0)
		return err_sys(err, "make an eventfd");
	snprintf(text, sizeof(text), "%d %d", fd, watched);
	if (fd_write_file(AT_FDCWD, control, text, err))
		return -1;
	return take_fd(&fd);
}

static int connect_v2(const char *file, struct err *err)
{
	auto_fd int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "make an inotify fd");
	if (inotify_add_watch(fd, file, IN_MODIFY) < 0)
		return err_sys(err, "watch %s", file);
	return take_fd(&fd);
}

int oom_watch(struct oom *oom, struct loop *loop, const struct cgroup *cg, struct err *err)
{
	const char *v1 = cgroup_dir_of(cg, "memory"), *v2 = cgroup_dir_of(cg, "");
	auto_free char *file = v1   ? xasprintf("%s/memory.oom_control", v1)
			       : v2 ? xasprintf("%s/memory.events", v2)
				    : NULL;

	oom_done(oom);
	if (!file || (!v1 && access(file, F_OK)))
		return 0;
	oom->loop = loop;
	oom->is_v1 = v1;
	oom->kills = v1 ? 0 : count_kills(file);
	oom->source.ready = ready;
	oom->source.fd = v1 ? connect_v1(v1, file, err) : connect_v2(file, err);
	if (oom->source.fd < 0)
		return -1;
	oom->file = take_ptr(&file);
	if (!loop_watch(loop, &oom->source, EPOLLIN, err))
		return 0;
	oom_done(oom);
	return -1;
}

void oom_done(struct oom *oom)
{
	if (oom->source.fd >= 0)
		loop_unwatch(oom->loop, &oom->source);
	fd_close(&oom->source.fd);
	free(take_ptr(&oom->file));
}
