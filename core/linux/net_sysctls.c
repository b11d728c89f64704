/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/linux/net_sysctls.h"

static const char *const names4[NET_CONF4_N] = {
	"accept_local",
	"accept_redirects",
	"accept_source_route",
	"arp_accept",
	"arp_announce",
	"arp_filter",
	"arp_ignore",
	"arp_notify",
	"bootp_relay",
	"disable_policy",
	"disable_xfrm",
	"force_igmp_version",
	"forwarding",
	"igmpv2_unsolicited_report_interval",
	"igmpv3_unsolicited_report_interval",
	"log_martians",
	"medium_id",
	"promote_secondaries",
	"proxy_arp",
	"proxy_arp_pvlan",
	"route_localnet",
	"rp_filter",
	"secure_redirects",
	"send_redirects",
	"shared_media",
	"src_valid_mark",
	"tag",
	"ignore_routes_with_linkdown",
	"drop_gratuitous_arp",
	"drop_unicast_in_l2_multicast",
};

static const char *const names6[NET_CONF6_N] = {
	"accept_dad",
	"accept_ra",
	"accept_ra_defrtr",
	"accept_ra_from_local",
	"accept_ra_min_hop_limit",
	"accept_ra_mtu",
	"accept_ra_pinfo",
	"accept_ra_rt_info_max_plen",
	"accept_ra_rtr_pref",
	"accept_redirects",
	"accept_source_route",
	"autoconf",
	"dad_transmits",
	"disable_ipv6",
	"drop_unicast_in_l2_multicast",
	"drop_unsolicited_na",
	"force_mld_version",
	"force_tllao",
	"forwarding",
	"hop_limit",
	"ignore_routes_with_linkdown",
	"keep_addr_on_down",
	"max_addresses",
	"max_desync_factor",
	"mldv1_unsolicited_report_interval",
	"mldv2_unsolicited_report_interval",
	"mtu",
	"ndisc_notify",
	"optimistic_dad",
	"proxy_ndp",
	"regen_max_retry",
	"router_probe_interval",
	"router_solicitation_delay",
	"router_solicitation_interval",
	"router_solicitations",
	"stable_secret",
	"suppress_frag_ndisc",
	"temp_prefered_lft",
	"temp_valid_lft",
	"use_oif_addrs_only",
	"use_optimistic",
	"use_tempaddr",
};

/* Without its newline; "" when it can't be read. stable_secret says EIO until it is set. */
static void read_text(int dirfd, const char *name, char text[NET_SYSCTL_TEXT_BYTES])
{
	auto_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, NET_SYSCTL_TEXT_BYTES - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static struct net_value read_value(int dirfd, const char *name)
{
	char text[NET_SYSCTL_TEXT_BYTES];
	char *end;
	long value;

	read_text(dirfd, name, text);
	value = strtol(text, &end, 10);
	return (struct net_value){ .is_there = end != text, .value = (int)value };
}

static int open_conf(const char *family, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s", family, name);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void read_conf(const char *name, struct net_conf *out)
{
	auto_fd int v4 = open_conf("ipv4", name);
	auto_fd int v6 = open_conf("ipv6", name);

	*out = (struct net_conf){ 0 };
	for (size_t i = 0; v4 >= 0 && i < NET_CONF4_N; i++)
		out->v4[i] = read_value(v4, names4[i]);
	for (size_t i = 0; v6 >= 0 && i < NET_CONF6_N; i++)
		if (i != NET_CONF6_SECRET)
			out->v6[i] = read_value(v6, names6[i]);
	if (v6 >= 0)
		read_text(v6, names6[NET_CONF6_SECRET], out->secret);
}

void net_sysctls_read(struct net_sysctls *out)
{
	read_conf("all", &out->all);
	read_conf("default", &out->template);
	read_conf("lo", &out->lo);
	out->max_dgram_qlen = read_value(AT_FDCWD, "/proc/sys/net/unix/max_dgram_qlen");
	read_text(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", out->ping_group_range);
}
