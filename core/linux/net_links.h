/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_links.h - links, addresses, routes, rules and nft tables of our own network namespace
 *
 * Out      a part of struct net_facts
 * Effects  none; asks the kernel
 * Source   rtnetlink(7), linux/fib_rules.h, linux/netfilter/nf_tables.h
 */
#ifndef KEDGE_CORE_LINUX_NET_LINKS_H
#define KEDGE_CORE_LINUX_NET_LINKS_H

#include "core/base/err.h"
#include "core/plan/shortcuts.h"

/*
 * Fill has_uplink, the fields of lo, and `odd` with the first thing that a new namespace with lo as
 * it is doesn't have. Errors: ERR_SYS, also when the kernel changed its tables while they were read.
 */
int net_links_look(struct net_facts *facts, struct err *err);

#endif
