/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/cr/half_open.h"
#include "core/cr/strays.h"
#include "core/linux/find_inode.h"
#include "core/linux/unix_diag.h"

#define MAX_FDS (1U << 20)

/* A socket that a process of the container has open. */
struct held {
	uint32_t inode;
	pid_t pid;
	unsigned int fd;
};

struct search {
	const struct container *c;
	const struct dump_input *look;
	struct unix_socks inside;  /* of the container's network namespace */
	struct unix_socks outside; /* of ours, to name the other end; empty when it's the same */
	struct held *held;	   /* sorted by inode */
	size_t n_held;
	struct arena arena; /* of names */
};

static void search_done(struct search *s)
{
	unix_socks_done(&s->inside);
	unix_socks_done(&s->outside);
	free(s->held);
	arena_done(&s->arena);
}

/* --- who holds what ------------------------------------------------------------------------------- */

static void add_held(struct search *s, pid_t pid, int dir_fd, const char *name)
{
	char target[64];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);
	unsigned long long fd;
	unsigned int inode;

	if (n <= 0 || s->n_held >= MAX_FDS)
		return;
	target[n] = '\0';
	if (sscanf(target, "socket:[%u]", &inode) != 1 || str_to_u64(name, MAX_FDS, &fd))
		return;
	s->held = xrealloc(s->held, s->n_held + 1, sizeof(*s->held));
	s->held[s->n_held++] = (struct held){ inode, pid, (unsigned int)fd };
}

static void add_process(struct search *s, pid_t pid)
{
	char path[64];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		add_held(s, pid, dirfd(dir), entry->d_name);
	closedir(dir);
}

