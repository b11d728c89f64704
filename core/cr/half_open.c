/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cr/half_open.h"
#include "core/linux/unix_diag.h"

#define NET_UNIX_MAX_BYTES (64U << 20)
#define MAX_FDS		   (1U << 20)

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
	bool is_same_netns;
	struct held *held; /* sorted by inode */
	size_t n_held;
};

static void search_done(struct search *s)
{
	unix_socks_done(&s->inside);
	unix_socks_done(&s->outside);
	free(s->held);
}

/*
 * /proc/PID/net/unix: "Num RefCount Protocol Flags Type St Inode Path". Most containers have no
 * connected stream, and then nothing else needs to be asked.
 */
static bool has_connected_stream(pid_t pid)
{
	AUTO(buf_done) struct buf b = { 0 };
	char path[64], *text, *line;

	snprintf(path, sizeof(path), "/proc/%d/net/unix", (int)pid);
	if (fd_read_file(AT_FDCWD, path, NET_UNIX_MAX_BYTES, &b, NULL) || !b.n)
		return false;
	text = b.p;
	while ((line = strsep(&text, "\n"))) {
		unsigned int type, state;

		if (sscanf(line, "%*s %*s %*s %*s %x %x", &type, &state) == 2 &&
		    (type == 1 || type == 5) && state == 3)
			return true;
	}
	return false;
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

static int find_held(struct search *s)
{
	auto_free pid_t *pids = NULL;
	size_t n = 0;

	if (cgroup_pids(&s->c->cgroup, &pids, &n, NULL))
		return -1;
	for (size_t i = 0; i < n; i++)
		add_process(s, pids[i]);
	if (s->n_held)
		qsort(s->held, s->n_held, sizeof(*s->held), compare_held);
	return s->n_held ? 0 : -1;
}

/* --- what is said --------------------------------------------------------------------------------- */

/* Where the container sees the file that the socket is bound to, or NULL. */
static const char *mountpoint_of(const struct search *s, const struct unix_sock *sock)
{
	for (size_t i = 0; i < s->look->container.n; i++) {
		const struct external_seen *seen = &s->look->in.seen[i];

		if (seen->kind == EXTERNAL_KIND_SOCKET && sock->file_inode &&
		    (uint32_t)seen->inode == sock->file_inode && seen->major == sock->major &&
		    seen->minor == sock->minor)
			return s->look->container.v[i].mountpoint;
	}
	return NULL;
}

/* The client's end has no name; the server's has that of the socket it was reached through. */
static const char *name_of(const struct search *s, const struct unix_sock *own)
{
	const struct unix_socks *peers = s->is_same_netns ? &s->inside : &s->outside;
	const struct unix_sock *peer = unix_socks_find(peers, own->peer);
	const char *name = mountpoint_of(s, own);

	if (!name && peer)
		name = mountpoint_of(s, peer);
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

static void refuse(const struct search *s, const struct held *held, const struct unix_sock *own,
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
 * The other end is nowhere in the container's processes. In a network namespace of its own it may
 * still be on its way from one of them to another, as an fd in a message: that is CRIU's to say.
 */
static bool is_half(const struct search *s, const struct unix_sock *own)
{
	if (!own->is_connected_stream || !own->peer || is_held(s, own->peer))
		return false;
	return s->is_same_netns || !unix_socks_find(&s->inside, own->peer);
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
	s->is_same_netns = own.st_ino == container.st_ino;
	if (unix_socks_read(s->is_same_netns ? -1 : netns, &s->inside, err))
		return -1;
	return s->is_same_netns ? 0 : unix_socks_read(-1, &s->outside, err);
}

void half_open_check(const struct container *c, const struct dump_input *look,
		     struct findings *findings)
{
	AUTO(search_done) struct search s = { .c = c, .look = look };
	struct err err = { 0 };

	if (!look->in.seen || !has_connected_stream(c->pid) || find_held(&s))
		return;
	if (read_sockets(&s, &err)) {
		log_debug("connections to the outside are not looked for: %s", err.msg);
		return;
	}
	for (size_t i = 0; i < s.n_held; i++) {
		const struct unix_sock *own = unix_socks_find(&s.inside, s.held[i].inode);

		/* held by several, it is named once */
		if (own && (!i || s.held[i - 1].inode != s.held[i].inode) && is_half(&s, own) &&
		    !is_passed_on(&s, own->inode))
			refuse(&s, &s.held[i], own, findings);
	}
}
