/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu.h - a conversation with `criu swrk`
 *
 * In       struct criu_config, struct criu_request
 * Out      a dump in images_fd, or a restored process
 * Effects  one process, which ends with this value or with us; callbacks while it works
 * Source   criu's cr-service.c (4.1.1); proto/rpc.proto
 *
 * The order: criu_start(), perhaps put process.pid into a cgroup, criu_run() once, criu_done(). A restored
 * root task is our child, not CRIU's (rst_sibling): the caller has to be its parent for good, or a
 * subreaper.
 */
#ifndef KEDGE_CORE_CR_CRIU_H
#define KEDGE_CORE_CR_CRIU_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/cr/criu_process.h"
#include "core/cr/criu_wire.h"
#include "core/plan/criu_request.h"

/*
 * Called at each step that CRIU announces: "pre-dump" (nothing is frozen yet), "post-dump" (images
 * complete, tasks frozen), "setup-namespaces" and "post-restore" (with the pid of the root task),
 * "post-setup-namespaces" (all mounts are there), "orphan-pts-master" (with an fd, which the
 * callee owns from now on) and others, see criu's action scripts. -1 makes CRIU stop and undo; the
 * error goes to criu_run()'s caller.
 */
typedef int criu_notify_fn(void *ctx, const char *script, pid_t pid, int fd, struct err *err);

struct criu_config {
	const char *binary;	/* --criu, or NULL: $KEDGE_CRIU, then PATH */
	unsigned int timeout_s; /* for all of it, from criu_start() on; 0: none */
	const int *keep_fds;	/* these stay open in CRIU under the same numbers (inherit_fd) */
	size_t n_keep_fds;
	bool keep_stdio;   /* 0, 1, 2 stay ours; else /dev/null and a text for messages */
	bool in_our_group; /* a shell job has to stay in the terminal's foreground group */
	bool outlives_us;  /* isn't killed with us, so that it can let frozen tasks go by itself */
	const char *tools; /* a directory to put before its PATH (tools.h), or NULL */
	criu_setup_fn *setup; /* run in the child that will be CRIU, or NULL */
	const void *setup_ctx;
	criu_notify_fn *notify; /* or NULL; the request's `notify` has to be set for it */
	void *notify_ctx;
};

/* A zeroed struct isn't started yet. */
struct criu {
	struct criu_process process; /* process.pid may be put into a cgroup before criu_run() */
	int version;		     /* 40101 for 4.1.1 */
	unsigned int timeout_s;
	unsigned long long deadline_us; /* on the monotonic clock; 0: none */
	bool has_answered; /* it has undone what failed, and nothing left to do but exit */
	criu_notify_fn *notify;
	void *notify_ctx;
};

struct criu_result {
	pid_t pid;    /* restore: the root task; it is our child */
	int cr_errno; /* CRIU's, after a failure; 0 if it gave none */
};

/*
 * Start CRIU and ask for its version. `c` is zeroed on entry and on failure.
 * Errors: ERR_NOT_FOUND; ERR_UNSUPPORTED when it is older than 3.17; ERR_CRIU when it ends or talks
 * nonsense; ERR_TIMEOUT.
 */
int criu_start(const struct criu_config *config, struct criu *c, struct err *err);

/* Ask what kernel and CRIU can do. Errors: as criu_run(). */
int criu_ask_features(struct criu *c, struct criu_features *out, struct err *err);

/*
 * Do what the request says and see CRIU end. After a failure no process of CRIU is left, and no half
 * restored root task.
 * Errors: ERR_CRIU "criu dump failed: <the first causes from its log>", the hint has the log's
 * path; ERR_UNSUPPORTED when this CRIU can't run on this kernel at all; ERR_TIMEOUT; the callback's.
 */
int criu_run(struct criu *c, const struct criu_request *req, struct criu_result *out,
	     struct err *err);

/* End CRIU if it is still there and free everything. */
void criu_done(struct criu *c);

#endif
