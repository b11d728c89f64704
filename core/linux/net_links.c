/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/linux/net_links.h"
#include "core/linux/netlink.h"

#define LO_INDEX 1

/* What one look has seen. */
struct look {
	struct net_facts *facts;
	bool has_lo, has_127, has_1; /* 127.0.0.1/8 and ::1/128 */
	unsigned int n_rules4, n_rules6;
};

static void odd(struct look *l, const char *what)
{
	if (!l->facts->odd)
		l->facts->odd = what;
}

static uint32_t u32_of(const struct rtattr *a, uint32_t missing)
{
	uint32_t v;

	if (!a || RTA_PAYLOAD(a) < sizeof(v))
		return missing;
	memcpy(&v, RTA_DATA(a), sizeof(v));
	return v;
}

static bool has_bytes(const struct rtattr *a, const void *bytes, size_t n)
{
	return a && RTA_PAYLOAD(a) == n && !memcmp(RTA_DATA(a), bytes, n);
}

/* --- what a new namespace has --------------------------------------------------------------------- */

static void see_link(void *ctx, const struct nlmsghdr *h)
{
	const struct rtattr *v[NETLINK_MAX_ATTRIBUTES];
	const struct ifinfomsg *i = NLMSG_DATA(h);
	struct look *l = ctx;

	if (h->nlmsg_type != RTM_NEWLINK)
		return;
	netlink_attributes(h, sizeof(*i), v);
	if (i->ifi_type != ARPHRD_LOOPBACK || i->ifi_index != LO_INDEX) {
		l->facts->has_uplink = l->facts->has_uplink || i->ifi_flags & IFF_UP;
		odd(l, "there is a link beside lo");
		return;
	}
	l->has_lo = true;
	l->facts->lo_flags = i->ifi_flags;
	l->facts->lo_mtu = u32_of(v[IFLA_MTU], 0);
	if (!has_bytes(v[IFLA_IFNAME], "lo", sizeof("lo")) || v[IFLA_MASTER])
		l->facts->odd = "lo isn't as it was made";
}

static void see_address(void *ctx, const struct nlmsghdr *h)
{
	const struct in_addr v4 = { htonl(INADDR_LOOPBACK) };
	const struct rtattr *v[NETLINK_MAX_ATTRIBUTES];
	const struct ifaddrmsg *a = NLMSG_DATA(h);
	struct look *l = ctx;
	bool is_host;

	if (h->nlmsg_type != RTM_NEWADDR)
		return;
	netlink_attributes(h, sizeof(*a), v);
	is_host = a->ifa_index == LO_INDEX && a->ifa_scope == RT_SCOPE_HOST;
	if (is_host && a->ifa_family == AF_INET && a->ifa_prefixlen == 8 && !v[IFA_BROADCAST] &&
	    has_bytes(v[IFA_LOCAL], &v4, sizeof(v4)) && has_bytes(v[IFA_ADDRESS], &v4, sizeof(v4)))
		l->has_127 = true;
	else if (is_host && a->ifa_family == AF_INET6 && a->ifa_prefixlen == 128 &&
		 has_bytes(v[IFA_ADDRESS], &in6addr_loopback, sizeof(in6addr_loopback)))
		l->has_1 = true;
	else
		odd(l, "there is an address beside lo's own");
}

#define SET(type) (UINT64_C(1) << (type))

/* lo's addresses bring routes in the table "local", ::1 also one in "main". */
static void see_route(void *ctx, const struct nlmsghdr *h)
{
	static const uint64_t plain = SET(RTA_TABLE) | SET(RTA_DST) | SET(RTA_OIF) |
				      SET(RTA_PREFSRC) | SET(RTA_PRIORITY) | SET(RTA_CACHEINFO) |
				      SET(RTA_PREF);
	const struct rtattr *v[NETLINK_MAX_ATTRIBUTES];
	const struct rtmsg *r = NLMSG_DATA(h);
	struct look *l = ctx;
	bool is_ours;

	if (h->nlmsg_type != RTM_NEWROUTE)
		return;
	is_ours = !(netlink_attributes(h, sizeof(*r), v) & ~plain) &&
		  r->rtm_protocol == RTPROT_KERNEL && u32_of(v[RTA_OIF], 0) == LO_INDEX;
	if (r->rtm_family == AF_INET)
		is_ours = is_ours && u32_of(v[RTA_TABLE], r->rtm_table) == RT_TABLE_LOCAL &&
			  ntohl(u32_of(v[RTA_DST], 0)) >> 24 == IN_LOOPBACKNET;
	else
		is_ours = is_ours &&
			  (r->rtm_type == RTN_MULTICAST ||
			   has_bytes(v[RTA_DST], &in6addr_loopback, sizeof(in6addr_loopback)));
	if (!is_ours)
		odd(l, "there is a route beside lo's own");
}

