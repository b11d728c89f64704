/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/cr/inside.h"
#include "core/cr/inside_enter.h"
#include "core/linux/copy.h"
#include "core/linux/mount_fd.h"
#include "core/linux/on_proc.h"
#include "core/plan/mount_added.h"
#include "core/run/sync.h"

/* What was done for one mount, to be undone in the other direction. */
struct step {
	bool is_attached;
	int tree_fd; /* borrowed */
	int root_fd; /* a writable clone of the root in which something was made, or -1 */
	struct path_made made;
};

struct attacher {
	struct inside_place place;
	struct step *steps;
	size_t n;
};

/* Where `fd` lies in the container. Its own /proc isn't asked. */
static char *find_place(const struct attacher *a, int fd, struct err *err)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "self/fd/%d", fd);
	n = readlinkat(a->place.proc_fd, link, path, sizeof(path));
	if (n > 0 && n < (ssize_t)sizeof(path))
		return xasprintf("%.*s", (int)n, path);
	err_set(err, ERR_SYS, "the destination has no path");
	return NULL;
}

static int make(int root_fd, const struct inside_addition *m, struct path_made *made,
		struct err *err)
{
	if (m->is_dir)
		return path_make_dir(root_fd, m->destination, 0755, made, err);
	return path_make_file(root_fd, m->destination, 0755, made, err);
}

/*
 * `create` makes mountpoints before the root becomes read-only; now it is. A clone of the root
 * mount that only we have is written to instead. What lies on another mount isn't found again
 * then.
 */
static int make_below_readonly(const struct attacher *a, const struct inside_addition *m,
			       struct step *step, struct err *err)
{
	struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY };
	auto_fd int made = -1;

	step->root_fd = mount_fd_clone(a->place.root_fd, "", AT_EMPTY_PATH);
	if (step->root_fd < 0 ||
	    mount_setattr(step->root_fd, "", AT_EMPTY_PATH, &writable, sizeof(writable)))
		return err_sys(err, "make the destination in the read-only root");
	made = make(step->root_fd, m, &step->made, err);
	if (made < 0)
		return -1;
	return path_open(a->place.root_fd, m->destination, O_PATH, err);
}

static int open_destination(const struct attacher *a, const struct inside_addition *m,
			    struct step *step, struct err *err)
{
	struct err e = { 0 };
	int fd = path_open(a->place.root_fd, m->destination, O_PATH, &e);

	if (fd >= 0 || e.sys != ENOENT) {
		if (fd < 0 && err)
			*err = e;
		return fd;
	}
	fd = make(a->place.root_fd, m, &step->made, &e);
	if (fd < 0 && e.sys == EROFS)
		return make_below_readonly(a, m, step, err);
	if (fd < 0 && err)
		*err = e;
	return fd;
}

/* The root can't be covered, /proc only as at create, and kinds must match. */
static int check_destination(const struct attacher *a, const struct inside_addition *m, int fd,
			     struct err *err)
{
	auto_free char *wanted = path_normalize(m->destination);
	auto_free char *where = find_place(a, fd, err);
	struct stat st;

	if (!where)
		return -1;
	if (fstat(fd, &st))
		return err_sys(err, "stat the destination");
	if (!strcmp(where, "/"))
		return err_set(err, ERR_INVALID, "nothing can be mounted over the root itself");
	if (S_ISDIR(st.st_mode) != m->is_dir)
		return err_set(err, ERR_INVALID, "the source is a %s, the destination is a %s",
			       m->is_dir ? "directory" : "file", m->is_dir ? "file" : "directory");
	if (strcmp(wanted, "/proc") != 0 && !on_proc(fd))
		return 0;
	return on_proc_check(wanted, where, m->tree_fd, m->source, err);
}

static int set_propagation(const struct inside_addition *m, struct err *err)
{
	for (size_t i = 0; i < m->n_propagation; i++) {
		unsigned long how = m->propagation[i];
		unsigned int flags = AT_EMPTY_PATH | (how & MS_REC ? AT_RECURSIVE : 0U);
		struct mount_attr attr = { .propagation = how & ~(unsigned long)MS_REC };

		if (mount_setattr(m->tree_fd, "", flags, &attr, sizeof(attr)))
			return err_sys(err, "change its propagation");
	}
	return 0;
}

