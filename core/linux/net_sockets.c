/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/linux/net_sockets.h"
#include "core/linux/netlink.h"

#define LINE_BYTES 256

/*
 * Who waits for packets sends none; TIME_WAIT belongs to nobody, and no dump has it. All the others
 * may send by themselves.
 */
#define QUIET_STATES (1U << TCP_LISTEN | 1U << TCP_CLOSE | 1U << TCP_TIME_WAIT)

/* "TCP: inuse 3 orphan 0 ...": sockets that are bound or connected; "FRAG" lines aren't about sockets. */
static void count_in_use(const char *path, struct net_facts *facts)
{
	FILE *f = fopen(path, "re");
	char line[LINE_BYTES], protocol[16];
	unsigned int n;

	if (!f) {
		/* ENOENT: sockstat6 without IPv6 */
		facts->has_sockets = facts->has_sockets || errno != ENOENT;
		return;
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%15[A-Z0-9]: inuse %u", protocol, &n) == 2 && n &&
		    !str_starts(protocol, "FRAG"))
			facts->has_sockets = true;
	fclose(f);
}

/* Ping sockets aren't counted there; their own table is short. */
static void look_for_ping(const char *path, struct net_facts *facts)
{
	FILE *f = fopen(path, "re");
	char line[LINE_BYTES];

	if (!f)
		return;
	if (fgets(line, sizeof(line), f) && fgets(line, sizeof(line), f))
		facts->has_sockets = true;
	fclose(f);
}

static void see_stream(void *ctx, const struct nlmsghdr *message)
{
	struct net_facts *facts = ctx;

	(void)message;
	facts->has_streams = true;
}

static void look_for_streams(struct net_facts *facts)
{
	auto_fd int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	static const unsigned char families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < sizeof(families); i++) {
		struct inet_diag_req_v2 r = { .sdiag_family = families[i],
					      .sdiag_protocol = IPPROTO_TCP,
					      .idiag_states = ~QUIET_STATES };
		struct netlink_question q = { SOCK_DIAG_BY_FAMILY, &r, sizeof(r) };

		/* ENOENT: a kernel without this family */
		if (netlink_ask(sock, &q, see_stream, facts) && errno != ENOENT)
			facts->has_streams = true;
	}
}

void net_sockets_look(struct net_facts *facts)
{
	count_in_use("/proc/thread-self/net/sockstat", facts);
	count_in_use("/proc/thread-self/net/sockstat6", facts);
	look_for_ping("/proc/thread-self/net/icmp", facts);
	look_for_ping("/proc/thread-self/net/icmp6", facts);
	if (facts->has_sockets)
		look_for_streams(facts);
}
