/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - the one network device that a new network namespace has
 *
 * Effects  the loopback device of the caller's network namespace
 * Source   netdevice(7)
 */
#ifndef KEDGE_CORE_LINUX_NET_H
#define KEDGE_CORE_LINUX_NET_H

#include "core/base/err.h"

/* Bring "lo" up; the kernel gives it 127.0.0.1 and ::1. Errors: ERR_DENIED, ERR_SYS. */
int net_loopback_up(struct err *err);

#endif