static int compare_held(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static int compare_inode(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static bool is_held(const struct search *s, uint32_t inode)
{
	const struct held wanted = { .inode = inode };

	return bsearch(&wanted, s->held, s->n_held, sizeof(*s->held), compare_inode);
}

/* What `exec` started isn't dumped, its sockets neither. */
static int find_held(struct search *s)
{
	auto_free struct stray_task *tasks = NULL;
	size_t n = 0;

	if (strays_list(s->c, &tasks, &n, NULL))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strays_descends(tasks, n, tasks[i].pid, s->c->pid))
			add_process(s, tasks[i].pid);
	if (s->n_held)
		qsort(s->held, s->n_held, sizeof(*s->held), compare_held);
	return s->n_held ? 0 : -1;
}

/* --- what is said --------------------------------------------------------------------------------- */

static int open_root(const struct search *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)s->c->pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* "/run/sock (in the mount /run)" if the file lies in this mount, else NULL. */
static const char *place_in(struct search *s, int root_fd, const struct mount_row *row,
			    uint32_t inode)
{
	auto_fd int fd = path_open_plain(root_fd, row->mountpoint, O_RDONLY | O_DIRECTORY, NULL);
	auto_free char *below = fd < 0 ? NULL : find_inode(fd, inode);
	bool is_root = str_eq(row->mountpoint, "/");

	if (!below)
		return NULL;
	return arena_printf(&s->arena, "%s/%s%s%s%s", is_root ? "" : row->mountpoint, below,
			    is_root ? "" : " (in the mount ", is_root ? "" : row->mountpoint,
			    is_root ? "" : ")");
}

/* Where the container sees the file that the socket is bound to, or NULL. */
static const char *place_of(struct search *s, const struct unix_sock *sock)
{
	const struct mount_table *table = &s->look->container;
	auto_fd int root_fd = -1;
	const char *found = NULL;

	if (!sock->file_inode)
		return NULL;
	for (size_t i = 0; i < table->n; i++) {
		const struct external_seen *seen = &s->look->in.seen[i];

		if (seen->kind == EXTERNAL_KIND_SOCKET &&
		    (uint32_t)seen->inode == sock->file_inode && seen->major == sock->major &&
		    seen->minor == sock->minor)
			return table->v[i].mountpoint;
	}
	root_fd = open_root(s);
	/* the root comes first and is the last resort */
	for (size_t i = table->n; root_fd >= 0 && !found && i-- > 0;)
		if (s->look->in.seen[i].state == EXTERNAL_SEEN_THERE &&
		    table->v[i].major == sock->major && table->v[i].minor == sock->minor)
			found = place_in(s, root_fd, &table->v[i], sock->file_inode);
	return found;
}

/* The client's end has no name; the server's has that of the socket it was reached through. */
static const char *name_of(struct search *s, const struct unix_sock *own)
{
	const struct unix_sock *peer = unix_socks_find(&s->inside, own->peer);
	const char *name = place_of(s, own);

	if (!peer)
		peer = unix_socks_find(&s->outside, own->peer);
	if (!name && peer)
		name = place_of(s, peer);
	if (!name)
		name = own->name;
	return name || !peer ? name : peer->name;
}

static void read_command(pid_t pid, char *out, size_t bytes)
{
	AUTO(buf_done) struct buf comm = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fd_read_file(AT_FDCWD, path, 256, &comm, NULL) || !comm.n)
		buf_str(&comm, "?");
	comm.p[strcspn(comm.p, "\n")] = '\0';
	for (char *p = comm.p; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	snprintf(out, bytes, "%s", comm.p);
}

static void refuse(struct search *s, const struct held *held, const struct unix_sock *own,
		   struct findings *findings)
{
	const char *name = name_of(s, own);
	char command[64];

	read_command(held->pid, command, sizeof(command));
	findings_add(findings, ERR_UNSUPPORTED,
		     "%.256s%sprocess %d (%s) has an open connection %sto a process outside the "
		     "container (fd %u), and CRIU can't save half of one: close it first",
		     name ? name : "", name ? ": " : "", (int)held->pid, command,
		     name ? "through this socket " : "", held->fd);
}

static void refuse_foreign(struct search *s, const struct held *held, const struct unix_sock *sock,
			   struct findings *findings)
{
	const char *name = name_of(s, sock);
	char command[64];

	read_command(held->pid, command, sizeof(command));
	findings_add(findings, ERR_UNSUPPORTED,
		     "%.256s%sprocess %d (%s) has a unix socket that was made outside the "
		     "container's network (fd %u), and CRIU can't save it: close it first",
		     name ? name : "", name ? ": " : "", (int)held->pid, command, held->fd);
}

static bool is_passed_on(const struct search *s, uint32_t inode)
{
	char text[32];

	snprintf(text, sizeof(text), "unix[%u]", inode);
	for (size_t i = 0; i < s->look->args.passed_on.n; i++)
		if (str_starts(s->look->args.passed_on.v[i], text))
			return true;
	return false;
}

/*
 * Nobody in the container has the other end. Its network namespace says nothing: the server's end
 * is made in the client's. One that is just on its way as an fd in a message is taken for one
 * outside, too; the next try finds it.
 */
static bool is_half(const struct search *s, const struct unix_sock *own)
{
	return own->is_connected_stream && own->peer && !is_held(s, own->peer);
}

static void check_held(struct search *s, const struct held *held, struct findings *findings)
{
	const struct unix_sock *own = unix_socks_find(&s->inside, held->inode);
	/* one that was made in our network, and handed to the container */
	const struct unix_sock *foreign = own ? NULL : unix_socks_find(&s->outside, held->inode);

	if (is_passed_on(s, held->inode))
		return;
	if (foreign)
		refuse_foreign(s, held, foreign, findings);
	else if (own && is_half(s, own))
		refuse(s, held, own, findings);
}

static int read_sockets(struct search *s, struct err *err)
{
	struct stat own, container;
	auto_fd int netns = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)s->c->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0 || fstat(netns, &container) || stat("/proc/self/ns/net", &own))
		return err_sys(err, "%s", path);
	if (own.st_ino == container.st_ino)
		return unix_socks_read(-1, &s->inside, err);
	return unix_socks_read(netns, &s->inside, err) || unix_socks_read(-1, &s->outside, err) ? -1
												: 0;
}

void half_open_check(const struct container *c, const struct dump_input *look,
		     struct findings *findings)
{
	AUTO(search_done) struct search s = { .c = c, .look = look };
	struct err err = { 0 };

	if (!look->in.seen || find_held(&s))
		return;
	if (read_sockets(&s, &err)) {
		log_debug("connections to the outside are not looked for: %s", err.msg);
		return;
	}
	for (size_t i = 0; i < s.n_held; i++)
		/* held by several, it is named once */
		if (!i || s.held[i - 1].inode != s.held[i].inode)
			check_held(&s, &s.held[i], findings);
}
