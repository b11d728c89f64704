/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/linux/netlink.h"

#define PART_BYTES   64
#define ANSWER_BYTES 32768

uint64_t netlink_attributes(const struct nlmsghdr *message, size_t bytes,
			    const struct rtattr *v[NETLINK_MAX_ATTRIBUTES])
{
	const char *p = (const char *)message + NLMSG_SPACE(bytes);
	const char *end = (const char *)message + message->nlmsg_len;
	uint64_t set = 0;

	memset(v, 0, NETLINK_MAX_ATTRIBUTES * sizeof(*v));
	while (end - p >= (ptrdiff_t)sizeof(struct rtattr)) {
		const struct rtattr *a = (const void *)p;
		unsigned int type = a->rta_type & NLA_TYPE_MASK;

		if (a->rta_len < sizeof(*a) || a->rta_len > end - p)
			break;
		if (type >= NETLINK_MAX_ATTRIBUTES)
			type = 0;
		v[type] = a;
		set |= UINT64_C(1) << type;
		p += RTA_ALIGN(a->rta_len);
	}
	return set;
}

/* 1 for the end of the dump, 0 to go on, else -1 with errno. */
static int handle(const struct nlmsghdr *h, netlink_message_fn *see, void *ctx)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	if (h->nlmsg_flags & NLM_F_DUMP_INTR) {
		errno = EAGAIN;
		return -1;
	}
	if (h->nlmsg_type == NLMSG_DONE)
		return 1;
	if (h->nlmsg_type == NLMSG_ERROR) {
		errno = h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? EBADMSG : -e->error;
		return -1;
	}
	see(ctx, h);
	return 0;
}

static int send_question(int sock, const struct netlink_question *q)
{
	struct {
		struct nlmsghdr h;
		char part[PART_BYTES];
	} request = { .h = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(q->part_bytes),
			     .nlmsg_type = (uint16_t)q->type,
			     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	if (q->part_bytes > sizeof(request.part)) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(request.part, q->part, q->part_bytes);
	return send(sock, &request, request.h.nlmsg_len, 0) < 0 ? -1 : 0;
}

int netlink_ask(int sock, const struct netlink_question *q, netlink_message_fn *see, void *ctx)
{
	char answer[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int done = 0;

	if (send_question(sock, q))
		return -1;
	while (!done) {
		ssize_t n = recv(sock, answer, sizeof(answer), MSG_TRUNC);
		int left = (int)n;

		if (n > (ssize_t)sizeof(answer))
			errno = EMSGSIZE;
		if (n <= 0 || n > (ssize_t)sizeof(answer))
			return -1;
		for (const struct nlmsghdr *h = (const void *)answer; !done && NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left))
			done = handle(h, see, ctx);
	}
	return done < 0 ? -1 : 0;
}
