/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wired.h - whether somebody outside has put a link into a container's network namespace
 *
 * In       a running container and its spec
 * Out      yes or no
 * Effects  those of net_look()
 * Source   the other end of such a link isn't in the images, so CRIU couldn't make it: "Unknown peer
 *          net namespace". runc leaves every network namespace out (--empty-ns network)
 */
#ifndef KEDGE_CORE_CR_WIRED_H
#define KEDGE_CORE_CR_WIRED_H

#include <stdbool.h>

#include "core/run/container.h"

/* Whether the container's own network namespace has a link that leads out of it. */
bool wired_is(const struct container *c, const struct spec *spec);

/* Whether its hooks may have done it, and will again for a restored container. */
bool wired_by_hooks(const struct container *c, const struct spec *spec);

#endif
