/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - note what each mount of a container is, while that is still known
 *
 * In       a container whose mounts have just been made, its spec
 * Out      ROOT/ID/mounts; core/plan/mount_record.h has the format
 * Effects  reads /proc/PID, opens below the container's root, looks at the sources on the host;
 *          writes one file. No fsync: after a crash of the host there is no container either
 *
 * Later the container may move, cover or unmount its mounts, and the host may remove or replace
 * their sources. A checkpoint tells by the record which is which.
 */
#ifndef KEDGE_CORE_RUN_RECORD_H
#define KEDGE_CORE_RUN_RECORD_H

#include "core/plan/mount_origins.h"
#include "core/plan/mount_record.h"
#include "core/run/container.h"

/*
 * Write the record of the mounts that `pid` (the container's first process) has. `origins` are what a
 * restore knows of them, or NULL. A failure is a warning in the log: a checkpoint works without the
 * record, it only knows less.
 */
void record_mounts(const struct container *c, const struct spec *spec, pid_t pid,
		   const struct mount_origins *origins);

/*
 * Read it. `record` is empty on entry and stays so when there is none or it can't be read, which
 * is a warning, too.
 */
void record_read(const struct container *c, struct mount_record *record);

#endif
