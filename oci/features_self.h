/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features_self.h - the features document of this very kedge
 *
 * In       what the modules below say of themselves
 * Out      for `kedge features`, and for containerd, which asks the shim
 * Effects  asks the kernel which seccomp flags it has
 */
#ifndef KEDGE_OCI_FEATURES_SELF_H
#define KEDGE_OCI_FEATURES_SELF_H

/* oci_features() with everything filled in. Ends with a newline; the caller frees. */
char *oci_features_self(void);

#endif
