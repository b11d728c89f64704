/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_prepare.h - everything about a restore that is decided before anything is made
 *
 * In       the request, the options, an image directory that may be hostile
 * Out      struct restore_prep: the plan, the opened sources, the edited images, what to expect
 * Effects  opens and reads; for a real restore the work directory that the user names
 */
#ifndef KEDGE_CORE_CR_RESTORE_PREPARE_H
#define KEDGE_CORE_CR_RESTORE_PREPARE_H

#include "core/cr/cr.h"
#include "core/cr/images_copy.h"
#include "core/cr/images_view.h"
#include "core/cr/stage.h"
#include "core/plan/checkpoint_info.h"
#include "core/plan/external_args.h"
#include "core/plan/external_restore.h"
#include "core/plan/mount_expect.h"
#include "core/plan/mount_plan.h"
#include "core/run/create.h"

/* Start with RESTORE_PREP_EMPTY. */
struct restore_prep {
	struct arena arena;
	struct cr_dirs dirs;
	struct external_args args;
	struct remap remap;
	struct mount_plan mounts;
	struct live_mounts live;
	struct checkpoint_info info;
	struct images_copy copy;
	struct images_view view;
	struct external_plan plan;
	struct restore_row *rows;
	struct stage stage;
	struct strv descriptors;
	enum external_propagation *propagation; /* per mount of the root's namespace */
	size_t *joins;
	unsigned int *peers, *masters;
	struct mount_expect expect;
};

#define RESTORE_PREP_EMPTY                                                       \
	{                                                                        \
		.dirs = { .images_fd = -1, .work_fd = -1 }, .stage = STAGE_EMPTY \
	}

/*
 * Prepare. With `is_real` false nothing is made at all. After a failure `p` holds what could be
 * planned; restore_prep_done() is due in any case. Errors: as restore_container(), before CRIU.
 */
int restore_prepare(const struct create_request *req, const struct cr_options *opts, bool is_real,
		    struct restore_prep *p, struct err *err);

/* Fill p->expect, after stage_open(): views of cgroups are known only then. */
void restore_prepare_expect(struct restore_prep *p);

/* Close and free. After a failure the mountpoints that were made are removed again. */
void restore_prep_done(struct restore_prep *p, bool has_failed);

#endif
