/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_spec.h - the config.json of a pod's own container
 *
 * In       what the kubelet says of the pod (PodSandboxConfig)
 * Out      the text of a config.json
 * Effects  none; safe on hostile input
 * Source   containerd internal/cri/server/podsandbox, sandboxContainerSpec
 */
#ifndef KEDGE_SHIM_TASK_SANDBOX_SPEC_H
#define KEDGE_SHIM_TASK_SANDBOX_SPEC_H

#include "core/base/err.h"
#include "core/base/str.h"
#include "proto/sandbox.pb-c.h"

struct sandbox_place {
	const char *id;
	const char *namespace; /* containerd's, whose cgroup it is in if the pod names none */
	const char *netns;     /* a path; "" for a new one */
	const char *binary;    /* kedge's, on this host */
};

/* Append the document to `out`. Errors: ERR_UNSUPPORTED for a pod with a user namespace. */
int sandbox_spec(const Sandbox__PodConfig *pod, const struct sandbox_place *place, struct buf *out,
		 struct err *err);

#endif
