/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - what a container uses, as the message that clients of containerd know
 *
 * In       the container's cgroup directories
 * Out      packed io.containerd.cgroups.v1.Metrics or io.containerd.cgroups.v2.Metrics
 * Effects  reads control files
 * Source   containerd/cgroups cgroup1/ and cgroup2/; what ctr, Docker and kubelet take from it
 *
 * A controller that the container doesn't have is left out. The parts that are there are whole: ctr
 * looks into memory.usage and cpu.usage without asking whether they are set.
 */
#ifndef KEDGE_SHIM_TASK_STATS_H
#define KEDGE_SHIM_TASK_STATS_H

#include "core/base/str.h"
#include "core/linux/cgroup.h"

#define STATS_V1 "io.containerd.cgroups.v1.Metrics"
#define STATS_V2 "io.containerd.cgroups.v2.Metrics"

/* The metrics of v1's hierarchies, added to `out`. */
void stats_v1(const struct cgroup *cg, struct buf *out);

/* The metrics of the v2 cgroup `dir`, added to `out`. */
void stats_v2(const char *dir, struct buf *out);

/* Pack a message behind what is in `out`; that is protobuf_c_message_pack() with room for it. */
void stats_pack(const void *message, struct buf *out);

#endif
