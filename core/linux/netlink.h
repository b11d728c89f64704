/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - ask the kernel for a whole table over netlink
 *
 * Out      its messages, one call each
 * Effects  a question on a socket that the caller owns
 * Source   netlink(7)
 */
#ifndef KEDGE_CORE_LINUX_NETLINK_H
#define KEDGE_CORE_LINUX_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_MAX_ATTRIBUTES 64

/* The fixed part of a question is copied behind its header. */
struct netlink_question {
	unsigned int type;
	const void *part;
	size_t part_bytes; /* at most 64 */
};

typedef void netlink_message_fn(void *ctx, const struct nlmsghdr *message);

/*
 * Ask for a dump and call `see` for each message. Returns 0, or -1 with errno: what the kernel said,
 * EAGAIN when its table was changed meanwhile.
 */
int netlink_ask(int sock, const struct netlink_question *q, netlink_message_fn *see, void *ctx);

/*
 * Sort the attributes behind a fixed part of `bytes` bytes by type. Gives the set of their types as
 * bits; those above 63 count as type 0.
 */
uint64_t netlink_attributes(const struct nlmsghdr *message, size_t bytes,
			    const struct rtattr *v[NETLINK_MAX_ATTRIBUTES]);

#endif
