/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_sockets.h - sockets of the internet protocols in our own network namespace
 *
 * Out      a part of struct net_facts
 * Effects  none; asks the kernel
 * Source   /proc/net/sockstat (counters of the namespace: /proc/net/tcp goes through the tables of
 *          the whole host, which takes 5 ms), sock_diag(7)
 */
#ifndef KEDGE_CORE_LINUX_NET_SOCKETS_H
#define KEDGE_CORE_LINUX_NET_SOCKETS_H

#include "core/plan/shortcuts.h"

/* Fill has_sockets and has_streams; what can't be found out counts as there. */
void net_sockets_look(struct net_facts *facts);

#endif
