/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.h - what the shim is: the flags -v and -info
 *
 * In       for -info an Any of the task's options on stdin, or nothing
 * Out      lines for people; containerd.types.RuntimeInfo
 * Effects  writes to stdout
 * Source   containerd core/runtime/v2/task_manager.go, PluginInfo
 */
#ifndef KEDGE_SHIM_TASK_INFO_H
#define KEDGE_SHIM_TASK_INFO_H

#include "core/base/err.h"

/* Print name, version and revision. */
int info_print_version(const char *name, struct err *err);

/*
 * Write the RuntimeInfo message. The options that come on stdin are given back as they are. Errors:
 * ERR_INVALID for options that can't be read.
 */
int info_write(struct err *err);

#endif
