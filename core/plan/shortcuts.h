/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shortcuts.h - which of CRIU's steps can be left out of a dump without changing its result
 *
 * In       what the container's network namespace holds, and what the user asked for
 * Out      struct shortcuts
 * Effects  none
 * Source   criu 4.1.1: net.c (network_lock, dump_net_ns), seize.c (freeze_processes, collect_loop)
 *
 * Three steps take nearly all of the time that a small container stands still:
 *
 *   lock     firewall rules that drop packets while the tasks are held, so that nothing arrives which
 *            no image has. Not needed where nothing can arrive: there is no socket that a packet could
 *            reach, or no link but lo and no connection whose timers could send.
 *   netns    ten programs (ip, iptables-save and their kin) that save links, addresses, routes and
 *            rules. Not needed where there is nothing but lo as the kernel makes it; kedge writes
 *            down the settings (images_net.h), which is all that is left.
 *   freezer  CRIU looks every 100 ms whether the cgroup is frozen by now. Without it each task is
 *            stopped by itself, which is as good as long as all of them are in the tree that is
 *            dumped, and they aren't frozen already.
 */
#ifndef KEDGE_CORE_PLAN_SHORTCUTS_H
#define KEDGE_CORE_PLAN_SHORTCUTS_H

#include <stdbool.h>

/* What one look at a network namespace finds. */
struct net_facts {
	bool has_sockets; /* sockets of the internet protocols that packets can reach */
	bool has_streams; /* of them, TCP connections, or halves, that may send by themselves */
	bool has_uplink;  /* a link other than lo that is up */
	const char *odd;  /* a thing that a new namespace doesn't have (a literal), or NULL */
	unsigned int lo_flags; /* IFF_... */
	unsigned int lo_mtu;
};

struct shortcuts_input {
	const struct net_facts *net; /* NULL: it couldn't be looked at */
	int criu_version;
	bool owns_net;	     /* the network namespace was made for this container */
	bool has_nested_net; /* one of its tasks is in another one */
	bool has_strays;     /* tasks of the container outside of the tree that is dumped */
	bool is_paused;
	bool is_pre_dump;
	bool has_config_file; /* the user's for CRIU, which may say anything */
	bool has_lock_option; /* --network-lock */
	bool has_empty_ns;    /* --empty-ns */
	bool tcp_established; /* --tcp-established */
};

/* What to leave out; where something isn't, a literal says why. */
struct shortcuts {
	bool skip_lock;
	bool skip_netns;
	bool skip_freezer;
	const char *lock_reason;
	const char *netns_reason;
	const char *freezer_reason;
};

/* Choose. Whatever isn't known counts against a shortcut. */
struct shortcuts shortcuts_choose(const struct shortcuts_input *in);

/* Whether all that `taken` leaves out could also be left out by `now`. */
bool shortcuts_hold(const struct shortcuts *taken, const struct shortcuts *now);

#endif