/* It may be read-only already. A clone that only we have isn't. */
static int open_writable(int tree_fd, struct err *err)
{
	struct mount_attr writable = { .attr_clr = MOUNT_ATTR_RDONLY };
	auto_fd int clone = mount_fd_clone(tree_fd, "", AT_EMPTY_PATH);
	int fd;

	if (clone < 0 || mount_setattr(clone, "", AT_EMPTY_PATH, &writable, sizeof(writable)))
		return err_sys(err, "clone the new mount");
	fd = openat(clone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open the new mount") : fd;
}

/* What `create` does with a tmpfs: see mount_tmpfs() in core/linux/rootfs_mounts.c. */
static int take_over(const struct inside_addition *m, int covered_fd, bool is_made, struct err *err)
{
	bool takes_mode = m->takes_mode && !is_made;
	auto_fd int fd = -1;
	struct stat st;

	if (!takes_mode && !m->is_copied_up)
		return 0;
	fd = open_writable(m->tree_fd, err);
	if (fd < 0)
		return -1;
	if (takes_mode && (fstat(covered_fd, &st) || fchmod(fd, st.st_mode & 07777U)))
		return err_sys(err, "take over the mode of the directory");
	if (m->is_copied_up && copy_tree(covered_fd, fd, err))
		return err_wrap(err, "tmpcopyup");
	return 0;
}

static int attach(struct attacher *a, const struct inside_addition *m, struct err *err)
{
	struct step *step = &a->steps[a->n++];
	auto_fd int fd = -1;

	*step = (struct step){ .tree_fd = m->tree_fd, .root_fd = -1 };
	fd = open_destination(a, m, step, err);
	if (fd < 0 || check_destination(a, m, fd, err))
		return -1;
	if (mount_fd_attach(m->tree_fd, fd))
		return err_sys(err, "mount %s", m->source ? m->source : "it");
	step->is_attached = true;
	if (take_over(m, fd, step->made.n, err))
		return -1;
	/* now, for what it lies on may have made it shared */
	return set_propagation(m, err);
}

static int check(const struct mount_table *table, const struct inside_addition *m, struct err *err)
{
	const struct mount_row *row;
	struct statx stx;

	if (!m->expect)
		return 0;
	if (statx(m->tree_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx))
		return err_sys(err, "statx");
	row = mount_table_find_id(table, (unsigned int)stx.stx_mnt_id);
	if (!row)
		return err_set(err, ERR_CRIU, "it isn't mounted");
	return mount_added_check(m->expect, row, err);
}

static int attach_all(struct attacher *a, const struct inside_addition *v, size_t n,
		      struct err *err)
{
	AUTO(mount_table_done) struct mount_table table = { 0 };

	for (size_t i = 0; i < n; i++)
		if (attach(a, &v[i], err))
			return err_wrap(err, "mount %zu (%s)", v[i].index, v[i].destination);
	if (inside_read_mounts(a->place.proc_fd, "self/mountinfo", &table, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (check(&table, &v[i], err))
			return err_wrap(err, "mount %zu (%s)", v[i].index, v[i].destination);
	return 0;
}

static void undo(struct attacher *a)
{
	while (a->n) {
		struct step *step = &a->steps[--a->n];
		auto_free char *path = step->is_attached ? find_place(a, step->tree_fd, NULL)
							 : NULL;

		if (path)
			umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
		path_made_undo(&step->made);
		fd_close(&step->root_fd);
	}
}

/*
 * The child: attach all, then wait to hear whether the restore succeeded. An error means that it
 * didn't. If kedge is gone nobody knows, and the mounts stay.
 */
static void serve(int pidfd, const struct inside_addition *v, size_t n, int sock)
{
	struct attacher a = { .steps = xcalloc(n, sizeof(*a.steps)) };
	struct err e = { 0 };
	sigset_t all;
	int ret;

	sigfillset(&all); /* a terminal's ^C is for kedge, which will tell */
	sigprocmask(SIG_BLOCK, &all, NULL);
	ret = inside_enter(pidfd, &a.place, &e);
	if (ret || attach_all(&a, v, n, &e)) {
		undo(&a);
		sync_send_error(sock, &e);
		return;
	}
	sync_send(sock, SYNC_READY, NULL);
	if (sync_recv(sock, NULL, NULL) < 0)
		undo(&a);
}

int inside_attach(pid_t pid, const struct inside_addition *v, size_t n,
		  struct inside_attached *attached, struct err *err)
{
	struct inside_attached a = INSIDE_ATTACHED_NONE;
	auto_fd int pidfd = proc_open(pid, 0, err);
	int socks[2];

	if (pidfd < 0 || sync_pair(socks, err))
		return -1;
	a.sock = socks[0];
	a.pid = fork();
	if (a.pid == 0) {
		fd_close(&socks[0]);
		serve(pidfd, v, n, socks[1]);
		_exit(0);
	}
	fd_close(&socks[1]);
	if (a.pid < 0)
		err_sys(err, "fork");
	if (a.pid < 0 || sync_expect(a.sock, SYNC_READY, "the helper in the container", err)) {
		inside_attached_done(&a, false);
		return -1;
	}
	*attached = a;
	return 0;
}

void inside_attached_done(struct inside_attached *attached, bool undo)
{
	const struct err failed = { .kind = ERR_STATE };
	int status;

	if (attached->sock >= 0 && undo)
		sync_send_error(attached->sock, &failed);
	fd_close(&attached->sock);
	if (attached->pid > 0)
		proc_wait(attached->pid, &status, NULL);
	attached->pid = -1;
}
