/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root.h - where the containers of a containerd namespace are recorded
 *
 * In       the namespace, and what the task's options say of a root, as of runc's
 * Out      ROOT/NAMESPACE, ROOT being /run/containerd/kedge by default
 * Effects  a note in the bundle
 *
 * `kedge --root /run/containerd/kedge/NAMESPACE list` shows them.
 */
#ifndef KEDGE_SHIM_TASK_ROOT_H
#define KEDGE_SHIM_TASK_ROOT_H

#include "core/base/err.h"

/* The directory for the containers of a namespace; `root` is the options' or NULL. The caller frees. */
char *root_dir(const char *root, const char *namespace);

/*
 * Note in the bundle which directory that is, if it isn't the default: `delete` is told nothing of
 * the options. Errors: ERR_SYS.
 */
int root_note(const char *bundle, const char *root, const char *namespace, struct err *err);

/* The directory as it was noted in the bundle, else the default. The caller frees. */
char *root_noted(const char *bundle, const char *namespace);

#endif
