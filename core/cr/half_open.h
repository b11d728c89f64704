/* SPDX-License-Identifier: Apache-2.0 */
/*
 * half_open.h - connections of a container that CRIU can't save: their other end is outside
 *
 * In       a running container and what was seen of its mounts
 * Out      findings: the socket by its mountpoint or path, the process that holds it
 * Effects  reads /proc and asks the kernel; changes nothing
 * Source   criu's sk-unix.c: "Can't dump half of stream unix connection". --ext-unix-sk is for
 *          datagrams; a stream needs --external 'unix[INODE]' on both sides
 */
#ifndef KEDGE_CORE_CR_HALF_OPEN_H
#define KEDGE_CORE_CR_HALF_OPEN_H

#include "core/cr/dump_input.h"
#include "core/plan/findings.h"
#include "core/run/container.h"

/*
 * Add a finding (ERR_UNSUPPORTED) for each unix stream of the container's processes that leads out
 * of it, unless --external 'unix[INODE]' names it. What can't be found out is left to CRIU.
 */
void half_open_check(const struct container *c, const struct dump_input *look,
		     struct findings *findings);

#endif
