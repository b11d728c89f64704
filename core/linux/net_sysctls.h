/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_sysctls.h - the settings of a network namespace that a checkpoint keeps
 *
 * In       /proc/sys/net of the calling process's network namespace
 * Out      struct net_sysctls, values in the order of CRIU's images
 * Effects  none
 * Source   criu's net.c (4.1.1): its images have values without names, so the order is the meaning
 */
#ifndef KEDGE_CORE_LINUX_NET_SYSCTLS_H
#define KEDGE_CORE_LINUX_NET_SYSCTLS_H

#include <stdbool.h>

#define NET_CONF4_N	      30
#define NET_CONF6_N	      42
#define NET_CONF6_SECRET      35 /* stable_secret's place: it is a text */
#define NET_SYSCTL_TEXT_BYTES 201

struct net_value {
	bool is_there; /* this kernel has it */
	int value;
};

/* net.ipv4.conf.NAME and net.ipv6.conf.NAME */
struct net_conf {
	struct net_value v4[NET_CONF4_N];
	struct net_value v6[NET_CONF6_N];
	char secret[NET_SYSCTL_TEXT_BYTES]; /* "" where there is none */
};

struct net_sysctls {
	struct net_conf all, template, lo; /* `template` is called "default" */
	struct net_value max_dgram_qlen;
	char ping_group_range[NET_SYSCTL_TEXT_BYTES];
};

/* Read them all; what can't be read counts as not there, as it does for CRIU. */
void net_sysctls_read(struct net_sysctls *out);

#endif
