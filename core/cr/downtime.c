/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/cr/downtime.h"
#include "core/cr/images_net.h"

static bool stat_netns(pid_t pid, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return !stat(path, st);
}

/* A task that ends meanwhile is in no namespace. */
static bool has_nested_net(const struct container *c)
{
	auto_free pid_t *pids = NULL;
	struct stat root, st;
	size_t n = 0;

	if (!stat_netns(c->pid, &root) || cgroup_pids(&c->cgroup, &pids, &n, NULL))
		return true;
	for (size_t i = 0; i < n; i++)
		if (stat_netns(pids[i], &st) &&
		    (st.st_ino != root.st_ino || st.st_dev != root.st_dev))
			return true;
	return false;
}

static struct shortcuts choose(struct downtime *d, bool with_sysctls, int criu_version)
{
	const struct spec_namespace *ns = &d->spec->ns[SPEC_NS_NET];
	const struct cr_options *opts = d->opts;
	struct shortcuts_input in = {
		.criu_version = criu_version,
		.owns_net = ns->present && !ns->path,
		.has_strays = d->has_strays,
		.is_paused = d->is_paused,
		.is_pre_dump = opts->pre_dump,
		.has_config_file = opts->criu_config != NULL,
		.has_lock_option = opts->network_lock != NULL,
		.has_empty_ns = opts->empty_ns.n > 0,
		.tcp_established = opts->tcp_established,
	};
	unsigned long long began = proc_now_us();
	struct err e = { 0 };

	if (in.owns_net && !opts->pre_dump) {
		if (net_look(d->c->pid, with_sysctls, &d->look, &e))
			log_debug("%s", e.msg);
		else
			in.net = &d->look.facts;
		in.has_nested_net = has_nested_net(d->c);
		log_debug("looked at the network for %llu us", proc_now_us() - began);
	}
	return shortcuts_choose(&in);
}

static void log_choice(const char *what, bool is_taken, const char *reason)
{
	log_debug("%s: %s%s", what,
		  is_taken ? "left out" : "as CRIU does it: ", is_taken ? "" : reason);
}

void downtime_plan(struct downtime *d, int criu_version)
{
	d->has_ended_well = false;
	d->is_begun = false;
	d->is_held = false;
	d->is_stale = false;
	d->taken = (struct shortcuts){ 0 };
	if (d->is_retry)
		return;
	d->taken = choose(d, false, criu_version);
	log_choice("network lock", d->taken.skip_lock, d->taken.lock_reason);
	log_choice("network namespace", d->taken.skip_netns, d->taken.netns_reason);
	log_choice("freezer", d->taken.skip_freezer, d->taken.freezer_reason);
}

void downtime_request(const struct downtime *d, struct criu_request *req)
{
	if (d->taken.skip_lock)
		req->network_lock = CRIU_LOCK_SKIP;
	if (d->taken.skip_netns)
		req->empty_ns |= CLONE_NEWNET;
	if (d->taken.skip_freezer)
		req->freeze_cgroup = NULL;
}

/* Nothing in the container moves now. CRIU's version has been judged before. */
static int check_held(struct downtime *d, struct err *err)
{
	struct shortcuts now;

	d->is_held = true;
	if (!d->taken.skip_lock && !d->taken.skip_netns)
		return 0;
	now = choose(d, d->taken.skip_netns, INT_MAX);
	if (shortcuts_hold(&d->taken, &now))
		return 0;
	d->is_stale = true;
	return err_set(err, ERR_STATE, "its network was changed while it was being stopped");
}

int downtime_notice(struct downtime *d, const char *script, struct err *err)
{
	if (!strcmp(script, "pre-dump"))
		d->is_begun = true;
	if (!strcmp(script, "network-lock"))
		return check_held(d, err);
	/* comes also where there is no network to lock */
	if (!strcmp(script, "query-ext-files"))
		d->is_held = true;
	if (strcmp(script, "post-dump") != 0 || !d->taken.skip_netns)
		return 0;
	return images_net_write(d->images_fd, &d->look, err);
}

bool downtime_wants_retry(struct downtime *d, const struct err *err)
{
	/* processes that come faster than they can be stopped: only the freezer stops those */
	bool is_seize = d->taken.skip_freezer && d->is_begun && !d->is_held &&
			err->kind == ERR_CRIU;

	if (d->is_retry || !d->has_ended_well || (!d->is_stale && !is_seize))
		return false;
	d->is_retry = true;
	log_debug("once more, without shortcuts: %s", err->msg);
	return true;
}
