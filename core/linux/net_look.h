/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_look.h - what another network namespace holds
 *
 * In       a process in that namespace
 * Out      struct net_facts and the settings, of one moment
 * Effects  a short-lived child of ours enters the namespace and only reads there
 * Source   rtnetlink(7), proc_pid_net(5), linux/netfilter/nf_tables.h
 */
#ifndef KEDGE_CORE_LINUX_NET_LOOK_H
#define KEDGE_CORE_LINUX_NET_LOOK_H

#include "core/base/err.h"
#include "core/linux/net_sysctls.h"
#include "core/plan/shortcuts.h"

struct net_look {
	struct net_facts facts;
	struct net_sysctls sysctls; /* zeroes if they weren't asked for */
};

/*
 * Look at the network namespace of `pid`, with its settings if `with_sysctls`. About 0.5 ms, with
 * settings 2. Errors: ERR_SYS; whoever gets one knows nothing.
 */
int net_look(pid_t pid, bool with_sysctls, struct net_look *out, struct err *err);

#endif
