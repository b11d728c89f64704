/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h - make a running container from an image directory with CRIU
 *
 * In       a spec (the live config.json), struct cr_options, what create.h also takes
 * Out      a running container, child of the caller
 * Effects  as create.h, plus mountpoints that are missing in the rootfs; all undone on failure
 * Source   runc-restore(8). Images are data, never policy: sources come from the spec and the user
 */
#ifndef KEDGE_CORE_CR_RESTORE_H
#define KEDGE_CORE_CR_RESTORE_H

#include "core/cr/cr.h"
#include "core/cr/report.h"
#include "core/plan/external.h"
#include "core/run/create.h"

/* What restore_container() gives beside the container. */
struct restore_outcome {
	int master;		  /* the terminal's master end, or -1 */
	struct cr_report *report; /* set by the caller: filled on success; or NULL */
};

/*
 * Plan a restore and check it as far as can be without changing anything: what is refused here,
 * restore_container() refuses. `plan` is empty on entry and the caller's to give back, also after a
 * failure: its rows then say what is wrong with each mount. Errors: as restore_container().
 */
int restore_plan(const struct create_request *req, const struct cr_options *opts,
		 struct external_plan *plan, struct err *err);

/*
 * Restore the container. As create_container(): on success `c` is loaded, its first process is a
 * child of the caller and already runs; `out` has the terminal and, if it names one, the report.
 * Errors: every external mount without a good source, all in one message, before CRIU starts;
 * ERR_CRIU with the first cause and the log's path. Nothing is left and the id is free.
 */
int restore_container(const struct create_request *req, const struct cr_options *opts,
		      struct container *c, struct restore_outcome *out, struct err *err);

/*
 * The same for a container in whose place there is a holder (core/run/holder.h): `c` is loaded and
 * locked, and what the holder has made is used. On success the holder has ended; after a failure,
 * too, and with it the container: nothing is left but `c` to be given back.
 */
int restore_held(const struct create_request *req, const struct cr_options *opts,
		 struct container *c, struct restore_outcome *out, struct err *err);

#endif
