/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capability.h - capabilities by name
 *
 * Source   capabilities(7), include/uapi/linux/capability.h; config.md#linux-process
 */
#ifndef KEDGE_OCI_CAPABILITY_H
#define KEDGE_OCI_CAPABILITY_H

/* The names, "CAP_CHOWN" first; the index is the capability's number. NULL ends the list. */
extern const char *const oci_capability_names[];

/* The number of the capability `name` ("CAP_CHOWN", as the runtime-spec writes it), or -1. */
int oci_capability_number(const char *name);

#endif
