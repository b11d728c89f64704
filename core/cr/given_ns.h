/* SPDX-License-Identifier: Apache-2.0 */
/*
 * given_ns.h - restore into namespaces that are there already
 *
 * In       the paths in config.json; what the images say of the network namespace
 * Out      entries of the CRIU request
 * Effects  opens the namespaces
 * Source   criu's namespaces.c and net.c (4.1.1): a namespace that was external at the dump has a
 *          name in its image and is inherited by an fd; any other is made, unless it is joined (join_ns)
 */
#ifndef KEDGE_CORE_CR_GIVEN_NS_H
#define KEDGE_CORE_CR_GIVEN_NS_H

#include "core/plan/criu_request.h"
#include "core/spec.h"

/*
 * Open the namespaces that have paths (`fds`, -1 for the others; namespaces_close() is due) and have
 * CRIU restore into them. The request borrows the paths. Errors: ERR_UNSUPPORTED for a mount or
 * cgroup namespace, ERR_INVALID for images that can't be read, those of namespaces_open().
 */
int given_ns_request(const struct spec *spec, int images_fd, int fds[SPEC_NS_KINDS],
		     struct criu_request *req, struct err *err);

/*
 * Whether the restored root task is in the network namespace that was given: an image may say that it
 * needs none. Errors: ERR_INVALID if it isn't, ERR_SYS.
 */
int given_ns_check(pid_t root, const int fds[SPEC_NS_KINDS], struct err *err);

#endif
