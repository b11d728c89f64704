/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested_mounts.h - mount namespaces that processes of the container have made for themselves
 *
 * In       a running container
 * Out      findings: mounts that CRIU can't read
 * Effects  reads /proc
 * Source   criu's proc_parse.c, parse_mountinfo: it reads the mountinfo of each namespace it meets
 */
#ifndef KEDGE_CORE_CR_NESTED_MOUNTS_H
#define KEDGE_CORE_CR_NESTED_MOUNTS_H

#include "core/plan/findings.h"
#include "core/run/container.h"

/*
 * Add a finding (ERR_UNSUPPORTED) for each mount of such a namespace whose line in mountinfo is too
 * long for CRIU, or that it leaves out. A process that ends meanwhile has none.
 */
void nested_mounts_check(const struct container *c, struct findings *findings);

#endif