static void see_rule(void *ctx, const struct nlmsghdr *h)
{
	static const uint64_t plain = SET(FRA_TABLE) | SET(FRA_PRIORITY) |
				      SET(FRA_SUPPRESS_PREFIXLEN) | SET(FRA_PROTOCOL);
	static const struct {
		uint32_t priority, table;
	} usual[] = { { 0, RT_TABLE_LOCAL },
		      { 32766, RT_TABLE_MAIN },
		      { 32767, RT_TABLE_DEFAULT } };
	const struct rtattr *v[NETLINK_MAX_ATTRIBUTES];
	const struct fib_rule_hdr *r = NLMSG_DATA(h);
	struct look *l = ctx;
	bool is_plain, is_usual = false;

	if (h->nlmsg_type != RTM_NEWRULE)
		return;
	is_plain = !(netlink_attributes(h, sizeof(*r), v) & ~plain) && r->action == FR_ACT_TO_TBL &&
		   !r->src_len && !r->dst_len && !r->tos && !r->flags &&
		   u32_of(v[FRA_SUPPRESS_PREFIXLEN], UINT32_MAX) == UINT32_MAX;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		is_usual = is_usual || (u32_of(v[FRA_PRIORITY], 0) == usual[i].priority &&
					u32_of(v[FRA_TABLE], r->table) == usual[i].table);
	if (!is_plain || !is_usual)
		odd(l, "there is a routing rule beside the usual ones");
	if (r->family == AF_INET)
		l->n_rules4++;
	else
		l->n_rules6++;
}

static void see_table(void *ctx, const struct nlmsghdr *h)
{
	if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
		odd(ctx, "there are nft tables");
}

/* --- the look ------------------------------------------------------------------------------------- */

/* Kernels without IPv6, or without nf_tables, have no such table. */
static bool is_missing(int errnum)
{
	return errnum == EOPNOTSUPP || errnum == EINVAL || errnum == EAFNOSUPPORT ||
	       errnum == EPROTONOSUPPORT || errnum == ENOENT;
}

/* One table of the kernel; its question's fixed part has nothing but the family. */
struct table {
	unsigned int type;
	unsigned char family;
	size_t part_bytes;
	netlink_message_fn *see;
	const char *what;
	bool may_be_missing;
};

static const struct table routing[] = {
	{ RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), see_link, "links", false },
	{ RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), see_address, "addresses", false },
	{ RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), see_route, "routes", false },
	{ RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), see_route, "IPv6 routes", true },
	{ RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr), see_rule, "rules", true },
	{ RTM_GETRULE, AF_INET6, sizeof(struct fib_rule_hdr), see_rule, "IPv6 rules", true },
};

static const struct table netfilter[] = {
	{ NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, AF_UNSPEC, sizeof(struct nfgenmsg),
	  see_table, "nft tables", true },
};

static int look_at(int protocol, const struct table *tables, size_t n, struct look *l,
		   struct err *err)
{
	auto_fd int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (sock < 0 && tables[0].may_be_missing && is_missing(errno))
		return 0;
	if (sock < 0)
		return err_sys(err, "make a netlink socket");
	for (size_t i = 0; i < n; i++) {
		/* in all of these messages the family comes first */
		char part[sizeof(struct ifinfomsg)] = { (char)tables[i].family };
		struct netlink_question q = { tables[i].type, part, tables[i].part_bytes };

		if (netlink_ask(sock, &q, tables[i].see, l) &&
		    !(tables[i].may_be_missing && is_missing(errno)))
			return err_sys(err, "list the %s", tables[i].what);
	}
	return 0;
}

/* ::1 comes by itself unless IPv6 is switched off or not there. */
static bool expects_1(void)
{
	auto_fd int fd = open("/proc/sys/net/ipv6/conf/lo/disable_ipv6", O_RDONLY | O_CLOEXEC);
	char text[2];

	return fd >= 0 && read(fd, text, sizeof(text)) > 0 && text[0] == '0';
}

/* What was taken away would be back after a restore. */
static void check_complete(struct look *l)
{
	bool is_up = l->facts->lo_flags & IFF_UP;

	if (!l->has_lo)
		odd(l, "there is no lo");
	else if (l->has_127 != is_up || l->has_1 != (is_up && expects_1()))
		odd(l, "lo's addresses aren't those that it gets when it is brought up");
	/* none at all: a kernel that has no rules */
	if ((l->n_rules4 && l->n_rules4 != 3) || (l->n_rules6 && l->n_rules6 != 2))
		odd(l, "a routing rule isn't there");
}

int net_links_look(struct net_facts *facts, struct err *err)
{
	struct look l = { .facts = facts };

	if (look_at(NETLINK_ROUTE, routing, ARRAY_LEN(routing), &l, err) ||
	    look_at(NETLINK_NETFILTER, netfilter, ARRAY_LEN(netfilter), &l, err))
		return -1;
	check_complete(&l);
	return 0;
}
