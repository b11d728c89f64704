/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cr/wired.h"
#include "core/linux/net_look.h"

bool wired_is(const struct container *c, const struct spec *spec)
{
	const struct spec_namespace *net = &spec->ns[SPEC_NS_NET];
	struct net_look look = { 0 };

	return net->present && !net->path && !net_look(c->pid, false, &look, NULL) &&
	       look.facts.has_uplink;
}

bool wired_by_hooks(const struct container *c, const struct spec *spec)
{
	return (spec->hooks[SPEC_HOOK_PRESTART].n || spec->hooks[SPEC_HOOK_CREATE_RUNTIME].n) &&
	       wired_is(c, spec);
}
