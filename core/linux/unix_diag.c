/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/fd.h"
#include "core/linux/unix_diag.h"

#define ANSWER_BYTES  32768
#define MAX_SOCKETS   (1U << 20)
#define TCP_CONNECTED 1 /* TCP_ESTABLISHED: unix sockets use the same numbers */

/* A socket stays in the namespace that it was made in. */
static int open_diag(int netns_fd, struct err *err)
{
	auto_fd int own = netns_fd < 0 ? -1 : open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int sock, saved;

	if (netns_fd >= 0 && (own < 0 || setns(netns_fd, CLONE_NEWNET)))
		return err_sys(err, "enter the container's network namespace");
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	saved = errno;
	if (netns_fd >= 0 && setns(own, CLONE_NEWNET)) {
		fd_close(&sock);
		return err_sys(err, "leave the container's network namespace");
	}
	errno = saved;
	return sock < 0 ? err_sys(err, "ask the kernel for unix sockets") : sock;
}

static int ask(int sock, struct err *err)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req req;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.req = { .sdiag_family = AF_UNIX,
			 .udiag_states = UINT32_MAX,
			 .udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_NAME | UDIAG_SHOW_VFS },
	};

	if (send(sock, &message, sizeof(message), 0) < 0)
		return err_sys(err, "ask the kernel for unix sockets");
	return 0;
}

static void take_name(struct unix_socks *socks, struct unix_sock *s, const struct rtattr *a)
{
	size_t n = RTA_PAYLOAD(a);

	/* an abstract name begins with NUL */
	if (n && *(const char *)RTA_DATA(a))
		s->name = arena_printf(&socks->arena, "%.*s", (int)n, (const char *)RTA_DATA(a));
}

static void take_attributes(struct unix_socks *socks, struct unix_sock *s, struct rtattr *a,
			    size_t bytes)
{
	int left = (int)bytes;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == UNIX_DIAG_NAME)
			take_name(socks, s, a);
		if (a->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(a) >= sizeof(s->peer))
			memcpy(&s->peer, RTA_DATA(a), sizeof(s->peer));
		if (a->rta_type == UNIX_DIAG_VFS &&
		    RTA_PAYLOAD(a) >= sizeof(struct unix_diag_vfs)) {
			struct unix_diag_vfs vfs;

			memcpy(&vfs, RTA_DATA(a), sizeof(vfs));
			s->file_inode = vfs.udiag_vfs_ino;
			s->major = vfs.udiag_vfs_dev >> 20; /* the kernel's own dev_t */
			s->minor = vfs.udiag_vfs_dev & 0xfffff;
		}
	}
}

static void add(struct unix_socks *socks, const struct nlmsghdr *h)
{
	struct unix_diag_msg *msg = NLMSG_DATA(h);
	struct unix_sock *s;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || socks->n >= MAX_SOCKETS)
		return;
	socks->v = xrealloc(socks->v, socks->n + 1, sizeof(*socks->v));
	s = &socks->v[socks->n++];
	*s = (struct unix_sock){ .inode = msg->udiag_ino };
	s->is_connected_stream =
		(msg->udiag_type == SOCK_STREAM || msg->udiag_type == SOCK_SEQPACKET) &&
		msg->udiag_state == TCP_CONNECTED;
	take_attributes(socks, s, (struct rtattr *)(msg + 1),
			h->nlmsg_len - NLMSG_LENGTH(sizeof(*msg)));
}

/* One datagram: 1 at the end of the list, 0 when more is to come. */
static int take_answer(int sock, struct unix_socks *socks, struct err *err)
{
	union {
		struct nlmsghdr header;
		char bytes[ANSWER_BYTES];
	} answer;
	ssize_t n = recv(sock, &answer, sizeof(answer), 0);
	unsigned int left;

	if (n < 0)
		return errno == EINTR ? 0 : err_sys(err, "ask the kernel for unix sockets");
	left = (unsigned int)n;
	for (struct nlmsghdr *h = &answer.header; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR)
			return err_set(err, ERR_UNSUPPORTED,
				       "the kernel doesn't tell of unix sockets (unix_diag)");
		if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY)
			add(socks, h);
	}
	return n ? 0 : 1;
}

static int compare_inodes(const void *a, const void *b)
{
	const struct unix_sock *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

int unix_socks_read(int netns_fd, struct unix_socks *socks, struct err *err)
{
	struct unix_socks found = { 0 };
	auto_fd int sock = open_diag(netns_fd, err);
	int ended = sock < 0 || ask(sock, err) ? -1 : 0;

	while (!ended)
		ended = take_answer(sock, &found, err);
	if (ended < 0) {
		unix_socks_done(&found);
		return -1;
	}
	if (found.n)
		qsort(found.v, found.n, sizeof(*found.v), compare_inodes);
	*socks = found;
	return 0;
}

const struct unix_sock *unix_socks_find(const struct unix_socks *socks, uint32_t inode)
{
	const struct unix_sock wanted = { .inode = inode };

	if (!socks->n)
		return NULL;
	return bsearch(&wanted, socks->v, socks->n, sizeof(*socks->v), compare_inodes);
}

void unix_socks_done(struct unix_socks *socks)
{
	free(socks->v);
	arena_done(&socks->arena);
	*socks = (struct unix_socks){ 0 };
}
