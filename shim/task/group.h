/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - which tasks share a shim: the containers of a pod
 *
 * In       BUNDLE/config.json, its annotations
 * Out      the name of the group, which the socket's path is made of
 * Effects  reads that file
 * Source   containerd cmd/containerd-shim-runc-v2/manager, groupLabels
 */
#ifndef KEDGE_SHIM_TASK_GROUP_H
#define KEDGE_SHIM_TASK_GROUP_H

/*
 * The group of the task `id`, which is `id` itself when nothing else is said or the config can't be
 * read: Create says why. The caller frees.
 */
char *group_of(const char *bundle, const char *id);

#endif
