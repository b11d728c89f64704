/* SPDX-License-Identifier: Apache-2.0 */
/*
 * downtime.h - keep the time short that a container stands still for a checkpoint
 *
 * In       the container and its network namespace, before the dump and again when the tasks are held
 * Out      fields of the dump's request; images of a network namespace that CRIU left out
 * Effects  looks (net_look.h); writes two image files
 * Source   core/plan/shortcuts.h says what is left out, and why it may be
 *
 * The order: downtime_plan() before the request is sent, downtime_request() on it, downtime_notice() at
 * each step that CRIU announces. If the dump fails and downtime_wants_retry(), the same again: this
 * time nothing is left out.
 */
#ifndef KEDGE_CORE_CR_DOWNTIME_H
#define KEDGE_CORE_CR_DOWNTIME_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/cr/cr.h"
#include "core/linux/net_look.h"
#include "core/plan/shortcuts.h"
#include "core/run/container.h"

/* Zeroed but for the first part, which the caller fills. */
struct downtime {
	const struct container *c;
	const struct spec *spec;
	const struct cr_options *opts;
	int images_fd;
	bool is_paused;
	bool has_strays; /* strays.h */

	struct shortcuts taken;
	struct net_look look; /* of the moment when the tasks were held */
	bool is_begun;	      /* CRIU has begun to get hold of the tasks */
	bool is_held;	      /* it has all of them */
	bool is_stale;	      /* what was seen before wasn't so any more when they were held */
	bool is_retry;
	bool has_ended_well; /* CRIU has undone what failed, not just died; the caller says so */
};

/* Look and choose. Never fails: what can't be looked at is left to CRIU. */
void downtime_plan(struct downtime *d, int criu_version);

/* Put the choice into the request: network_lock, empty_ns, freeze_cgroup. */
void downtime_request(const struct downtime *d, struct criu_request *req);

/*
 * A step of CRIU's, see criu_notify_fn. At "network-lock", with the tasks held, what was left out
 * is checked once more; at "post-dump" the images of the network namespace are written.
 * Errors: ERR_STATE when a shortcut can't be taken after all; of the images, ERR_INVALID and ERR_SYS.
 */
int downtime_notice(struct downtime *d, const char *script, struct err *err);

/*
 * After a dump that failed: whether it may have failed for a shortcut. Then none is taken the next
 * time.
 */
bool downtime_wants_retry(struct downtime *d, const struct err *err);

#endif
