/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cr_settings.h - what clients and configurations say of a checkpoint or a restore
 *
 * In       the body of the runtime's options (TOML), the annotations of config.json, the options of a
 *          Checkpoint call; each may be missing, and what comes later holds
 * Out      struct cr_options for core/cr
 * Effects  none; safe on hostile input
 * Source   containerd's runc options (CheckpointOptions), the older containerd.linux.runc of 1.7,
 *          where the last two fields are swapped; shim-protocol: options are missing more often than not
 *
 * Names are those of kedge's command line. In TOML they are in the tables [checkpoint] and
 * [restore], or at the top for both; of annotations they are the end:
 *
 *   dev.kedge.checkpoint.tcp-established = "true"
 *   dev.kedge.restore.map = "/srv=/mnt/b"             one item per line
 *   dev.kedge.restore.external.1 = "mnt[/data]:/b"    or one per annotation
 */
#ifndef KEDGE_SHIM_TASK_CR_SETTINGS_H
#define KEDGE_SHIM_TASK_CR_SETTINGS_H

#include "core/cr/cr.h"
#include "core/spec.h"
#include "proto/well_known.pb-c.h"

enum cr_way { CR_CHECKPOINT, CR_RESTORE };

/* Zeroed, with `way` set: nothing has been said. */
struct cr_settings {
	enum cr_way way;
	struct arena arena; /* holds the strings */
	struct cr_options cr;
	bool exit; /* end the container; without a word it runs on */
};

/*
 * Take the options' body. Other names at the top are other people's; in the two tables they are
 * errors. Errors: ERR_INVALID.
 */
int cr_settings_take_body(struct cr_settings *s, const char *toml, size_t n, struct err *err);

/* Take the annotations. Errors: ERR_INVALID for one of ours that isn't known, or has no such value. */
int cr_settings_take_annotations(struct cr_settings *s, const struct spec_pairs *annotations,
				 struct err *err);

/*
 * Take the options of a Checkpoint call; `any` may be NULL, or without type and value. A call with
 * options says whether to exit, also if it says no. Errors: ERR_INVALID.
 */
int cr_settings_take_request(struct cr_settings *s, const Wkt__Any *any, struct err *err);

/*
 * The annotation that says what the option `name` (of `n` bytes) does, for the caller to free; NULL if
 * no annotation may.
 */
char *cr_settings_annotation(enum cr_way way, const char *name, size_t n);

/* Free everything. */
void cr_settings_done(struct cr_settings *s);

#endif
