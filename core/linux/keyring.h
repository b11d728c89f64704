/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring.h - a session keyring per container
 *
 * In       the container's id
 * Effects  keyctl(2): the caller leaves the session keyring that it has inherited
 * Source   keyctl(2), keyrings(7); runc's "_ses.<id>" and its permissions
 */
#ifndef KEDGE_CORE_LINUX_KEYRING_H
#define KEDGE_CORE_LINUX_KEYRING_H

#include "core/base/err.h"

/*
 * Join the session keyring "_ses.<id>", made if it isn't there, so that the container doesn't see
 * the keys of whoever started it; and let the container's user search it (others, too, in a user
 * namespace, as runc has it). Where the kernel has no keyrings or forbids them the process goes on
 * as it is: keyrings protect little, and such hosts are common. A full quota is warned of. Errors:
 * ERR_SYS.
 */
int keyring_join_session(const char *id, struct err *err);

#endif
