/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_default.h - the document of `kedge spec`
 *
 * Out      a config.json to start from, indented with tabs
 * Effects  geteuid(2) and getegid(2) for a rootless document; statfs(2) of /sys/fs/cgroup: where it
 *          is cgroup v2, the container gets a cgroup namespace
 * Source   runc-spec(8): the same content as runc 1.1 writes, but for the hostname "kedge" and the
 *          release version 1.0.2, with which crun and older runtimes take it too
 */
#ifndef KEDGE_OCI_SPEC_DEFAULT_H
#define KEDGE_OCI_SPEC_DEFAULT_H

#include <stdbool.h>

/*
 * The default config.json, or the one for a user without root: a user namespace that maps the
 * caller to root, the host's network, /sys bound in. Ends with a newline; the caller frees.
 */
char *oci_spec_default(bool rootless);

#endif
