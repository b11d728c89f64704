/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "core/plan/shortcuts.h"

#define LOCK_SKIP_VERSION 31900 /* "skip" is a method since then */

/* Why no shortcut at all is to be taken, or NULL. */
static const char *general_reason(const struct shortcuts_input *in)
{
	if (in->is_pre_dump)
		return "a pre-dump has no such step";
	if (in->has_config_file)
		return "a configuration file for CRIU may ask for anything";
	return NULL;
}

static const char *net_reason(const struct shortcuts_input *in)
{
	if (!in->owns_net)
		return "the network namespace isn't the container's own";
	if (!in->net)
		return "the network namespace can't be looked at";
	return NULL;
}

static const char *lock_reason(const struct shortcuts_input *in)
{
	const char *reason = net_reason(in);

	if (in->has_lock_option)
		return "--network-lock says how";
	if (in->tcp_established)
		return "--tcp-established takes connections along";
	if (in->criu_version < LOCK_SKIP_VERSION)
		return "this CRIU always locks";
	if (reason)
		return reason;
	if (!in->net->has_sockets)
		return NULL;
	if (in->has_strays)
		return "a process of `exec` may send to the sockets";
	if (in->net->has_uplink)
		return "there are sockets and a link that is up";
	return in->net->has_streams ? "there are TCP connections" : NULL;
}

static const char *netns_reason(const struct shortcuts_input *in)
{
	const char *reason = net_reason(in);

	if (in->has_empty_ns)
		return "--empty-ns leaves it out altogether";
	if (reason)
		return reason;
	if (in->has_nested_net)
		return "there are several network namespaces";
	return in->net->odd;
}

static const char *freezer_reason(const struct shortcuts_input *in)
{
	if (in->is_paused)
		return "the container is paused";
	return in->has_strays ? "processes of `exec` have to stop, too" : NULL;
}

struct shortcuts shortcuts_choose(const struct shortcuts_input *in)
{
	const char *general = general_reason(in);
	struct shortcuts s = {
		.lock_reason = general ? general : lock_reason(in),
		.netns_reason = general ? general : netns_reason(in),
		.freezer_reason = general ? general : freezer_reason(in),
	};

	s.skip_lock = !s.lock_reason;
	s.skip_netns = !s.netns_reason;
	s.skip_freezer = !s.freezer_reason;
	return s;
}

bool shortcuts_hold(const struct shortcuts *taken, const struct shortcuts *now)
{
	return (!taken->skip_lock || now->skip_lock) && (!taken->skip_netns || now->skip_netns);
}
