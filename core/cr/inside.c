/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/cr/inside.h"
#include "core/cr/inside_enter.h"
#include "core/linux/mount_fd.h"
#include "core/run/sync.h"

#ifndef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP 0x00000100 /* Linux 5.15 */
#endif

/* --- in the child ----------------------------------------------------------------------------- */

/* The mount's root; and not what the container may have put in its way. */
static int open_mount(const struct inside_place *place, const struct mount_row *row,
		      struct err *err)
{
	auto_fd int fd = path_open_plain(place->root_fd, row->mountpoint, O_PATH, err);
	struct statx stx;

	if (fd < 0)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx))
		return err_sys(err, "statx");
	if (!(stx.stx_mask & STATX_MNT_ID) || stx.stx_mnt_id != row->id)
		return err_set(err, ERR_STATE, "another mount is in its place");
	return take_fd(&fd);
}

static int set_flags(int fd, unsigned long have, unsigned long want, struct err *err)
{
	struct mount_fd_attrs diff = mount_fd_difference(have, want);
	struct mount_attr attr = { .attr_set = diff.set, .attr_clr = diff.clr };

	if (!mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return 0;
	if (errno == EBUSY && (want & ~have & MS_RDONLY)) {
		err_set(err, ERR_STATE,
			"it can't be read-only: a restored process has a file of it open for "
			"writing");
		return err_hint(err, "let it be writable in config.json, or checkpoint the "
				     "container when it has closed the file");
	}
	return err_sys(err, "set its flags");
}

static int set_propagation(int fd, unsigned long how, const char *what, struct err *err)
{
	struct mount_attr attr = { .propagation = how };

	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return err_sys(err, "make it %s", what);
	return 0;
}

/*
 * The kernel takes only a private mount into a group, from a mount of the same superblock whose
 * root is at or above its own (fs/namespace.c, do_set_group).
 */
static int join(int fd, int peer_fd, const char *peer, struct err *err)
{
	if (set_propagation(fd, MS_PRIVATE, "private", err))
		return -1;
	if (!move_mount(peer_fd, "", fd, "",
			MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return 0;
	if (errno == EINVAL)
		return err_set(err, ERR_UNSUPPORTED,
			       "it can't join the peer group of %s: that one is private, of "
			       "another file system, or shows less of it",
			       peer);
	return err_sys(err, "join the peer group of %s", peer);
}

static int join_host(int fd, const struct mount_expect_row *row, struct err *err)
{
	if (join(fd, row->host_fd, "the host's mount", err))
		return -1;
	if (row->propagation == EXTERNAL_SHARED)
		return 0;
	return set_propagation(fd, MS_SLAVE, "a slave", err);
}

static int join_peer(const struct inside_place *place, int fd, const struct mount_row *peer,
		     struct err *err)
{
	auto_fd int peer_fd = open_mount(place, peer, err);

	if (peer_fd < 0)
		return err_wrap(err, "its peer %s", peer->mountpoint);
	return join(fd, peer_fd, peer->mountpoint, err);
}

static int repair(const struct inside_place *place, const struct mount_repair *r, struct err *err)
{
	auto_fd int fd = -1;

	if (r->is_hidden)
		return err_set(err, ERR_UNSUPPORTED,
			       "it must be changed, but other mounts lie over it");
	fd = open_mount(place, r->actual, err);
	if (fd < 0)
		return -1;
	switch (r->kind) {
	case MOUNT_REPAIR_FLAGS: return set_flags(fd, r->actual->flags, r->row->flags, err);
	case MOUNT_REPAIR_GROUP: return join_host(fd, r->row, err);
	case MOUNT_REPAIR_PRIVATE:
		return r->row->is_unbindable ? set_propagation(fd, MS_UNBINDABLE, "unbindable", err)
					     : set_propagation(fd, MS_PRIVATE, "private", err);
	case MOUNT_REPAIR_SHARED: return set_propagation(fd, MS_SHARED, "shared", err);
	case MOUNT_REPAIR_PEER: return join_peer(place, fd, r->peer, err);
	}
	return 0;
}

static void repair_all(const struct inside_place *place, const struct mount_repairs *repairs,
		       struct findings *findings)
{
	for (size_t i = 0; i < repairs->n; i++) {
		const struct mount_repair *r = &repairs->v[i];
		const char *source = r->row->source;
		struct err e = { 0 };

		if (!repair(place, r, &e))
			continue;
		findings_add(findings, e.kind, "%s%s%s%s: %s", r->row->mountpoint,
			     source ? " (" : "", source ? source : "", source ? ")" : "", e.msg);
		if (e.hint[0])
			err_hint(findings->err, "%s", e.hint);
	}
}

/* --- on both sides ---------------------------------------------------------------------------- */

/* Compare, and with `place` repair. `*n`, if anything may be repaired: how much of it. */
static int compare(const struct mount_table *table, const struct mount_expect *expect,
		   const struct inside_place *place, size_t *n, struct err *err)
{
	AUTO(mount_repairs_done) struct mount_repairs repairs = { 0 };
	struct findings findings = { .err = err };

	mount_check(expect, table, n != NULL, &repairs, &findings);
	if (place && !findings.n)
		repair_all(place, &repairs, &findings);
	if (n)
		*n = repairs.n;
	return findings_end(&findings);
}

/* The child's own mountinfo is that of the namespace's root, wherever the task's root is. */
static int settle(int pidfd, const struct mount_expect *expect, size_t *n, struct err *err)
{
	AUTO(mount_table_done) struct mount_table before = { 0 };
	AUTO(mount_table_done) struct mount_table after = { 0 };
	struct inside_place place;

	if (inside_enter(pidfd, &place, err))
		return -1;
	if (inside_read_mounts(place.proc_fd, "self/mountinfo", &before, err) ||
	    compare(&before, expect, &place, n, err) ||
	    inside_read_mounts(place.proc_fd, "self/mountinfo", &after, err))
		return -1;
	return compare(&after, expect, NULL, NULL, err);
}

static int settle_in_child(pid_t pid, const struct mount_expect *expect, size_t *n, struct err *err)
{
	auto_fd int pidfd = proc_open(pid, 0, err);
	int socks[2], got = -1, status;
	pid_t child;

	if (pidfd < 0 || sync_pair(socks, err))
		return -1;
	child = fork();
	if (child == 0) {
		struct err e = { 0 };
		size_t count = 0;

		if (settle(pidfd, expect, &count, &e))
			sync_send_error(socks[1], &e);
		else if (!sync_send(socks[1], SYNC_READY, NULL))
			fd_write_all(socks[1], &count, sizeof(count), NULL);
		_exit(0);
	}
	fd_close(&socks[1]);
	if (child < 0)
		err_sys(err, "fork");
	else if (!sync_expect(socks[0], SYNC_READY, "the helper in the container", err))
		got = read(socks[0], n, sizeof(*n)) == sizeof(*n)
			      ? 0
			      : err_set(err, ERR_STATE, "the helper in the container was killed");
	fd_close(&socks[0]);
	if (child > 0)
		proc_wait(child, &status, NULL);
	return got;
}

int inside_settle(pid_t pid, const struct mount_expect *expect, size_t *n_repairs, struct err *err)
{
	AUTO(mount_table_done) struct mount_table table = { 0 };
	auto_free char *path = xasprintf("/proc/%d/mountinfo", pid);
	size_t n = 0;
	int ret = inside_read_mounts(AT_FDCWD, path, &table, err);

	if (!ret)
		ret = compare(&table, expect, NULL, &n, NULL);

	/* a task that has changed its root doesn't show all */
	if (ret || n)
		ret = settle_in_child(pid, expect, &n, err);
	log_debug("mounts compared with the plan: %s, %zu repaired", ret ? "they differ" : "alike",
		  ret ? 0 : n);
	if (!ret && n_repairs)
		*n_repairs = n;
	return ret ? err_wrap(err, "the restored mounts") : 0;
}
