/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the options of a task, as the client's Any has them
 *
 * In       Any of type containerd.runc.v1.Options or runtimeoptions.v1.Options; or none; or one with
 *          neither type nor value, as containers that `ctr c restore` makes have
 * Out      struct task_options
 * Effects  none; safe on hostile input
 */
#ifndef KEDGE_SHIM_TASK_OPTIONS_H
#define KEDGE_SHIM_TASK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "proto/well_known.pb-c.h"

/* All strings are on the heap. A zeroed struct is a task without options. */
struct task_options {
	bool no_pivot;
	bool no_new_keyring;
	uint32_t io_uid; /* who owns the pipes: root of a user namespace, as the host numbers it */
	uint32_t io_gid;
	bool systemd_cgroup;
	char *shim_cgroup; /* where the server is to be */
	char *binary_name; /* which runtime runc's shim would call */
	char *root; /* the client's idea of where containers are recorded, without namespace */
	char *criu_path;
	char *criu_image_path;
	char *criu_work_path;
	char *config_path;
	struct buf config_body; /* TOML */
};

/* Read the options; `any` may be NULL. Errors: ERR_INVALID for what doesn't parse. */
int task_options_parse(const Wkt__Any *any, struct task_options *options, struct err *err);

/* Free the strings. */
void task_options_done(struct task_options *options);

#endif
