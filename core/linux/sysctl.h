/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysctl.h - the sysctls of a container
 *
 * In       spec.sysctl: paths below /proc/sys ("net/ipv4/ip_forward"), as oci/config_sysctl.c reads
 *          and checks them: only those of a namespace that the container has for itself
 * Out      the kernel's parameters of the caller's namespaces
 * Effects  writes below a private procfs
 * Source   OCI runtime-spec config-linux.md#sysctl; sysctl(8); CVE-2025-52881
 */
#ifndef KEDGE_CORE_LINUX_SYSCTL_H
#define KEDGE_CORE_LINUX_SYSCTL_H

#include "core/base/err.h"
#include "core/spec.h"

/*
 * Write all pairs, in their order; without any nothing is opened. The caller is in the container's
 * namespaces. Errors: ERR_NOT_FOUND (no such sysctl), ERR_DENIED, ERR_SYS.
 */
int sysctl_apply(const struct spec_pairs *sysctl, struct err *err);

#endif
